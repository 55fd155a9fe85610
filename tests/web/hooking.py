"""A hub that the fake system calls: a call is signed by a word in its header, all else is real."""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

import httpx
import orjson
from sqlalchemy import text
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Route

from hub.connectors.base import ConnectorSettings
from hub.connectors.hooks import HookCall, HookTold
from hub.connectors.http import Http
from hub.connectors.registry import Enabled
from hub.errors import TooMany
from hub.store import migrate
from hub.store.database import Database
from hub.store.sealing import Seal
from hub.sync.hooks import Hooks
from hub.web.hooks import BODY_LIMIT, PATH, HookEndpoint
from hub.web.metrics import Metrics
from hub.web.rates import Budgets, Rates
from hub.web.requests import http_error, middleware
from hub.web.throttle import too_many
from tests.fake import Fake, FakeSettings, World
from tests.web.conftest import Agreed

WORD = "a word both know"


class Calling(Fake):
    """The fake system, which calls: what is signed is the endpoint and the raw body."""

    hooks: ClassVar[tuple[str, ...]] = ("v1/notify", "unset")

    def __init__(self, settings: ConnectorSettings, http: Http) -> None:
        super().__init__(settings, http, World())

    @classmethod
    def hook_off(cls, settings: ConnectorSettings, hook: str) -> str | None:
        return "HUB_FAKE_WORD is not set." if hook == "unset" else None

    def receive(self, call: HookCall) -> HookTold:
        if not hmac.compare_digest(call.headers.get("x-signature", ""), sign(call.endpoint, call.body)):
            return HookTold(answer={"code": "no"}, status=401, refused="signature")
        return HookTold(answer={"code": "taken"}, items=tuple(orjson.loads(call.body)))


def sign(endpoint: str, body: bytes) -> str:
    """The signature of a call."""
    return hmac.digest(WORD.encode(), endpoint.encode() + body, "sha256").hex()


@dataclass
class Called:
    """One hub, and a client of its own."""

    database: Database
    metrics: Metrics
    app: Starlette
    http: httpx.AsyncClient

    async def call(self, *items: Any, path: str = "/hooks/fake/v1/notify", **headers: str) -> httpx.Response:
        """The answer to a well signed call, unless a header says otherwise."""
        body = orjson.dumps(items)
        sent = {"x-signature": sign(path, body)} | {name.replace("_", "-"): told for name, told in headers.items()}
        return await self.http.post(path, content=body, headers=sent)

    async def rows(self, statement: str) -> list[Any]:
        """What the database holds."""
        async with self.database.read() as db:
            return [tuple(row) for row in await db.execute(text(statement))]

    def counted(self, outcome: str, hook: str = "v1/notify") -> float:
        """How many calls ended so."""
        labels = {"system": "fake", "hook": hook, "outcome": outcome}
        return self.metrics.registry.get_sample_value("hub_hook_calls_total", labels) or 0.0


@asynccontextmanager
async def called(
    database_url: str, budgets: Budgets | None = None, *, away: str | None = None, client: str = "127.0.0.1"
) -> AsyncIterator[Called]:
    """A hub over a database of its own; ``away`` is where it looks for that in vain, ``client`` who calls."""
    enabled = [Enabled(Calling, FakeSettings())]
    await migrate.migrate(database_url, enabled)
    database, metrics = Database(database_url, pool_size=3), Metrics()
    unreached = Database(away or database_url)
    hooks = Hooks(unreached if away else database, Seal([b"k" * 32], b"s" * 32), enabled)
    app = Starlette(
        routes=[Route(PATH, HookEndpoint(hooks, metrics))],
        middleware=middleware(Rates(budgets), Agreed(), development=True, larger={"/hooks/": BODY_LIMIT}),
        exception_handlers={HTTPException: http_error, TooMany: too_many},
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app, client=(client, 1)), base_url="http://hub") as http:
        yield Called(database, metrics, app, http)
    await unreached.close()
    await database.close()
