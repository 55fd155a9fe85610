"""Rate limits by address, and the responses 429 and 503 with ``Retry-After``."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil

import structlog
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from hub.errors import RateLimited, TryLater
from hub.messages import Bilingual, message_of
from hub.store.database import UNAVAILABLE
from hub.web.error_responses import DEFAULT_RETRY_AFTER, error_body
from hub.web.rate_limits import RateLimiter

log = structlog.stdlib.get_logger(__name__)

LIVENESS_PATHS = frozenset({"/healthz"})
"""Paths that are served regardless of the load."""
OPERATOR_PATHS = LIVENESS_PATHS | {"/readyz", "/metrics"}
"""Paths for operators, which are not rate-limited. Their database queries are cached (``hub.web.ttl_cache``)."""


class AddressRateLimitMiddleware:
    """Middleware that counts each request against the budget of its address, before body and token are read."""

    def __init__(self, app: ASGIApp, rates: RateLimiter) -> None:
        self.app, self._rates = app, rates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or respond with 429."""
        if scope["type"] in ("http", "websocket") and scope["path"] not in OPERATOR_PATHS:
            request = HTTPConnection(scope)
            count = self._rates.webhook if scope["path"].startswith("/hooks/") else self._rates.address
            try:
                await count(address_of(request))
            except RateLimited as error:
                await (await rate_limited(request, error))(scope, receive, send)
                return
        await self.app(scope, receive, send)


def address_of(request: HTTPConnection) -> str:
    """Return the caller's address, as forwarded by a trusted proxy; empty if there is none."""
    return request.client.host if request.client else ""


def network_of(request: HTTPConnection) -> str:
    """Return the caller's network for the audit trail, a /24 (IPv4) or /48 (IPv6); empty if unknown."""
    return _network(address_of(request))


@lru_cache(maxsize=1_000)
def _network(address: str) -> str:
    try:
        here = ip_address(address)
    except ValueError:
        return ""
    if isinstance(here, IPv6Address):
        here = here.ipv4_mapped or here
    return str(ip_network((here, 24 if here.version == 4 else 48), strict=False))


async def rate_limited(request: HTTPConnection, error: Exception) -> Response:
    """Return the response 429 (RFC 6585, 4) for ``RateLimited``."""
    assert isinstance(error, RateLimited)
    return _try_later_response(request, 429, message_of(error), "RATE_LIMITED", error)


async def unavailable(request: HTTPConnection, error: Exception) -> Response:
    """Return 503 for an unavailable dependency; the error's message is sent only if it is ``Bilingual``."""
    log.warning("service unavailable", path=request.url.path, kind=type(error).__name__)
    reason = error.args[0] if isinstance(error, TryLater) else None
    return _try_later_response(
        request, 503, reason if isinstance(reason, Bilingual) else _SEND_AGAIN, "TRY_LATER", error
    )


def _try_later_response(request: HTTPConnection, status: int, message: str, code: str, error: Exception) -> Response:
    body = error_body(request.scope, message, {"code": code, "retryAfter": _retry_after(error)})
    return JSONResponse(body, status, {**retry_after_header(error), "Cache-Control": "no-store"})


_SEND_AGAIN = Bilingual(
    "The hub cannot do this now; repeat the request later.", "Hub belum dapat melakukannya; ulangi permintaan nanti."
)

EXCEPTION_HANDLERS = {RateLimited: rate_limited, **dict.fromkeys((TryLater, *UNAVAILABLE), unavailable)}
"""For ``Starlette(exception_handlers=…)``."""


def retry_after_header(error: Exception) -> dict[str, str]:
    """Return the header ``Retry-After`` in seconds (RFC 9110, 10.2.3)."""
    return {"Retry-After": str(_retry_after(error))}


def _retry_after(error: Exception) -> int:
    return (
        ceil(error.after or DEFAULT_RETRY_AFTER) if isinstance(error, RateLimited | TryLater) else DEFAULT_RETRY_AFTER
    )
