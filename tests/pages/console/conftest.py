"""A hub with an officer who operates it, and browsers that this and other people signed in with."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from html import unescape

import httpx
import pytest

from hub.app import build
from hub.store.oauth import sessions, users
from hub.viewer import Viewer, ViewerKind
from tests.schema.conftest import shared as shared
from tests.schema.conftest import stage as stage
from tests.schema.conftest import stage_database as stage_database
from tests.schema.harness import CAUSE, Stage

OPERATOR = "operator"
SCOPES = (
    "hub:operate",
    "hub:audit",
    "complaints:read",
    "complaints:assign",
    "reports:read",
    "payments:read",
    "licensing:read",
)


class Browser:
    """A browser without scripts: ``get`` opens a page, ``send`` sends a form of the page that is open."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client, self.page = client, httpx.Response(200)

    async def get(self, address: str) -> httpx.Response:
        self.page = await self.client.get(address, headers={"accept": "text/html"})
        return self.page

    async def send(self, act: str, *picked: str, **fields: str) -> httpx.Response:
        """Send the form with the button ``act``, the one with the rows ``picked`` if any; follow the redirect after."""
        having = [each for each in forms(self.page.text) if f'value="{act}"' in each]
        form = next(each for each in having if all(f'name="pick.{one}"' in each for one in picked))
        address = re.findall(r'action="([^"]*)"', form)[0]
        hidden = re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', form)
        values = {name: unescape(value) for name, value in hidden}
        sent = {**values, **{f"pick.{each}": "1" for each in picked}, "act": act, **fields}
        self.page = await self.client.post(unescape(address), data=sent)
        if self.page.status_code == 303:
            return await self.get(self.page.headers["location"])
        return self.page


def forms(html: str) -> list[str]:
    """Return the forms of a page."""
    return re.findall(r"<form.*?</form>", html, re.DOTALL)


def words(html: str) -> str:
    """Return the text of a page without its markup."""
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html.partition("<main")[2])))


@asynccontextmanager
async def signed_in(stage: Stage, name: str, scopes: Sequence[str]) -> AsyncIterator[Browser]:
    """A browser with the session of a new officer."""
    app = build(stage.settings)
    secret = f"session-of-{name}"
    async with stage.database.write(CAUSE) as db:
        await users.create(db, f"u_{name}", "OFFICER", username=name, scopes=tuple(scopes))
        await sessions.create(db, secret, timedelta(hours=1), user_id=f"u_{name}")
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        cookies = {"hub": secret}
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", cookies=cookies) as client:
            yield Browser(client)


@pytest.fixture(scope="module")
async def operator(shared: Stage) -> AsyncIterator[Browser]:
    async with signed_in(shared, OPERATOR, SCOPES) as browser:
        yield browser


def officer(*scopes: str) -> Viewer:
    """Return an officer with ``scopes``, who uses the graph itself."""
    return Viewer(ViewerKind.OFFICER, "u_other", frozenset(scopes))
