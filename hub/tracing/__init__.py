"""Traces: spans of requests, operations, SQL statements, calls to other systems and jobs, sent to a collector by OTLP.

They are made where the variable ``OTEL_EXPORTER_OTLP_ENDPOINT`` is set. Without it nothing of OpenTelemetry is
imported, and a span costs a comparison. Names and attributes come from fixed sets, such as routes, tables and systems,
or are what the access log has too. A span never has an id, a value, a query string, a token, an address or the message
of an error, because each could be personal data.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from enum import Enum
from typing import Protocol
from urllib.parse import urlsplit

from hub.errors import BadSetting

Attributes = Mapping[str, str | int]
"""Attributes of a span, named by OpenTelemetry's semantic conventions where these have a name."""

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
PROTOCOL = "http/protobuf"


class SpanKind(Enum):
    """What a span is, with the name that OpenTelemetry has for it."""

    SERVER = "SERVER"
    INTERNAL = "INTERNAL"
    CLIENT = "CLIENT"
    CONSUMER = "CONSUMER"


class Span(Protocol):
    """A span that is open; ``trace_id`` is the 32 hexadecimal digits of its trace."""

    @property
    def trace_id(self) -> str:
        """The id of the trace, empty without tracing."""

    def rename(self, name: str) -> None:
        """Give the span its name, once that is known."""

    def set(self, attributes: Attributes) -> None:
        """Add attributes."""

    def fail(self, error_type: str) -> None:
        """Mark the span as failed; ``error_type`` is the name of an exception or a code, never a message."""

    def end(self) -> None:
        """End the span before its block does; what runs in the block afterwards makes no spans of statements."""


class Tracer(Protocol):
    """Makes spans and exports them."""

    def span(
        self, name: str, kind: SpanKind, attributes: Attributes, parent: str | None
    ) -> AbstractContextManager[Span]:
        """Return a span for a block; an exception that leaves the block marks it as failed."""

    def is_recording(self) -> bool:
        """Return whether the current span is recorded: there is one, and it is sampled and not ended."""

    def headers(self) -> dict[str, str]:
        """Return the header by which another server continues the trace."""

    def stop(self) -> None:
        """Export what is left, for a moment at most."""


class _NoSpan:
    trace_id = ""

    def rename(self, name: str) -> None: ...

    def set(self, attributes: Attributes) -> None: ...

    def fail(self, error_type: str) -> None: ...

    def end(self) -> None: ...


_NO_SPAN: AbstractContextManager[Span] = nullcontext(_NoSpan())
_tracer: Tracer | None = None


def start(service: str) -> None:
    """Begin to trace this process as ``service`` if a collector is named; ``BadSetting`` if that cannot be done."""
    global _tracer
    if not _is_wanted():
        return
    _check_settings()
    try:
        from hub.tracing.otlp import OtlpTracer
    except ImportError:
        raise BadSetting(
            "OTEL_EXPORTER_OTLP_ENDPOINT is set, but OpenTelemetry is not installed: install hub[tracing], or unset"
            " the variable."
        ) from None
    _tracer = OtlpTracer(service)


def stop() -> None:
    """Export what is left, and trace no more."""
    global _tracer
    if _tracer is not None:
        _tracer.stop()
        _tracer = None


def is_enabled() -> bool:
    """Return whether this process is traced."""
    return _tracer is not None


def span(
    name: str, kind: SpanKind, attributes: Attributes, *, parent: str | None = None
) -> AbstractContextManager[Span]:
    """Return a span for a block; its parent is the header ``traceparent`` that a caller sent, or the current span."""
    return _NO_SPAN if _tracer is None else _tracer.span(name, kind, attributes, parent)


def is_recording() -> bool:
    """Return whether the current span is recorded; spans of statements are made within such a span only."""
    return _tracer is not None and _tracer.is_recording()


def headers() -> dict[str, str]:
    """Return the headers by which another server continues the current trace; none without tracing."""
    return {} if _tracer is None else _tracer.headers()


def _is_wanted() -> bool:
    exporters = os.environ.get("OTEL_TRACES_EXPORTER", "") or "otlp"
    disabled = os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    return not disabled and "otlp" in exporters.split(",") and any(map(os.environ.get, ENDPOINTS))


def _check_settings() -> None:
    for name in ENDPOINTS:
        url = urlsplit(os.environ.get(name) or "http://unset")
        if url.scheme not in {"http", "https"} or not url.hostname:
            raise BadSetting(f"{name} is wrong: set it to an http:// or https:// URL, such as http://127.0.0.1:4318.")
    for name in PROTOCOLS:
        if os.environ.get(name, "") not in {"", PROTOCOL}:
            raise BadSetting(f"{name} is wrong: the hub exports by {PROTOCOL}; set it to that, or unset it.")
