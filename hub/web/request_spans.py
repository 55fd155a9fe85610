"""Spans of HTTP requests, named by their routes; the trace id is in the log beside the request id."""

from __future__ import annotations

import structlog
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub import tracing
from hub.tracing import Span, SpanKind
from hub.web.throttling import LIVENESS_PATHS

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""Methods that are named; any other one could be a caller's own word."""
OTHER_METHOD = "_OTHER"
SERVER_ERROR = 500


class RequestSpanMiddleware:
    """Middleware that makes a span of each HTTP request, which continues the trace in the header ``traceparent``.

    The span of a stream of events ends with the response's headers: the rest may last for hours, and each event would
    add to its trace. WebSockets have no span for the same reason; their operations have.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request within its span."""
        if scope["type"] != "http" or scope["path"] in LIVENESS_PATHS:
            await self.app(scope, receive, send)
            return
        method = scope["method"] if scope["method"] in METHODS else OTHER_METHOD
        attributes = {"http.request.method": method, "url.scheme": scope["scheme"]}
        parent = Headers(scope=scope).get("traceparent")
        with tracing.span(method, SpanKind.SERVER, attributes, parent=parent) as span:

            async def send_and_observe(message: Message) -> None:
                if message["type"] == "http.response.start":
                    _describe(span, scope, method, message)
                await send(message)

            with structlog.contextvars.bound_contextvars(trace_id=span.trace_id):
                await self.app(scope, receive, send_and_observe)


def _describe(span: Span, scope: Scope, method: str, started: Message) -> None:
    status = started["status"]
    span.set({"http.response.status_code": status})
    # Not the path, which may contain a ticket or a token.
    if route := getattr(scope.get("route"), "path", ""):
        span.rename(f"{method} {route}")
        span.set({"http.route": route})
    if status >= SERVER_ERROR:
        span.fail(str(status))
    if Headers(raw=started.get("headers", [])).get("content-type", "").startswith("text/event-stream"):
        span.end()
