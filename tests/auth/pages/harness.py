"""The pages with the authorization server, and a browser without scripts that reads their forms."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
from sqlalchemy import text
from starlette.applications import Starlette
from starlette.exceptions import HTTPException

from hub.api import pages as page
from hub.api.exception_handlers import http_error
from hub.auth import passwords
from hub.auth.issuer_config import LoginRow
from hub.auth.pages.context import SignInCounter, ignore_sign_in
from hub.auth.pages.routes import routes as page_routes
from hub.auth.server.routes import routes, server
from hub.auth.signing_keys import SigningKeys
from hub.store.database import Database
from hub.store.encryption import FieldCipher
from hub.store.oauth import clients, users
from hub.store.oauth.clients import Client
from hub.web.middleware import middleware
from hub.web.rate_limits import RateLimiter, RateLimits
from tests.auth.server.harness import CALLBACK, CAUSE, ISSUER, SCOPES, Pkce, a_client

PASSWORD = "kata sandi yang panjang"
SECRET = b"s" * 32
HERE = "192.0.2.7"
"""The address of the browser."""


@dataclass
class Stage:
    """One hub and one browser, at ``url``."""

    database: Database
    app: Starlette
    browser: httpx.AsyncClient
    url: str

    async def officer(self, name: str = "petugas", kind: str = "OFFICER", *more: str) -> str:
        """Create an account with ``PASSWORD``; return its id."""
        async with self.database.write(CAUSE) as db:
            scopes = ("complaints:read", "complaints:submit", *more)
            hashed = await passwords.hash_password(PASSWORD)
            await users.create(db, f"u_{name}", kind, username=name, scopes=scopes, password_hash=hashed)
        return f"u_{name}"

    async def client(self, client: Client | None = None) -> Client:
        made = client or a_client("c_app")
        async with self.database.write(CAUSE) as db:
            await clients.create(db, made)
        return made

    def authorization_path(self, scope: str = "openid complaints:read", **over: str) -> str:
        """Return the path of an authorization request."""
        usual = {"response_type": "code", "client_id": "c_app", "redirect_uri": CALLBACK, "state": "st-1"}
        pkce = {"code_challenge": Pkce().challenge, "code_challenge_method": "S256"}
        return f"/oauth/authorize?{urlencode({**usual, **pkce, 'scope': scope, **over})}"

    async def get(self, path: str, **headers: str) -> httpx.Response:
        """Open a page, following redirects within the hub."""
        response = await self.browser.get(path, headers=headers)
        while response.is_redirect and response.headers["location"].startswith("/"):
            response = await self.browser.get(response.headers["location"], headers=headers)
        return response

    async def send(self, shown: httpx.Response, headers: Mapping[str, str] | None = None, **own: str) -> httpx.Response:
        """Send the first form of a page with the given fields, as a browser does."""
        action = re.search(r'action="([^"]+)"', shown.text)
        assert action, shown.text
        sent_headers = {"Origin": self.url, "Sec-Fetch-Site": "same-origin", **(headers or {})}
        return await self.browser.post(action[1], data={**fields(shown), **own}, headers=sent_headers)

    async def sign_in(self, name: str = "petugas", password: str = PASSWORD, back: str = "") -> httpx.Response:
        shown = await self.get(f"/oauth/login?{urlencode({'next': back})}")
        return await self.send(shown, username=name, password=password)

    @asynccontextmanager
    async def at(self, address: str) -> AsyncIterator[Stage]:
        """Return another person's browser, at ``address``."""
        transport = httpx.ASGITransport(self.app, client=(address, 1))
        async with httpx.AsyncClient(transport=transport, base_url=self.url) as browser:
            yield replace(self, browser=browser)

    async def rows(self, statement: str, **values: Any) -> list[Any]:
        async with self.database.read() as db:
            return [tuple(row) for row in await db.execute(text(statement), values)]

    async def run(self, statement: str, **values: Any) -> None:
        async with self.database.write(CAUSE) as db:
            await db.execute(text(statement), values)


def fields(shown: httpx.Response) -> dict[str, str]:
    """Return the hidden fields of a page's first form."""
    form = shown.text.partition("<form")[2].partition("</form>")[0]
    found = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', form)
    return {name: unescape(value) for name, value in found}


def redirect_parameters(response: httpx.Response) -> dict[str, str]:
    """Return the parameters that a redirect sends to the client."""
    assert response.headers["location"].startswith(CALLBACK), response.headers["location"]
    return dict(parse_qsl(urlsplit(response.headers["location"]).query))


class Clock:
    """The clock of one-time codes, which a test moves."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        """Return the seconds since 1970."""
        return self.now


def build_app(
    database: Database,
    url: str,
    logins: Sequence[LoginRow] = (),
    budgets: RateLimits | None = None,
    *,
    second_factor: bool = False,
    clock: Callable[[], float] = time.time,
    count: SignInCounter = ignore_sign_in,
) -> Starlette:
    """Return the app whose origin is ``url``."""
    cipher = FieldCipher([b"k" * 32], SECRET)
    keys = SigningKeys(database, cipher)
    made = server(database, keys, url, SCOPES, SECRET, second_factor=second_factor)
    shared = (database, made.authorize, url, SECRET, RateLimiter(budgets), logins, cipher)
    pages = page_routes(*shared, count, second_factor=second_factor, clock=clock)
    return Starlette(
        routes=[*routes(made), *pages, *page.routes()],
        middleware=middleware(development=True),
        exception_handlers={HTTPException: http_error},
    )


@asynccontextmanager
async def staged(
    database_url: str, logins: Sequence[LoginRow] = (), budgets: RateLimits | None = None, **more: Any
) -> AsyncIterator[Stage]:
    """A hub without users and clients."""
    database = Database(database_url)
    app = build_app(database, ISSUER, logins, budgets, **more)
    transport = httpx.ASGITransport(app, client=(HERE, 1))
    async with httpx.AsyncClient(transport=transport, base_url=ISSUER) as browser:
        yield Stage(database, app, browser, ISSUER)
    await database.close()
