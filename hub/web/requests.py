"""What happens to every request: an id, a line in the access log, security headers, a body limit, CORS."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.web.faults import masked, report, shaped
from hub.web.origins import Origins, Registered
from hub.web.rates import Rates
from hub.web.throttle import AddressBudget

log = structlog.stdlib.get_logger(__name__)

WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{8,64}")
"""A request id of a caller that is taken over; anything else is replaced."""

CODES = {400: "BAD_REQUEST", 401: "UNAUTHENTICATED", 404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}
"""What errors are called that are told by their HTTP status alone; those of the endpoint have names of their own."""

NO_CONTENT = "default-src 'none'; frame-ancestors 'none'"
BODY_LIMIT = 100_000


def middleware(
    rates: Rates | None = None,
    terms: Registered | None = None,
    *,
    development: bool,
    body_limit: int = BODY_LIMIT,
    larger: Mapping[str, int] | None = None,
    origins: Sequence[str] | None = None,
) -> list[Middleware]:
    """The middleware of the app, outermost first.

    ``rates`` count addresses, ``terms`` tell the origins of clients; without them nothing is counted
    and no page of another origin may read anything. Pages of ``origins`` may read what those of
    clients may; where none are given, in development pages of this machine. ``body_limit`` is in
    bytes; ``larger`` gives other limits by path prefix.
    """
    local = development and origins is None
    return [
        Middleware(RequestScope),
        Middleware(SecurityHeaders, https_only=not development),
        *([Middleware(Origins, terms=terms, trusted=origins or (), local=local)] if terms else []),
        *([Middleware(AddressBudget, rates=rates)] if rates else []),
        Middleware(BodyLimit, limit=body_limit, larger=larger or {}),
    ]


def request_id(request: Request) -> str:
    """The id of this request, as the answer and the log have it."""
    return str(request.scope.get("hub.request_id", ""))


async def http_error(request: Request, error: Exception) -> Response:
    """Starlette's ``HTTPException`` as JSON, for ``Starlette(exception_handlers={HTTPException: http_error})``."""
    assert isinstance(error, HTTPException)
    extensions = getattr(error, "extensions", {"code": CODES.get(error.status_code, CODES[400])})
    return _told(request.scope, error.status_code, extensions, error.detail, error.headers)


def _told(
    scope: Scope, status: int, extensions: Mapping[str, str], message: str, headers: Mapping[str, str] | None = None
) -> Response:
    """An error outside of an execution, in the shape that clients of the path read."""
    return JSONResponse(shaped(scope["path"], message, extensions), status, headers)


class RequestScope:
    """Gives the request its id, logs it without its query string, and masks what nobody has caught."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request inside its own log context."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        name = given if WELL_FORMED.fullmatch(given) else uuid4().hex
        scope["hub.request_id"] = name
        began, status = time.perf_counter(), 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = name
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=name):
            try:
                await self.app(scope, receive, send_with_id)
            except Exception as fault:
                # The top of a request, like the top of a worker's loop: beyond it is only the
                # server, which would log the fault's text, and that may hold anyone's data.
                report(fault, name, scope["path"])
                if not status:
                    await _broken(scope, name)(scope, receive, send_with_id)
            milliseconds = round((time.perf_counter() - began) * 1000, 1)
            log.info("request", method=scope["method"], path=scope["path"], status=status, ms=milliseconds)


def _broken(scope: Scope, name: str) -> Response:
    message, extensions = masked(name)
    return _told(scope, 500, extensions, message)


class SecurityHeaders:
    """Headers that keep a browser from guessing, framing or leaking; a page may set a policy of its own."""

    def __init__(self, app: ASGIApp, https_only: bool) -> None:
        self.app = app
        self.headers = {
            "Content-Security-Policy": NO_CONTENT,
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
        }
        if https_only:
            self.headers["Strict-Transport-Security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add what the answer does not set itself."""

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_guarded)


class TooLarge(Exception):
    """The body passed its limit while it was read."""


class BodyLimit:
    """Refuses a body by its declared length, or as soon as what arrives is too much (RFC 9110, 15.5.14).

    Starlette's own answers in plain text, which GraphQL clients cannot read.
    """

    def __init__(self, app: ASGIApp, limit: int, larger: Mapping[str, int]) -> None:
        self.app, self.limit, self.larger = app, limit, larger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with a counted body."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = next((size for path, size in self.larger.items() if scope["path"].startswith(path)), self.limit)
        read = 0

        async def receive_counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > limit:
                raise TooLarge
            return message

        declared = Headers(scope=scope).get("content-length", "")
        try:
            if declared.isdigit() and int(declared) > limit:
                raise TooLarge
            await self.app(scope, receive_counted, send)
        except TooLarge:
            code, sentence = {"code": "BODY_TOO_LARGE"}, f"A body may have {limit} bytes; send more in several."
            await _told(scope, 413, code, sentence, {"Connection": "close"})(scope, receive, send)
