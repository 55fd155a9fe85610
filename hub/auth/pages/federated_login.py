"""Federated sign-in: the redirect to the provider, the state in between, and the user afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from hub.auth.issuer_config import LoginRow
from hub.auth.oidc_login import AuthorizationState, OidcProvider, SignInFailed
from hub.auth.pages.context import PageContext, cause, rate_limited
from hub.auth.pages.sign_in_flow import SignInFlow
from hub.auth.server.rendering import PageRenderer, fill
from hub.auth.server.sessions import LOGIN, authorization_query, is_own_page
from hub.errors import RateLimited, TryLater
from hub.store.oauth import federated_identities, sessions, users
from hub.store.oauth.users import User
from hub.store.secret_hashes import generate_secret
from hub.web.rate_limits import network
from hub.web.throttling import address_of

log = structlog.stdlib.get_logger(__name__)

STATE_LIFETIME = timedelta(minutes=15)
"""The maximum time at the provider."""
PER_MINUTE = 60
"""The number of sign-ins that may start from one address in a minute."""
_IDENTITY = "<p><code>$issuer $subject</code></p>"


class FederatedLogin:
    """``/oauth/outside/{name}``, its ``callback`` and its ``jwks``."""

    def __init__(self, context: PageContext, flow: SignInFlow, providers: Sequence[OidcProvider]) -> None:
        self._context, self._flow = context, flow
        self._providers = {provider.row.name: provider for provider in providers}
        # On the redirect from the provider a browser sends only Lax cookies.
        self._cookie = "__Host-hub-outside" if context.sessions.https else "hub-outside"

    async def start(self, request: Request) -> Response:
        """Redirect the browser to the provider; other sites cannot cause that."""
        provider = self._provider(request)
        if request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
            return RedirectResponse(LOGIN, 303)
        try:
            await self._context.rates.requests(f"outside {network(address_of(request))}", PER_MINUTE)
        except RateLimited as error:
            return rate_limited(request, error)
        back = request.query_params.get("next", "")
        # An invalid request, or one that PostgreSQL cannot store, is dropped: the user then gets the account page.
        valid = is_own_page(back) or (authorization_query(back) and "\0" not in back)
        url, state = provider.start(back if valid else "")
        secret, https = generate_secret(), self._context.sessions.https
        async with self._context.database.write(cause(request, "outside", "anonymous")) as db:
            await sessions.create(db, secret, STATE_LIFETIME, state=asdict(state))
        response = RedirectResponse(url, 303, {"Cache-Control": "no-store"})
        response.set_cookie(self._cookie, secret, path="/", secure=https, httponly=True, samesite="lax")
        return response

    async def callback(self, request: Request) -> Response:
        """Accept the provider's response, once."""
        provider, state = self._provider(request), await self._take_state(request)
        renderer = PageRenderer(request)
        try:
            if state is None or state.provider != provider.row.name:
                raise SignInFailed("no sign-in was started in this browser")
            subject = await provider.complete(state, request.query_params)
        except SignInFailed as error:
            self._context.count("outside", "refused")
            log.warning("federated sign-in failed", provider=provider.row.name, reason=str(error))
            return renderer.message("failed_title", renderer.texts["failed"], status=400, link=LOGIN)
        except TryLater as error:
            log.warning("provider unavailable", provider=provider.row.name, reason=str(error))
            return renderer.message("failed_title", renderer.texts["away"], status=503, link=LOGIN)
        return await self._sign_in(request, provider.row, subject, state.back)

    async def jwks(self, request: Request) -> Response:
        """Return the hub's public keys for the provider (RFC 7517)."""
        return JSONResponse(self._provider(request).public_jwks(), headers={"Cache-Control": "public, max-age=300"})

    async def _sign_in(self, request: Request, row: LoginRow, subject: str, back: str) -> Response:
        async with self._context.database.write(cause(request, "outside", row.name)) as db:
            user = await _find_user(db, row, subject)
            self._context.count("outside", "ok" if user else "refused")
            if user:
                return await self._flow.after_first_factor(db, request, user, method=f"outside:{row.name}", back=back)
        renderer = PageRenderer(request)
        detail = fill(_IDENTITY, {"issuer": row.issuer, "subject": subject})
        return renderer.message("failed_title", renderer.texts["unlinked"], status=403, link=LOGIN, detail=detail)

    async def _take_state(self, request: Request) -> AuthorizationState | None:
        """Return the state of this browser's sign-in, and delete it, so that it can be completed only once."""
        secret = request.cookies.get(self._cookie)
        if not secret:
            return None
        async with self._context.database.write(cause(request, "outside", "anonymous")) as db:
            found = await sessions.find(db, secret)
            await sessions.delete_session(db, secret)
        # The session of a signed-in user has no such state.
        return AuthorizationState(**found.state) if found and "provider" in found.state else None

    def _provider(self, request: Request) -> OidcProvider:
        found = self._providers.get(request.path_params["name"])
        if found is None:
            raise HTTPException(404, "There is no such provider.")
        return found


async def _find_user(db: AsyncConnection, row: LoginRow, subject: str) -> User | None:
    """Return the user; None if suspended, of another kind, or an officer who is not linked."""
    if row.kind == "CITIZEN":
        user: User | None = await federated_identities.find_or_create_citizen(db, row.issuer, subject, row.scopes)
    else:
        user = await users.by_identity(db, row.issuer, subject)
    return user if user and user.kind == row.kind and not user.suspended_at else None
