"""A hub that the fake system calls: a secret signs each call, all else is real."""

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

from hub.api.exception_handlers import http_error
from hub.api.metrics import Metrics
from hub.api.webhooks import BODY_LIMIT, PATH, WebhookEndpoint
from hub.connectors.base import ConnectorSettings
from hub.connectors.registry import Enabled
from hub.contract import WebhookCall, WebhookResult
from hub.errors import RateLimited
from hub.http_client import Http
from hub.store.database import Database
from hub.store.encryption import FieldCipher
from hub.sync.webhooks import Webhooks
from hub.web.middleware import middleware
from hub.web.rate_limits import RateLimiter, RateLimits
from hub.web.throttling import rate_limited
from tests.api.graph_app import ENGLISH, FakeClientPolicies
from tests.fake_connector import Fake, FakeSettings, World

SECRET = "a word both know"


class WebhookConnector(Fake):
    """The fake system, which calls the hub; the endpoint and the raw body are signed."""

    webhooks: ClassVar[tuple[str, ...]] = ("v1/notify", "unset")

    def __init__(self, settings: ConnectorSettings, http: Http) -> None:
        super().__init__(settings, http, World())

    @classmethod
    def webhook_disabled_reason(cls, settings: ConnectorSettings, hook: str) -> str | None:
        return "HUB_FAKE_WORD is not set." if hook == "unset" else None

    def refuse_unread(self, call: WebhookCall) -> WebhookResult | None:
        assert call.body == b""
        if call.headers.get("x-form") != "wrong":
            return None
        return WebhookResult(answer={"code": "no"}, status=401, refused="form")

    def receive(self, call: WebhookCall) -> WebhookResult:
        if not hmac.compare_digest(call.headers.get("x-signature", ""), sign(call.endpoint, call.body)):
            return WebhookResult(answer={"code": "no"}, status=401, refused="signature")
        items = tuple(orjson.loads(call.body))
        about = tuple(each["about"] for each in items if "about" in each)
        return WebhookResult(answer={"code": "taken"}, items=items, about=about)


def sign(endpoint: str, body: bytes) -> str:
    """Return the signature of a call."""
    return hmac.digest(SECRET.encode(), endpoint.encode() + body, "sha256").hex()


@dataclass
class WebhookHub:
    """One hub, and an HTTP client for it."""

    database: Database
    metrics: Metrics
    app: Starlette
    http: httpx.AsyncClient

    async def call(self, *items: Any, path: str = "/hooks/fake/v1/notify", **headers: str) -> httpx.Response:
        """Return the response to a signed call, unless a header changes the signature."""
        body = orjson.dumps(items)
        sent = {"x-signature": sign(path, body)} | {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.post(path, content=body, headers=sent)

    async def rows(self, statement: str) -> list[Any]:
        """Return the rows of a query."""
        async with self.database.read() as db:
            return [tuple(row) for row in await db.execute(text(statement))]

    def counted(self, outcome: str, hook: str = "v1/notify") -> float:
        """Return the number of calls with this result."""
        labels = {"system": "fake", "hook": hook, "outcome": outcome}
        return self.metrics.registry.get_sample_value("hub_hook_calls_total", labels) or 0.0


@asynccontextmanager
async def running_hub(
    database_url: str, budgets: RateLimits | None = None, *, away: str | None = None, client: str = "127.0.0.1"
) -> AsyncIterator[WebhookHub]:
    """A hub with its own database; it is unreachable with ``away``; ``client`` is the address of the caller."""
    enabled = [Enabled(WebhookConnector, FakeSettings())]
    database, metrics = Database(database_url, pool_size=3), Metrics()
    unreached = Database(away or database_url)
    hooks = Webhooks(unreached if away else database, FieldCipher([b"k" * 32], b"s" * 32), enabled)
    app = Starlette(
        routes=[Route(PATH, WebhookEndpoint(hooks, metrics))],
        middleware=middleware(
            RateLimiter(budgets), FakeClientPolicies(), development=True, path_limits={"/hooks/": BODY_LIMIT}
        ),
        exception_handlers={HTTPException: http_error, RateLimited: rate_limited},
    )
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app, client=(client, 1)), base_url="http://hub", headers=ENGLISH
    ) as http:
        yield WebhookHub(database, metrics, app, http)
    await unreached.close()
    await database.close()
