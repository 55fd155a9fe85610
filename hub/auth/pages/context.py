"""What the pages share: sessions, rate limits, and responses of every page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qs

from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request
from starlette.responses import Response

from hub.auth.pages.csrf import CsrfForms
from hub.auth.pages.devices import KnownDevices
from hub.auth.server.client_metadata import CLIENT_ID
from hub.auth.server.rendering import PageRenderer, fill
from hub.auth.server.sessions import AUTHORIZE, LOGIN, BrowserSessions, authorization_query, is_own_page
from hub.errors import RateLimited
from hub.store.database import Cause, Database
from hub.store.oauth import clients
from hub.store.oauth.clients import Client
from hub.store.oauth.users import User
from hub.web.middleware import request_id
from hub.web.rate_limits import RateLimiter
from hub.web.throttling import network_of

ACCOUNT = "/oauth/account"


SignInCounter = Callable[[str, str], None]
"""Counts one attempt to sign in: its method (``password``, ``outside``, …) and its outcome (``ok``, ``refused``, …)."""


def ignore_sign_in(method: str, outcome: str) -> None:
    """Count nothing."""


@dataclass(frozen=True, slots=True)
class PageContext:
    """The services that every page uses."""

    database: Database
    sessions: BrowserSessions
    forms: CsrfForms
    rates: RateLimiter
    devices: KnownDevices
    count: SignInCounter


def cause(request: Request, what: str, actor: str) -> Cause:
    """Return the cause of a page's write transaction."""
    return Cause(f"oauth:{what}", actor, request_id(request), network=network_of(request))


def return_url(back: str) -> str:
    """Return where to continue after signing in: the authorization request, a page of the hub, or the account page."""
    if is_own_page(back):
        return back
    query = authorization_query(back)
    return f"{AUTHORIZE}?{query}" if query else ACCOUNT


async def requesting_client(db: AsyncConnection, back: str) -> Client | None:
    """Return the client of the authorization request at ``back``, if there is one."""
    client_id = parse_qs(authorization_query(back) or "").get("client_id", [""])[0]
    client = await clients.get(db, client_id) if CLIENT_ID.fullmatch(client_id) else None
    return client if client and not client.suspended_at else None


def display_name(renderer: PageRenderer, user: User) -> str:
    """Return what a page calls the user: only officers have names here."""
    return user.username or renderer.texts["citizen" if user.kind == "CITIZEN" else "officer"]


def invalid_form(request: Request) -> Response:
    """Return the response to a form without a valid token."""
    renderer = PageRenderer(request)
    return renderer.message("stale_title", renderer.texts["stale"], status=403, link=LOGIN)


def rate_limited(request: Request, error: RateLimited) -> Response:
    """Return the response to too many attempts (RFC 6585, 4)."""
    renderer = PageRenderer(request)
    text = fill(renderer.texts["busy"], {"seconds": str(error.after)})
    response = renderer.message("busy_title", text, status=429, link=LOGIN)
    response.headers["Retry-After"] = str(error.after)
    return response
