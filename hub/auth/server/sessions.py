"""Browser sessions, and the redirects between the authorization endpoint and the pages.

The authorization endpoint redirects to ``/oauth/login?next=…`` or ``/oauth/consent?next=…``; ``next`` is the path of
the authorization request with its query. The login page calls ``sign_in`` and redirects to ``next``; the consent page
shows ``AuthorizationEndpoint.consent_request`` and passes the user's decision to
``AuthorizationEndpoint.submit_consent``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request
from starlette.responses import Response

from hub.auth.server.request_context import OAuthResponse
from hub.store.oauth import accounts, sessions, users
from hub.store.oauth.users import User
from hub.store.secret_hashes import generate_secret

AUTHORIZE, LOGIN, CONSENT = "/oauth/authorize", "/oauth/login", "/oauth/consent"
SESSION_LIFETIME = timedelta(hours=8)
_OWN_PAGE = re.compile(r"/(?:en/)?(?:console|account)(?:/[\w.~-]+)*(?:\?[\w.~%&=+,:/-]*)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The signed-in user of a browser, and when they signed in."""

    user: User
    at: datetime


class BrowserSessions:
    """Sessions by cookie. The cookie's value is random; the store has its hash."""

    def __init__(self, issuer: str) -> None:
        self.https = issuer.startswith("https:")
        # The prefix prevents other hosts of the domain from setting it; browsers accept it on https only.
        self.cookie = "__Host-hub" if self.https else "hub"

    async def signed_in(self, db: AsyncConnection, request: Request) -> SignedIn | None:
        """Return the signed-in user, unless suspended since."""
        secret = request.cookies.get(self.cookie)
        session = await sessions.find(db, secret) if secret else None
        if session is None or session.user_id is None or session.signed_in_at is None:
            return None
        user = await users.get(db, session.user_id)
        return SignedIn(user, session.signed_in_at) if user and not user.suspended_at else None

    async def session_id(self, db: AsyncConnection, request: Request) -> str | None:
        """Return the id under which the graph lists the browser's session; None without one."""
        secret = request.cookies.get(self.cookie)
        return await accounts.session_id(db, secret) if secret else None

    async def sign_in(self, db: AsyncConnection, request: Request, response: Response, user_id: str) -> None:
        """Start a session for the user; always a new one, which prevents session fixation."""
        await self.sign_out(db, request, response)
        secret = generate_secret()
        await sessions.create(db, secret, SESSION_LIFETIME, user_id=user_id)
        self.set_cookie(response, secret)

    async def sign_out(self, db: AsyncConnection, request: Request, response: Response) -> None:
        """End the browser's session, if it has one."""
        if secret := request.cookies.get(self.cookie):
            await sessions.delete_session(db, secret)
            response.delete_cookie(self.cookie, path="/", secure=self.https, httponly=True, samesite="lax")

    def set_cookie(self, response: Response, secret: str) -> None:
        """Set the session cookie, which ends with the browser."""
        response.set_cookie(self.cookie, secret, path="/", secure=self.https, httponly=True, samesite="lax")


def redirect_to_page(page: str, pairs: Sequence[tuple[str, str]]) -> OAuthResponse:
    """Return a redirect to a page that continues with the authorization request of ``pairs``."""
    back = f"{AUTHORIZE}?{urlencode(pairs)}"
    return OAuthResponse.from_authlib(303, "", [("Location", f"{page}?{urlencode({'next': back})}")])


def authorization_query(back: str) -> str | None:
    """Return the query of the authorization request at ``back``; None for any other path."""
    path, _, query = back.partition("?")
    return query if path == AUTHORIZE else None


def is_own_page(back: str) -> bool:
    """Return whether ``back`` is the address of a page of the hub that needs sign-in, and so of no other site."""
    return _OWN_PAGE.fullmatch(back) is not None
