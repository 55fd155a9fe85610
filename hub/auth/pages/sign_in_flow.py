"""Completes a sign-in after the first factor: at once, or after the second factor."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hub.auth import scopes
from hub.auth.pages.context import PageContext, return_url
from hub.store import audit
from hub.store.oauth import sessions, users
from hub.store.oauth.users import User
from hub.store.secret_hashes import generate_secret

SECOND_FACTOR_URL, SECOND_FACTOR_SETUP_URL = "/oauth/second", "/oauth/second/setup"
PENDING_LIFETIME = timedelta(minutes=10)
"""The maximum time between the two factors."""


@dataclass(frozen=True, slots=True)
class PendingSignIn:
    """A user after the first factor, with its ``method``, and the request ``back`` to continue with."""

    secret: str
    user: User
    method: str
    back: str


class SignInFlow:
    """What all ways to sign in share. ``second_factor``: whether ``NEEDS_SECOND_FACTOR`` requires one."""

    def __init__(self, context: PageContext, *, second_factor: bool) -> None:
        self._context, self._required = context, second_factor
        self._cookie = "__Host-hub-half" if context.sessions.https else "hub-half"

    def must_set_up(self, user: User) -> bool:
        """Return whether the user needs a second factor and has none yet."""
        guarded = bool(scopes.NEEDS_SECOND_FACTOR & {*user.scopes})
        return self._required and guarded and not user.second_factor

    async def after_first_factor(
        self, db: AsyncConnection, request: Request, user: User, *, method: str, back: str
    ) -> Response:
        """Return the response after the first factor; ``db`` is the transaction in which it was checked."""
        if not user.second_factor and not self.must_set_up(user):
            return await self.complete(db, request, PendingSignIn("", user, method, back))
        secret = generate_secret()
        state = {"method": method, "back": back}
        await sessions.create(db, secret, PENDING_LIFETIME, user_id=user.id, state=state, signed_in=False)
        response = _see_other(SECOND_FACTOR_URL if user.second_factor else SECOND_FACTOR_SETUP_URL)
        https = self._context.sessions.https
        response.set_cookie(self._cookie, secret, path="/", secure=https, httponly=True, samesite="lax")
        return response

    async def pending(self, db: AsyncConnection, request: Request) -> PendingSignIn | None:
        """Return the pending sign-in of this browser."""
        secret = request.cookies.get(self._cookie)
        session = await sessions.find(db, secret) if secret else None
        if secret is None or session is None or session.user_id is None or session.signed_in_at is not None:
            return None
        user = await users.get(db, session.user_id)
        if user is None or user.suspended_at:
            return None
        return PendingSignIn(secret, user, session.state["method"], session.state["back"])

    async def complete(
        self, db: AsyncConnection, request: Request, pending: PendingSignIn, response: Response | None = None
    ) -> Response:
        """Start the session, with ``response`` or a redirect to the pending request."""
        response = response or _see_other(return_url(pending.back))
        if pending.secret:
            await sessions.delete_session(db, pending.secret)
            https = self._context.sessions.https
            response.delete_cookie(self._cookie, path="/", secure=https, httponly=True, samesite="lax")
        await self._context.sessions.sign_in(db, request, response, pending.user.id)
        await audit.record(db, "sign-in", f"user:{pending.user.id}", method=pending.method)
        if pending.user.username:
            self._context.devices.remember(request, response, pending.user.username)
        return response


def _see_other(url: str) -> Response:
    return RedirectResponse(url, 303, {"Cache-Control": "no-store"})
