"""Requests to names that are not the hub's are refused: a page of such a name reads nothing and gets no token."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from secrets import token_bytes, token_urlsafe
from typing import Any

import httpx
import pytest
from asgi_lifespan import LifespanManager

from hub.app import build
from hub.settings import Settings

TOKEN = "a-token-that-is-shown-on-the-page"
PATHS = ["/graphql", "/", "/oauth/jwks", "/static/none", "/bulk/hub", "/hooks/fake/none"]


@pytest.fixture(params=["development", "production"])
async def hub(request: pytest.FixtureRequest, database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    given: dict[str, Any] = {"pii_keys": base64.b64encode(token_bytes(32)).decode(), "secret_key": token_urlsafe(32)}
    given |= {"query_token": TOKEN} if request.param == "development" else {}
    settings = Settings(
        env=request.param,
        database_url=database_url,
        public_url="https://hub.example",
        hosts="Gateway.internal, other.example",
        connectors=(),
        **given,
    )
    async with LifespanManager(build(settings)) as running:
        transport = httpx.ASGITransport(running.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            yield client


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8000", "hub.example.evil.example", "127.0.0.1.evil.example", "[", "a@evil.example"],
)
async def test_what_is_sent_to_another_name_is_refused(hub: httpx.AsyncClient, host: str) -> None:
    for path in PATHS:
        answer = await hub.get(path, headers={"host": host, "accept": "text/html"})
        assert answer.status_code == 421
        assert TOKEN not in answer.text
        assert "evil" not in answer.text
    error = (await hub.get("/", headers={"host": host})).json()["errors"][0]
    assert error["extensions"] == {"code": "UNKNOWN_HOST"}


@pytest.mark.parametrize(
    "host", ["hub.example", "HUB.example:443", "gateway.internal", "127.0.0.1:9", "[::1]:8000", "localhost", "hub"]
)
async def test_what_is_sent_to_one_of_its_names_is_answered(hub: httpx.AsyncClient, host: str) -> None:
    answer = await hub.post("/graphql", json={"query": "{ __typename }"}, headers={"host": host})
    assert answer.json()["data"] == {"__typename": "Query"}


async def test_two_names_are_none(hub: httpx.AsyncClient) -> None:
    answer = await hub.get("/graphql", headers=[("host", "hub.example"), ("host", "hub.example")])
    assert answer.status_code == 421


async def test_probes_may_use_any_host_name(hub: httpx.AsyncClient) -> None:
    for path in ("/healthz", "/metrics"):
        assert (await hub.get(path, headers={"host": "10-0-0-1.pods.example"})).status_code == 200
