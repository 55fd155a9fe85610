"""A hub into which the fake system's clients push: who they are is a header here, all else is real."""

from __future__ import annotations

import json
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from sqlalchemy import text
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import Route

from hub.auth.scopes import sync_scope
from hub.connectors.base import ConnectorSettings, Raw
from hub.connectors.http import Http
from hub.connectors.registry import Enabled
from hub.schema.context import Context
from hub.schema.graph import schema
from hub.store import migrate
from hub.store.access.clients import Client
from hub.store.database import Cause, Database
from hub.store.sealing import Seal
from hub.sync.push import Pushes
from hub.viewer import ANONYMOUS, Viewer, ViewerKind
from hub.web.allowance import Allowances
from hub.web.bulk import Bulk
from hub.web.entrance import Entrance
from hub.web.rates import Rates
from hub.web.requests import http_error, middleware
from hub.web.throttle import HANDLERS
from tests.fake import Fake, FakeSettings, World
from tests.web.conftest import Agreed

FAKE = sync_scope("fake").name
OTHER = sync_scope("other").name
LIMIT = 40 * 1024 * 1024


class Pushed(Fake):
    """The fake system, of which nothing can be pulled."""

    def __init__(self, settings: ConnectorSettings, http: Http) -> None:
        super().__init__(settings, http, World())


def partner(name: str, *scopes: str) -> Viewer:
    """A client with these scopes only."""
    return Viewer(ViewerKind.PARTNER, f"client:{name}", frozenset(scopes), name)


VIEWERS: Mapping[str, Viewer] = {
    "fake": partner("fake", FAKE),
    "second": partner("second", FAKE),
    "poor": partner("poor", FAKE),
    "other": partner("other", OTHER),
    "reader": partner("reader", "reports:read"),
}
TERMS = Agreed(
    {
        name: Client(name, name, "Uji", "none", (), (), requests_per_minute=10_000, cost_per_minute=10_000_000)
        for name in VIEWERS
    }
)
TERMS.clients["poor"] = Client("poor", "poor", "Uji", "none", (), (), cost_per_minute=150)


async def viewer(request: Request) -> Viewer:
    """Who the header ``x-as`` says."""
    return VIEWERS.get(request.headers.get("x-as", ""), ANONYMOUS)


class Answer:
    """An answer of ``/bulk``: its lines and the summary, or an error."""

    def __init__(self, response: httpx.Response) -> None:
        self.status, self.headers = response.status_code, response.headers
        lines = [json.loads(line) for line in response.text.splitlines()]
        self.error: dict[str, Any] = lines[0] if self.status != 200 else {}
        self.rows: list[dict[str, Any]] = lines[:-1]
        self.summary: dict[str, int] = lines[-1].get("summary", {})

    @property
    def outcomes(self) -> list[str]:
        """Of each row."""
        return [row["outcome"] for row in self.rows]

    @property
    def counted(self) -> dict[str, int]:
        """The summary without zeros."""
        return {name: count for name, count in self.summary.items() if count}


@dataclass
class Desk:
    """One hub, and a client of its own."""

    database: Database
    seal: Seal
    pushes: Pushes
    app: Starlette
    http: httpx.AsyncClient

    async def push(
        self,
        items: Iterable[Raw] | bytes | AsyncIterable[bytes],
        key: str = "key-00001",
        who: str = "fake",
        system: str = "fake",
        **headers: str,
    ) -> Answer:
        """What the hub answers to an upload."""
        body = items if isinstance(items, bytes | AsyncIterable) else lines(items)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"idempotency-key": key, "x-as": who, "content-type": "application/x-ndjson"} | named
        return Answer(await self.http.post(f"/bulk/{system}", content=body, headers=sent))

    async def put(self, rows: list[Any], key: str = "key-00001", who: str = "fake", **given: Any) -> Any:
        """What ``putRecords`` answers; the result, or the whole answer where there is none."""
        query = """mutation($input: PutRecordsInput!) {putRecords(input: $input) {__typename
            ... on RecordsPut {rows {index externalId outcome reason current {version status statusTold body}}}
            ... on InvalidInput {problems {field code}} ... on IdempotencyConflict {message}
            ... on UnknownSystem {message}}}"""
        context = Context(self.database, VIEWERS[who], self.seal, b"s", "en", "request", push=self.pushes.whole)
        told = {"system": "fake", "idempotencyKey": key, "rows": rows} | given
        result = await schema().execute(query, variable_values={"input": told}, context_value=context)
        return result if result.errors else result.data and result.data["putRecords"]

    async def rows(self, statement: str, **values: Any) -> list[Any]:
        """What the database holds."""
        async with self.database.read() as db:
            return [tuple(row) for row in await db.execute(text(statement), values)]

    async def run(self, statement: str, **values: Any) -> None:
        """A statement of the test's own."""
        async with self.database.write(Cause("test", "test", "test")) as db:
            await db.execute(text(statement), values)


def lines(items: Iterable[Raw]) -> bytes:
    """Items as NDJSON."""
    return b"".join(json.dumps(item).encode() + b"\n" for item in items)


@asynccontextmanager
async def desk(database_url: str) -> AsyncIterator[Desk]:
    """A hub on the migrated database, with the fake system enabled and nothing in it."""
    await migrate.migrate(database_url, [(Fake, FakeSettings())])
    database, seal = Database(database_url), Seal([b"k" * 32], b"s" * 40)
    pushes = Pushes(database, seal, [Enabled(Pushed, FakeSettings())])
    bulk = Bulk(Entrance(viewer, Allowances(Rates(), TERMS), "https://hub.example"), pushes)
    app = Starlette(
        routes=[Route("/bulk/{system}", bulk.post, methods=["POST"])],
        middleware=middleware(development=True, larger={"/bulk/": LIMIT}),
        exception_handlers={HTTPException: http_error, **HANDLERS},
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub") as http:
        yield Desk(database, seal, pushes, app, http)
    await database.close()
