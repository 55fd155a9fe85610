"""The middleware of every request: request id, access log, security headers, CORS, rate limits and body limits."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping, Sequence
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub import tracing
from hub.messages import Bilingual
from hub.store.database import UNAVAILABLE
from hub.web.cors import CorsMiddleware, RegisteredClients
from hub.web.error_responses import error_response, log_exception, masked_error
from hub.web.limit_headers import LimitHeadersMiddleware
from hub.web.load_shedding import LoadSheddingMiddleware
from hub.web.rate_limits import RateLimiter
from hub.web.request_log import bound_values
from hub.web.request_spans import RequestSpanMiddleware
from hub.web.throttling import AddressRateLimitMiddleware
from hub.web.trusted_hosts import TrustedHostMiddleware

log = structlog.stdlib.get_logger(__name__)

VALID_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
"""A request id from the caller is used if it matches; otherwise it is replaced."""

CLIENT_CLOSED_REQUEST = 499
"""The status in the access log of a request whose client disconnected before the response, as in nginx."""

WEBSOCKET_STATUSES = {"websocket.accept": 101, "websocket.close": 403}
"""The statuses in the access log of a WebSocket that was accepted or refused."""
BODY_TIMEOUT = 20.0
"""Maximum seconds to wait for the body, in addition to its size divided by ``MIN_BYTES_PER_SECOND``."""
BULK_BODY_TIMEOUT = 65.0
MIN_BYTES_PER_SECOND = 1_000
"""Minimum transfer rate of a body, in bytes per second."""

DEFAULT_CSP = "default-src 'none'; frame-ancestors 'none'"
BODY_LIMIT = 100_000


def middleware(
    rates: RateLimiter | None = None,
    policies: RegisteredClients | None = None,
    *,
    development: bool,
    body_limit: int = BODY_LIMIT,
    path_limits: Mapping[str, int] | None = None,
    origins: Sequence[str] | None = None,
    hosts: Sequence[str] | None = None,
) -> list[Middleware]:
    """Return the middleware of the app, outermost first.

    ``rates`` limits requests by address; None means no limits. ``policies`` has the registered origins of clients;
    None closes the app to other origins. ``origins`` may read what the origins of clients may; None means none, or in
    development all origins on this machine. ``body_limit`` is in bytes; ``path_limits`` maps path prefixes to other
    limits. ``hosts`` are the allowed host names; None allows any.
    """
    local = development and origins is None
    return [
        *([Middleware(RequestSpanMiddleware)] if tracing.is_enabled() else []),
        Middleware(RequestContextMiddleware),
        Middleware(SecurityHeadersMiddleware, https_only=not development),
        *([Middleware(TrustedHostMiddleware, allowed_hosts=hosts)] if hosts is not None else []),
        *([Middleware(CorsMiddleware, policies=policies, trusted=origins or (), local=local)] if policies else []),
        *(
            [
                Middleware(LimitHeadersMiddleware),
                Middleware(LoadSheddingMiddleware, rates=rates),
                Middleware(AddressRateLimitMiddleware, rates=rates),
            ]
            if rates
            else []
        ),
        Middleware(BodyLimitMiddleware, limit=body_limit, path_limits=path_limits or {}),
    ]


def request_id(request: Request) -> str:
    """Return the id of the request, as in the response and the log."""
    return str(request.scope.get("hub.request_id", ""))


class RequestContextMiddleware:
    """Middleware that assigns the request id, logs the request without its query string and masks unhandled errors."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request in a log context of its own."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        received = Headers(scope=scope).get("x-request-id", "")
        name = received if VALID_REQUEST_ID.fullmatch(received) else uuid4().hex
        scope["hub.request_id"] = name
        began, status = time.perf_counter(), 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"].endswith("http.response.start"):
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = name
            elif scope["type"] == "websocket":
                status = status or WEBSOCKET_STATUSES.get(message["type"], 0)
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=name):
            try:
                await self.app(scope, receive, send_with_id)
            except ClientDisconnect:
                # The client is gone, so there is no response.
                status = status or CLIENT_CLOSED_REQUEST
            except Exception as fault:
                # This is the outermost handler: the server behind it would log the error's message, which may
                # contain personal data.
                if status and _is_database_outage(fault):
                    log.warning(
                        "response interrupted", path=scope["path"], kind=type(fault.__cause__ or fault).__name__
                    )
                else:
                    log_exception(fault, name, scope["path"])
                if not status and scope["type"] == "http":
                    await _internal_error(scope, name)(scope, receive, send_with_id)
            _log_request(scope, status, time.perf_counter() - began)


def _log_request(scope: Scope, status: int, seconds: float) -> None:
    method = scope.get("method", "WEBSOCKET")
    values = {"method": method, "path": scope["path"], "status": status, "ms": round(seconds * 1000, 1)}
    log.info("request", **values, **bound_values(scope))


def _is_database_outage(error: Exception) -> bool:
    """Return whether the database failed during a response; Starlette wraps such an error."""
    return isinstance(error, UNAVAILABLE) or isinstance(error.__cause__, UNAVAILABLE)


def _internal_error(scope: Scope, name: str) -> Response:
    message, extensions = masked_error(name)
    return error_response(scope, 500, extensions, message)


class SecurityHeadersMiddleware:
    """Middleware that adds security headers: against content sniffing, framing and leaked referrers."""

    def __init__(self, app: ASGIApp, https_only: bool) -> None:
        self.app = app
        headers = {
            "Content-Security-Policy": DEFAULT_CSP,
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
        }
        if https_only:
            headers["Strict-Transport-Security"] = "max-age=31536000"
        self._headers = Headers(headers).raw

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add the headers that the response does not set itself."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = list(message.get("headers", ()))
                names = {name for name, _ in own}
                message["headers"] = [*own, *(each for each in self._headers if each[0] not in names)]
            await send(message)

        await self.app(scope, receive, send_with_headers)


class BodyTooLarge(Exception):
    """The body is larger than its limit."""


class BodyTimeout(Exception):
    """The body did not arrive in time."""


class BodyLimitMiddleware:
    """Middleware that rejects a body that is declared or received as too large (RFC 9110, 15.5.14), or is too slow.

    Starlette's own limit responds in plain text, which GraphQL clients cannot read.
    """

    def __init__(self, app: ASGIApp, limit: int, path_limits: Mapping[str, int]) -> None:
        self.app, self.limit, self.path_limits = app, limit, path_limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with a body whose size and time are limited."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        larger = next((size for path, size in self.path_limits.items() if scope["path"].startswith(path)), None)
        limit = self.limit if larger is None else larger
        body = _Body(receive, limit, BODY_TIMEOUT if larger is None else BULK_BODY_TIMEOUT)
        begun = False

        async def send_and_record(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        declared = Headers(scope=scope).get("content-length", "")
        try:
            if declared.isdigit() and int(declared) > limit:
                raise BodyTooLarge
            await self.app(scope, body.receive, send_and_record)
        except (BodyTooLarge, BodyTimeout) as error:
            if begun:
                raise ClientDisconnect from error
            await _body_error(scope, error, limit)(scope, receive, send)


def _body_error(scope: Scope, error: Exception, limit: int) -> Response:
    if isinstance(error, BodyTimeout):
        status, code, sentence = (
            408,
            {"code": "TOO_SLOW"},
            Bilingual(
                "The body did not arrive in time; send it again.",
                "Isi permintaan tidak diterima tepat waktu; kirim lagi.",
            ),
        )
    else:
        status, code, sentence = (
            413,
            {"code": "BODY_TOO_LARGE"},
            Bilingual(
                f"A body may have {limit} bytes; send larger data in several requests.",
                f"Isi permintaan paling banyak {limit} byte; kirim data yang lebih besar dalam beberapa permintaan.",
            ),
        )
    return error_response(scope, status, code, sentence, {"Connection": "close"})


class _Body:
    """A request body with limits for its size and for the time spent waiting for it, without the app's own time."""

    def __init__(self, receive: Receive, limit: int, timeout: float) -> None:
        self._receive, self._limit, self._time_left = receive, limit, timeout
        self._read, self._ended = 0, False

    async def receive(self) -> Message:
        """Return the next part of the body. After the last part, return further messages without a limit."""
        if self._ended:
            return await self._receive()
        message = await self._next()
        size = len(message.get("body", b""))
        self._read += size
        self._time_left += size / MIN_BYTES_PER_SECOND
        self._ended = not message.get("more_body", False)
        if self._read > self._limit:
            raise BodyTooLarge
        return message

    async def _next(self) -> Message:
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._time_left):
                return await self._receive()
        except TimeoutError:
            raise BodyTimeout from None
        finally:
            self._time_left = max(0.0, self._time_left - (time.monotonic() - began))
