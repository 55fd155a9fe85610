"""A hub to which the fake system's clients push: a header names the client, all else is real."""

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

from hub.api.authentication import EndpointAuth
from hub.api.bulk import BulkEndpoint
from hub.api.exception_handlers import http_error
from hub.api.graphql.quotas import Quotas
from hub.auth.scopes import sync_scope
from hub.connectors.base import ConnectorSettings
from hub.connectors.registry import Enabled
from hub.contract import Raw
from hub.http_client import Http
from hub.schema.context import Context
from hub.schema.graph import schema
from hub.store.database import Cause, Database
from hub.store.encryption import FieldCipher
from hub.store.oauth.clients import Client
from hub.sync.uploads import Uploads
from hub.viewer import ANONYMOUS, Viewer, ViewerKind
from hub.web.middleware import middleware
from hub.web.rate_limits import RateLimiter
from hub.web.throttling import EXCEPTION_HANDLERS
from tests.api.graph_app import ENGLISH, FakeClientPolicies
from tests.fake_connector import Fake, FakeSettings, World

FAKE = sync_scope("fake").name
OTHER = sync_scope("other").name
LIMIT = 40 * 1024 * 1024


class PushOnlyConnector(Fake):
    """The fake system, which cannot be pulled."""

    def __init__(self, settings: ConnectorSettings, http: Http) -> None:
        super().__init__(settings, http, World())


def partner(name: str, *scopes: str) -> Viewer:
    """A client with only these scopes."""
    return Viewer(ViewerKind.PARTNER, f"client:{name}", frozenset(scopes), name)


VIEWERS: Mapping[str, Viewer] = {
    "fake": partner("fake", FAKE),
    "second": partner("second", FAKE),
    "poor": partner("poor", FAKE),
    "other": partner("other", OTHER),
    "reader": partner("reader", "reports:read"),
}
POLICIES = FakeClientPolicies(
    {
        name: Client(name, name, "Uji", "none", (), (), requests_per_minute=10_000, cost_per_minute=10_000_000)
        for name in VIEWERS
    }
)
POLICIES.clients["poor"] = Client("poor", "poor", "Uji", "none", (), (), cost_per_minute=150)


async def viewer(request: Request) -> Viewer:
    """Return the viewer that the header ``x-as`` names."""
    return VIEWERS.get(request.headers.get("x-as", ""), ANONYMOUS)


class Answer:
    """A response of ``/bulk``: its lines and the summary, or an error."""

    def __init__(self, response: httpx.Response) -> None:
        self.status, self.headers = response.status_code, response.headers
        lines = [json.loads(line) for line in response.text.splitlines()]
        self.error: dict[str, Any] = lines[0] if self.status != 200 else {}
        self.rows: list[dict[str, Any]] = lines[:-1]
        self.summary: dict[str, int] = lines[-1].get("summary", {})

    @property
    def outcomes(self) -> list[str]:
        """The outcome of each row."""
        return [row["outcome"] for row in self.rows]

    @property
    def counted(self) -> dict[str, int]:
        """The summary without zeros."""
        return {name: count for name, count in self.summary.items() if count}


@dataclass
class BulkHub:
    """One hub, and an HTTP client for it."""

    database: Database
    cipher: FieldCipher
    pushes: Uploads
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
        """Return the response to an upload."""
        body = items if isinstance(items, bytes | AsyncIterable) else lines(items)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"idempotency-key": key, "x-as": who, "content-type": "application/x-ndjson"} | named
        return Answer(await self.http.post(f"/bulk/{system}", content=body, headers=sent))

    async def put(self, rows: list[Any], key: str = "key-00001", who: str = "fake", **overrides: Any) -> Any:
        """Return the result of ``putRecords``, or the whole response if there is none."""
        query = """mutation($input: PutRecordsInput!) {putRecords(input: $input) {__typename
            ... on PutRecordsPayload {rows {row index externalId outcome reason
                current {version status sourceStatus body}}}
            ... on UserError {code message} ... on InvalidInput {problems {field code}}}}"""
        context = Context(
            self.database, VIEWERS[who], self.cipher, b"s", "en", "request", push_records=self.pushes.store_all
        )
        arguments = {"system": "fake", "idempotencyKey": key, "rows": rows} | overrides
        async with context:
            result = await schema().execute(query, variable_values={"input": arguments}, context_value=context)
        return result if result.errors else result.data and result.data["putRecords"]

    async def rows(self, statement: str, **values: Any) -> list[Any]:
        """Return the rows of a query."""
        async with self.database.read() as db:
            return [tuple(row) for row in await db.execute(text(statement), values)]

    async def run(self, statement: str, **values: Any) -> None:
        """Execute a statement."""
        async with self.database.write(Cause("test", "test", "test")) as db:
            await db.execute(text(statement), values)


def lines(items: Iterable[Raw]) -> bytes:
    """Return items as NDJSON."""
    return b"".join(json.dumps(item).encode() + b"\n" for item in items)


@asynccontextmanager
async def running_hub(database_url: str) -> AsyncIterator[BulkHub]:
    """A hub on a migrated database, with the fake system enabled and without records."""
    database, cipher = Database(database_url), FieldCipher([b"k" * 32], b"s" * 40)
    pushes = Uploads(database, cipher, [Enabled(PushOnlyConnector, FakeSettings())])
    bulk = BulkEndpoint(EndpointAuth(viewer, Quotas(RateLimiter(), POLICIES), "https://hub.example"), pushes)
    app = Starlette(
        routes=[Route("/bulk/{system}", bulk.post, methods=["POST"])],
        middleware=middleware(development=True, path_limits={"/bulk/": LIMIT}),
        exception_handlers={HTTPException: http_error, **EXCEPTION_HANDLERS},
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub", headers=ENGLISH) as http:
        yield BulkHub(database, cipher, pushes, app, http)
    await database.close()
