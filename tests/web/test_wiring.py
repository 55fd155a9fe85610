"""The hub's own app: its budgets, its clients' origins and its settings, over a real database."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from asgi_lifespan import LifespanManager

from hub.app import build
from hub.errors import BadSetting
from hub.settings import Settings, read
from hub.store import clients
from hub.store.clients import Client
from hub.store.database import Cause, Database

APP = Client("app", "Aplikasi", "Uji", "none", ("authorization_code",), (), origins=("https://app.example",))


@pytest.fixture
async def hub(database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    database = Database(database_url)
    async with database.write(Cause("test", "test", "test")) as db:
        await clients.create(db, APP)
    await database.close()
    given: dict[str, Any] = {"pii_keys": base64.b64encode(b"k" * 32).decode(), "secret_key": "s" * 32}
    settings = Settings(database_url=database_url, rate_requests=2, rate_cost=60, rate_spared="192.0.2.0/24", **given)
    async with LifespanManager(build(settings)) as running:
        transport = httpx.ASGITransport(running.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
            yield client


async def test_requests_and_cost_are_counted_and_told(hub: httpx.AsyncClient) -> None:
    query = {"query": "{ agencies(first: 20) { edges { node { code } } } }"}
    first, second = [await hub.post("/graphql", json=query) for _ in range(2)]
    assert first.json()["extensions"]["cost"] == {"estimated": 41, "limit": 25_000, "remaining": 19}
    assert second.status_code == 429
    assert (await hub.post("/graphql", json={"query": "{ __typename }"})).status_code == 429


async def test_a_page_of_a_client_may_ask(hub: httpx.AsyncClient) -> None:
    body = {"query": "{ __typename }"}
    for origin, told in (("https://app.example", "https://app.example"), ("https://evil.example", None)):
        response = await hub.post("/graphql", json=body, headers={"origin": origin})
        assert response.headers.get("access-control-allow-origin") == told


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("HUB_REDIS_URL", "http://127.0.0.1:6379", "does not begin with redis:// or rediss://"),
        ("HUB_RATE_SPARED", "10.0.0.0/8,10.0.0.1/8", "one of them is no network"),
        ("HUB_RATE_ADDRESS", "0", "greater than or equal to 1"),
    ],
)
def test_a_wrong_setting_is_told(monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(BadSetting, match=told) as refused:
        read(Settings)
    assert value not in str(refused.value)
