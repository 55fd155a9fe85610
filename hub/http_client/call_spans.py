"""Spans of calls to other servers: method, host of a system, status; never a path, which may contain an id."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from hub import tracing
from hub.tracing import Span, SpanKind


async def _continue_trace(request: httpx.Request) -> None:
    request.headers.update(tracing.headers())


REQUEST_HOOKS: dict[str, list[Any]] = {"request": [_continue_trace]}
"""The event hooks of an httpx client by which the called server can continue the trace."""


@contextmanager
def call_span(method: str, *, system: str = "", url: str = "") -> Iterator[Span]:
    """Make the span of a call to ``system``, with the host of ``url`` if that is given."""
    attributes: dict[str, str | int] = {"http.request.method": method}
    attributes |= {"service.peer.name": system} if system else {}
    attributes |= _address(url) if url else {}
    with tracing.span(method, SpanKind.CLIENT, attributes) as span:
        yield span


def note_status(span: Span, response: httpx.Response) -> None:
    """Add the status of the response; a refusal is a failure of the call."""
    span.set({"http.response.status_code": response.status_code})
    if response.status_code >= 400:
        span.fail(str(response.status_code))


def _address(url: str) -> dict[str, str | int]:
    try:
        parsed = httpx.URL(url)
        port = parsed.port or {"http": 80, "https": 443}.get(parsed.scheme)
        return {"server.address": parsed.host, **({"server.port": port} if port else {})}
    except (httpx.InvalidURL, ValueError):
        return {}
