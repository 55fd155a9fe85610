"""The way to an outside provider and back: what is remembered in between, and who somebody is here afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from hub.auth.outside import Begun, NotSignedIn, Provider
from hub.auth.pages.desk import Desk, busy, cause, onward
from hub.auth.pages.sheet import Sheet, filled
from hub.auth.registry import LoginRow
from hub.auth.server.interaction import LOGIN, query_of
from hub.errors import TooMany, TryLater
from hub.store.access import identities, sessions, users
from hub.store.access.users import User
from hub.store.digests import fresh
from hub.web.rates import network
from hub.web.throttle import address_of

log = structlog.stdlib.get_logger(__name__)

PATIENCE = timedelta(minutes=15)
"""How long somebody may take at the provider."""
PER_MINUTE = 60
"""Sign-ins that may begin from one address."""
_WHO = "<p><code>$issuer $subject</code></p>"


class Outside:
    """``/oauth/outside/{name}``, its ``callback`` and its ``jwks``."""

    def __init__(self, desk: Desk, providers: Sequence[Provider]) -> None:
        self._desk = desk
        self._providers = {provider.row.name: provider for provider in providers}
        # Back from the provider a browser sends only cookies that are Lax.
        self._cookie = "__Host-hub-outside" if desk.interaction.https else "hub-outside"

    async def begin(self, request: Request) -> Response:
        """Send the browser to the provider; other sites cannot make it go there."""
        provider = self._provider(request)
        if request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
            return RedirectResponse(LOGIN, 303)
        try:
            await self._desk.rates.requests(f"outside {network(address_of(request))}", PER_MINUTE)
        except TooMany as error:
            return busy(request, error)
        back = request.query_params.get("next", "")
        # What leads nowhere is not kept, nor what PostgreSQL could not: who signs in then comes to the account.
        url, begun = provider.begin(back if query_of(back) and "\0" not in back else "")
        secret, https = fresh(), self._desk.interaction.https
        async with self._desk.database.write(cause(request, "outside", "anonymous")) as db:
            await sessions.begin(db, secret, PATIENCE, state=asdict(begun))
        response = RedirectResponse(url, 303, {"Cache-Control": "no-store"})
        response.set_cookie(self._cookie, secret, path="/", secure=https, httponly=True, samesite="lax")
        return response

    async def callback(self, request: Request) -> Response:
        """Take the provider's answer, once."""
        provider, begun = self._provider(request), await self._begun(request)
        sheet = Sheet(request)
        try:
            if begun is None or begun.provider != provider.row.name:
                raise NotSignedIn("nobody began to sign in here")
            subject = await provider.finish(begun, request.query_params)
        except NotSignedIn as error:
            log.warning("nobody signed in", provider=provider.row.name, reason=str(error))
            return sheet.message("failed_title", sheet.words["failed"], status=400, link=LOGIN)
        except TryLater as error:
            log.warning("a provider cannot be reached", provider=provider.row.name, reason=str(error))
            return sheet.message("failed_title", sheet.words["away"], status=503, link=LOGIN)
        return await self._signed_in(request, provider.row, subject, begun.back)

    async def jwks(self, request: Request) -> Response:
        """The keys the provider knows the hub by (RFC 7517)."""
        return JSONResponse(self._provider(request).published(), headers={"Cache-Control": "public, max-age=300"})

    async def _signed_in(self, request: Request, row: LoginRow, subject: str, back: str) -> Response:
        response = RedirectResponse(onward(back), 303, {"Cache-Control": "no-store"})
        async with self._desk.database.write(cause(request, "outside", row.name)) as db:
            user = await _user(db, row, subject)
            if user:
                await self._desk.interaction.sign_in(db, request, response, user.id)
        if user:
            return response
        sheet = Sheet(request)
        detail = filled(_WHO, {"issuer": row.issuer, "subject": subject})
        return sheet.message("failed_title", sheet.words["unlinked"], status=403, link=LOGIN, detail=detail)

    async def _begun(self, request: Request) -> Begun | None:
        """What this browser began, which can be finished once only."""
        secret = request.cookies.get(self._cookie)
        if not secret:
            return None
        async with self._desk.database.write(cause(request, "outside", "anonymous")) as db:
            found = await sessions.find(db, secret)
            await sessions.end(db, secret)
        # A session of somebody signed in remembers nothing, and is nothing that was begun here.
        return Begun(**found.state) if found and "provider" in found.state else None

    def _provider(self, request: Request) -> Provider:
        found = self._providers.get(request.path_params["name"])
        if found is None:
            raise HTTPException(404, "There is no such provider.")
        return found


async def _user(db: AsyncConnection, row: LoginRow, subject: str) -> User | None:
    """Who signed in; None for somebody suspended, of another kind, or an officer whom nobody has linked."""
    if row.kind == "CITIZEN":
        user: User | None = await identities.citizen(db, row.issuer, subject, row.scopes)
    else:
        user = await users.by_identity(db, row.issuer, subject)
    return user if user and user.kind == row.kind and not user.suspended_at else None
