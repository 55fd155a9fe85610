"""The tracer of OpenTelemetry's SDK, which exports in a thread of its own; imported only where a collector is named."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.re import parse_env_headers

from hub.errors import BadSetting
from hub.tracing import Attributes, SpanKind

HEADERS = ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS")
PARENT = "traceparent"
STOP_WITHIN = 2.0
"""Seconds at the end of the process for exporting the last spans; a collector that is away does not hold it up."""


class OtlpSpan:
    """A span of the SDK."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span

    @property
    def trace_id(self) -> str:
        """The id of the trace."""
        return trace.format_trace_id(self._span.get_span_context().trace_id)

    def rename(self, name: str) -> None:
        """Give the span its name."""
        self._span.update_name(name)

    def set(self, attributes: Attributes) -> None:
        """Add attributes."""
        self._span.set_attributes(attributes)

    def fail(self, error_type: str) -> None:
        """Mark the span as failed, without a message."""
        if self._span.is_recording():
            self._span.set_attribute("error.type", error_type)
            self._span.set_status(trace.StatusCode.ERROR)

    def end(self) -> None:
        """End the span, if it is open."""
        if self._span.is_recording():
            self._span.end()


class OtlpTracer:
    """Makes spans as the standard variables ``OTEL_*`` say, such as those of the sampler."""

    def __init__(self, service: str) -> None:
        # Its warnings of single attempts are many, and one of them shows a header, which may be a secret.
        logging.getLogger("opentelemetry").setLevel(logging.ERROR)
        _check_headers()
        # At the end of a process the provider would wait for half a minute.
        self._provider = TracerProvider(resource=_resource(service), shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("hub")
        self._propagator = TraceContextTextMapPropagator()

    @contextmanager
    def span(self, name: str, kind: SpanKind, attributes: Attributes, parent: str | None) -> Iterator[OtlpSpan]:
        """Return a span for a block."""
        # Not `tracestate`: what it contains is the caller's, and would be exported and passed on.
        context = self._propagator.extract({PARENT: parent}) if parent else None
        started = self._tracer.start_span(name, context, trace.SpanKind[kind.value], attributes)
        span = OtlpSpan(started)
        try:
            # The SDK would record the message and the trace of an exception, which may contain personal data.
            with trace.use_span(started, record_exception=False, set_status_on_exception=False):
                yield span
        except BaseException as error:
            span.fail(type(error).__name__)
            raise
        finally:
            span.end()

    def is_recording(self) -> bool:
        """Return whether the current span is recorded."""
        return trace.get_current_span().is_recording()

    def headers(self) -> dict[str, str]:
        """Return the header ``traceparent`` of the current span."""
        carrier: dict[str, str] = {}
        self._propagator.inject(carrier)
        return {name: value for name, value in carrier.items() if name == PARENT}

    def stop(self) -> None:
        """Export what is left."""
        stopping = threading.Thread(target=self._provider.shutdown, daemon=True)
        stopping.start()
        stopping.join(STOP_WITHIN)


def _resource(service: str) -> Resource:
    """Return what names the process; the name in ``OTEL_SERVICE_NAME`` or ``OTEL_RESOURCE_ATTRIBUTES`` comes first."""
    named = OTELResourceDetector().detect().attributes.get(SERVICE_NAME)
    return Resource.create({SERVICE_NAME: str(named or service)})


def _check_headers() -> None:
    for name in HEADERS:
        text = os.environ.get(name, "")
        pairs = [each for each in text.split(",") if each.strip()]
        if len(parse_env_headers(text, liberal=True)) < len(pairs):
            raise BadSetting(f"{name} is wrong: set it to pairs name=value, URL-encoded and separated by commas.")
