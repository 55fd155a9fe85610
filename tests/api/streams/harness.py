"""A hub behind a real port with a system, clients with tokens, and readers of its streams."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import httpx
from starlette.applications import Starlette

from hub.app import build
from hub.auth.scopes import sync_scope
from hub.contract import Raw
from hub.http_client import Http
from hub.store.oauth.clients import Client
from hub.sync.ingest import Ingest
from tests.auth.harness import CAUSE, Stage, staged
from tests.fake_connector import Fake, FakeSettings, World
from tests.serving import serve
from tests.sync import isolated_sequencer
from tests.waits import hanging

SYNC = sync_scope("fake").name
CENTRAL = Client("central", "Pusat", "Uji", "client_secret_basic", ("client_credentials",), (SYNC,))


class Sent(NamedTuple):
    """An event as it arrived."""

    event: str
    id: str
    data: Any


@dataclass
class Place:
    """The hub, its URL, and tokens of clients."""

    stage: Stage
    app: Starlette
    url: str
    tokens: dict[str, str]

    def client(self, who: str, **headers: str) -> httpx.AsyncClient:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        login = {"authorization": f"Bearer {self.tokens[who]}"} if who else {}
        return httpx.AsyncClient(base_url=self.url, headers=login | sent, trust_env=False, timeout=None)

    async def commit(self, *items: Raw) -> None:
        """Store records and give their changes positions."""
        async with Http("http://127.0.0.1:9") as http, self.stage.database.write(CAUSE) as db:
            await Ingest(Fake(FakeSettings(), http, World()), self.stage.keys._cipher).store(
                db, items, datetime.now(UTC)
            )
        await self.sequence()

    async def sequence(self) -> None:
        await isolated_sequencer.sequence(self.stage.database)

    @asynccontextmanager
    async def feed(self, who: str = "central", **query: str) -> AsyncIterator[AsyncGenerator[Sent, None]]:
        """Yield the events of ``GET /feed``; ``last_event_id`` is sent as a header."""
        last = {"last_event_id": query.pop("last_event_id")} if "last_event_id" in query else {}
        async with self.client(who, **last) as client, client.stream("GET", "/feed", params=query) as response:
            assert response.status_code == 200, await response.aread()
            yield server_sent_events(response)


async def server_sent_events(response: httpx.Response) -> AsyncGenerator[Sent, None]:
    """Parse ``text/event-stream`` as the HTML standard says; events without data only set the id."""
    fields: dict[str, str] = {}
    async for line in response.aiter_lines():
        name, _, value = line.partition(":")
        if line and name:
            fields[name] = value.removeprefix(" ")
        elif not line:
            if "data" in fields:
                data = json.loads(fields["data"]) if fields["data"] else None
                yield Sent(fields.get("event", "message"), fields.get("id", ""), data)
            fields = {}


async def upcoming(events: AsyncGenerator[Any, None]) -> Any:
    """Return the next event."""
    async with hanging():
        return await anext(events)


@asynccontextmanager
async def placed(database_url: str) -> AsyncIterator[Place]:
    """A hub that serves the fake system's records to ``central``, and complaints to ``partner``."""
    async with AsyncExitStack() as stack:
        stage = await stack.enter_async_context(staged(database_url))
        partner = await stage.partner_token()
        await stage.client(CENTRAL)
        app = build(stage.settings)
        await stack.enter_async_context(app.router.lifespan_context(app))
        url = await stack.enter_async_context(serve(app))
        central = await stage.token(CENTRAL.id, CENTRAL.id, SYNC)
        yield Place(stage, app, url, {"central": central, "partner": partner})
