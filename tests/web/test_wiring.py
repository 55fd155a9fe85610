"""The hub's own app: its budgets, its clients' origins and its settings, over a real database."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from asgi_lifespan import LifespanManager
from joserfc import jwt
from joserfc.jwk import ECKey

from hub.app import build
from hub.errors import BadSetting
from hub.settings import Settings, read
from hub.store.access import clients
from hub.store.access.clients import Client
from hub.store.database import Cause, Database

APP = Client("app", "Aplikasi", "Uji", "none", ("authorization_code",), (), origins=("https://app.example",))


ISSUER = "http://127.0.0.1:8000"
KEY = ECKey.generate_key("P-256")
TOKEN = jwt.encode({"alg": "ES256", "kid": "other", "typ": "at+jwt"}, {"iss": ISSUER}, KEY, ["ES256"])


@pytest.fixture
async def away() -> AsyncIterator[httpx.AsyncClient]:
    """A hub whose database does not answer."""
    given: dict[str, Any] = {"pii_keys": base64.b64encode(b"k" * 32).decode(), "secret_key": "s" * 32}
    settings = Settings(database_url="postgresql://127.0.0.1:9/none", connectors=(), **given)
    async with LifespanManager(build(settings)) as running:
        transport = httpx.ASGITransport(running.app, client=("198.51.100.7", 1))
        async with httpx.AsyncClient(transport=transport, base_url=ISSUER) as client:
            yield client


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
    ("method", "path"),
    [
        *(("POST", f"/oauth/{name}") for name in ("token", "par", "revoke", "introspect")),
        *(("GET", f"/oauth/{name}") for name in ("jwks", "userinfo", "login", "authorize?client_id=app")),
        *(
            ("GET", "/"),
            ("POST", "/graphql"),
            ("GET", "/bulk/hub"),
            ("POST", "/bulk/fake"),
            ("GET", f"/files/{'0' * 64}"),
        ),
    ],
)
async def test_while_the_database_is_away_one_is_told_to_come_again(
    away: httpx.AsyncClient, method: str, path: str
) -> None:
    login = {"authorization": f"Bearer {TOKEN}"} if not path.startswith("/oauth/") or path.endswith("userinfo") else {}
    form = {"grant_type": "client_credentials", "client_id": "app", "client_secret": "x", "token": TOKEN}
    given: dict[str, Any] = {"json": {"query": "{ systems { name } }"}} if path == "/graphql" else {"data": form}
    if method == "GET":
        given = {}
    answer = await away.request(method, path, headers=login, **given)
    assert (answer.status_code, answer.headers.get("retry-after")) == (503, "5")
    if path.startswith("/oauth/"):
        assert answer.json()["error"] == "temporarily_unavailable"


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
