"""The pages with the authorization server behind them, and a browser without scripts that reads their forms."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
from sqlalchemy import text
from starlette.applications import Starlette
from starlette.exceptions import HTTPException

from hub.auth import passwords
from hub.auth.keys import Keys
from hub.auth.pages.routes import routes as page_routes
from hub.auth.registry import LoginRow
from hub.auth.server.routes import routes, server
from hub.store.access import clients, users
from hub.store.access.clients import Client
from hub.store.database import Database
from hub.store.sealing import Seal
from hub.web import page
from hub.web.rates import Budgets, Rates
from hub.web.requests import http_error, middleware
from tests.auth.server.stage import CALLBACK, CAUSE, ISSUER, SCOPES, Pkce, a_client

PASSWORD = "kata sandi yang panjang"
SECRET = b"s" * 32


@dataclass
class Stage:
    """One hub and one browser, at ``url``."""

    database: Database
    app: Starlette
    browser: httpx.AsyncClient
    url: str

    async def officer(self, name: str = "petugas", kind: str = "OFFICER") -> str:
        """An account with ``PASSWORD``; its id."""
        async with self.database.write(CAUSE) as db:
            scopes = ("complaints:read", "complaints:submit")
            hashed = await passwords.hash_password(PASSWORD)
            await users.create(db, f"u_{name}", kind, username=name, scopes=scopes, password_hash=hashed)
        return f"u_{name}"

    async def client(self, client: Client | None = None) -> Client:
        made = client or a_client("c_app")
        async with self.database.write(CAUSE) as db:
            await clients.create(db, made)
        return made

    def asked(self, scope: str = "openid complaints:read", **over: str) -> str:
        """The path of an authorization request."""
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
        """Send the first form of a page with what a person fills in, as a browser does."""
        action = re.search(r'action="([^"]+)"', shown.text)
        assert action, shown.text
        told = {"Origin": self.url, "Sec-Fetch-Site": "same-origin", **(headers or {})}
        return await self.browser.post(action[1], data={**fields(shown), **own}, headers=told)

    async def sign_in(self, name: str = "petugas", password: str = PASSWORD, back: str = "") -> httpx.Response:
        shown = await self.get(f"/oauth/login?{urlencode({'next': back})}")
        return await self.send(shown, username=name, password=password)

    async def rows(self, statement: str, **values: Any) -> list[Any]:
        async with self.database.read() as db:
            return [tuple(row) for row in await db.execute(text(statement), values)]

    async def run(self, statement: str, **values: Any) -> None:
        async with self.database.write(CAUSE) as db:
            await db.execute(text(statement), values)


def fields(shown: httpx.Response) -> dict[str, str]:
    """The hidden fields of a page's first form."""
    form = shown.text.partition("<form")[2].partition("</form>")[0]
    found = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', form)
    return {name: unescape(value) for name, value in found}


def told(response: httpx.Response) -> dict[str, str]:
    """What a redirect brings to the client."""
    assert response.headers["location"].startswith(CALLBACK), response.headers["location"]
    return dict(parse_qsl(urlsplit(response.headers["location"]).query))


def built(database: Database, url: str, logins: Sequence[LoginRow] = (), budgets: Budgets | None = None) -> Starlette:
    """The app whose origin is ``url``."""
    keys = Keys(database, Seal([b"k" * 32], SECRET))
    made = server(database, keys, url, SCOPES)
    pages = page_routes(database, made.authorize, url, SECRET, Rates(budgets), logins)
    return Starlette(
        routes=[*routes(made), *pages, *page.routes()],
        middleware=middleware(development=True),
        exception_handlers={HTTPException: http_error},
    )


@asynccontextmanager
async def staged(
    database_url: str, logins: Sequence[LoginRow] = (), budgets: Budgets | None = None
) -> AsyncIterator[Stage]:
    """A hub with nobody registered."""
    database = Database(database_url)
    app = built(database, ISSUER, logins, budgets)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url=ISSUER) as browser:
        yield Stage(database, app, browser, ISSUER)
    await database.close()
