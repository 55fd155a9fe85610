"""Between the authorization endpoint and the pages: who is signed in, and where a browser goes on.

The authorization endpoint sends a browser to ``/oauth/login?next=…`` or ``/oauth/consent?next=…``;
``next`` is the authorization request itself, as a path of ours with its query. The login page calls
``sign_in`` and redirects to ``next``; the consent page shows ``Authorize.asked`` and gives the
user's answer to ``Authorize.decided``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request
from starlette.responses import Response

from hub.auth.server.exchange import Reply
from hub.store.access import sessions, users
from hub.store.access.users import User
from hub.store.digests import fresh

AUTHORIZE, LOGIN, CONSENT = "/oauth/authorize", "/oauth/login", "/oauth/consent"
SESSION_LIFE = timedelta(hours=8)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A user in this browser, and when they signed in."""

    user: User
    at: datetime


class Interaction:
    """Sessions by cookie. The cookie's value is random; the store knows its hash."""

    def __init__(self, issuer: str) -> None:
        self.https = issuer.startswith("https:")
        # The prefix keeps other hosts of the domain from setting it; browsers take it on https only.
        self.cookie = "__Host-hub" if self.https else "hub"

    async def signed_in(self, db: AsyncConnection, request: Request) -> SignedIn | None:
        """Who is signed in, unless suspended since."""
        secret = request.cookies.get(self.cookie)
        session = await sessions.find(db, secret) if secret else None
        if session is None or session.user_id is None or session.signed_in_at is None:
            return None
        user = await users.get(db, session.user_id)
        return SignedIn(user, session.signed_in_at) if user and not user.suspended_at else None

    async def sign_in(self, db: AsyncConnection, request: Request, response: Response, user_id: str) -> None:
        """Begin a session for the user in this browser; always a new one, so that nobody can have prepared it."""
        await self.sign_out(db, request, response)
        secret = fresh()
        await sessions.begin(db, secret, SESSION_LIFE, user_id=user_id)
        self.give(response, secret)

    async def sign_out(self, db: AsyncConnection, request: Request, response: Response) -> None:
        """End the browser's session, if it has one."""
        if secret := request.cookies.get(self.cookie):
            await sessions.end(db, secret)
            response.delete_cookie(self.cookie, path="/", secure=self.https, httponly=True, samesite="lax")

    def give(self, response: Response, secret: str) -> None:
        """Set the cookie; it ends with the browser."""
        response.set_cookie(self.cookie, secret, path="/", secure=self.https, httponly=True, samesite="lax")


def onward(page: str, pairs: Sequence[tuple[str, str]]) -> Reply:
    """A redirect to one of the pages, which comes back to the authorization request of ``pairs``."""
    back = f"{AUTHORIZE}?{urlencode(pairs)}"
    return Reply.of(303, "", [("Location", f"{page}?{urlencode({'next': back})}")])


def query_of(back: str) -> str | None:
    """The query of an authorization request that a page brings back; None when it leads elsewhere."""
    path, _, query = back.partition("?")
    return query if path == AUTHORIZE else None
