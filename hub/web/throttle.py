"""Refuses who comes too often, by address before anything else is done; and tells when to come again, whyever."""

from __future__ import annotations

from math import ceil

import structlog
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from hub.errors import TooMany, TryLater
from hub.store.database import AWAY
from hub.web.faults import shaped
from hub.web.rates import Rates

log = structlog.stdlib.get_logger(__name__)

AFTER = 5
"""Seconds after which to come again, where nobody knows better."""
FREE = frozenset({"/healthz", "/readyz", "/metrics"})
"""What operators ask, which must answer when all else is busy."""


class AddressBudget:
    """Counts every request against the budget of its address, before its body is read or its token looked at."""

    def __init__(self, app: ASGIApp, rates: Rates) -> None:
        self.app, self._rates = app, rates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 429."""
        if scope["type"] == "http" and scope["path"] not in FREE:
            request = Request(scope)
            count = self._rates.hook if scope["path"].startswith("/hooks/") else self._rates.address
            try:
                await count(address_of(request))
            except TooMany as error:
                await (await too_many(request, error))(scope, receive, send)
                return
        await self.app(scope, receive, send)


def address_of(request: HTTPConnection) -> str:
    """The caller's address, as a proxy that the server trusts forwarded it; empty where there is none."""
    return request.client.host if request.client else ""


async def too_many(request: Request, error: Exception) -> Response:
    """429 (RFC 6585, 4) for ``TooMany``."""
    assert isinstance(error, TooMany)
    return _not_now(request, 429, str(error), "RATE_LIMITED", error)


async def away(request: Request, error: Exception) -> Response:
    """503 where the database, or something else that is needed, does not answer."""
    log.warning("cannot answer now", path=request.url.path, kind=type(error).__name__)
    return _not_now(request, 503, "The hub cannot do this now; send the same again.", "TRY_LATER", error)


def _not_now(request: Request, status: int, message: str, code: str, error: Exception) -> Response:
    body = shaped(request.scope["path"], message, {"code": code, "retryAfter": _after(error)})
    return JSONResponse(body, status, {**later(error), "Cache-Control": "no-store"})


HANDLERS = {TooMany: too_many, **dict.fromkeys((TryLater, *AWAY), away)}
"""For ``Starlette(exception_handlers=…)``."""


def later(error: Exception) -> dict[str, str]:
    """The header that says when to come again, in seconds (RFC 9110, 10.2.3)."""
    return {"Retry-After": str(_after(error))}


def _after(error: Exception) -> int:
    return ceil(error.after or AFTER) if isinstance(error, TooMany | TryLater) else AFTER
