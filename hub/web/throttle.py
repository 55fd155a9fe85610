"""Refuses who comes too often: by address before anything else is done, and how any refusal is told."""

from __future__ import annotations

from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from hub.errors import TooMany
from hub.web.faults import disclosed, shaped
from hub.web.rates import Rates

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
    """429 (RFC 6585, 4) for ``TooMany``: an OAuth error below ``/oauth/`` (RFC 6749, 5.2), else what GraphQL reads."""
    assert isinstance(error, TooMany)
    message, extensions = disclosed(error) or (str(error), {})
    oauth = {"error": "temporarily_unavailable", "error_description": message}
    plain = shaped(request.scope["path"], message, extensions)
    return JSONResponse(
        oauth if request.scope["path"].startswith("/oauth/") else plain,
        429,
        {**later(error), "Cache-Control": "no-store"},
    )


def later(error: TooMany) -> dict[str, str]:
    """The header that says when to come again, in seconds (RFC 9110, 10.2.3)."""
    return {"Retry-After": str(error.after)}
