"""The app around the server: rate limits, keys that clients publish, and deletion of expired rows."""

from __future__ import annotations

import asyncio
import base64
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from joserfc.jwk import ECKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hub.app import build
from hub.auth.server.routes import routes, server
from hub.errors import RateLimited
from hub.settings import Settings
from hub.store.oauth import grants
from tests.auth.server.harness import CAUSE, GRANT, ISSUER, SCOPES, Stage, a_client, a_key, assertion, jwks, refused
from tests.serving import serve


def app(url: str, subgraph: str | None = None) -> Starlette:
    key = base64.b64encode(b"k" * 32).decode()
    given = Settings(database_url=url, connectors=(), pii_keys=(key,), secret_key="s" * 40, public_url=ISSUER)
    return build(given, subgraph)


@asynccontextmanager
async def client_of(made: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        made.router.lifespan_context(made),
        httpx.AsyncClient(transport=httpx.ASGITransport(made), base_url=ISSUER) as client,
    ):
        yield client


async def test_the_hub_is_its_own_authorization_server(stage: Stage, server_url: str) -> None:
    await stage.client(a_client("gojek", "client_secret_basic"))
    async with client_of(app(server_url)) as hub:
        metadata = (await hub.get("/.well-known/openid-configuration")).json()
        assert "complaints:read" in metadata["scopes_supported"]
        answer = await hub.post(metadata["token_endpoint"], data=GRANT, auth=("gojek", stage.secret["gojek"]))
        assert answer.status_code == 200
        assert (await hub.get(metadata["jwks_uri"])).json()["keys"]


async def test_a_subgraph_is_none(server_url: str) -> None:
    async with client_of(app(server_url, "payments")) as part:
        for path in ("/.well-known/oauth-authorization-server", "/oauth/token", "/oauth/jwks", "/oauth/login"):
            assert (await part.get(path)).status_code == 404


async def test_too_many_requests_get_a_retry_after(stage: Stage) -> None:
    sent: list[tuple[str, str]] = []

    async def throttle(address: str, client_id: str) -> None:
        sent.append((address, client_id))
        raise RateLimited("The budget of 60 per minute is used up.", 17)

    made = Starlette(routes=routes(server(stage.database, stage.keys, ISSUER, SCOPES, b"s" * 32, throttle)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(made), base_url=ISSUER) as client:
        for path in ("/oauth/token", "/oauth/par", "/oauth/revoke"):
            answer = await client.post(path, data=GRANT, auth=("gojek", "guess"))
            assert (answer.status_code, answer.headers["retry-after"]) == (429, "17")
            assert answer.json()["error"] == "temporarily_unavailable"
    assert sent == [("127.0.0.1", "gojek")] * 3


async def test_a_clients_published_keys_are_fetched_when_they_change(stage: Stage) -> None:
    keys: list[ECKey] = [a_key("one")]
    fetched = 0

    async def published(request: Request) -> Response:
        nonlocal fetched
        fetched += 1
        return JSONResponse(jwks(*keys))

    async with serve(Starlette(routes=[Route("/jwks", published)])) as url:
        await stage.client(a_client("central", "private_key_jwt", jwks_uri=f"{url}/jwks"))
        for _ in range(3):
            assert (await stage.token(**GRANT, **assertion(keys[0], "central"))).status_code == 200
        assert fetched == 1
        for _ in range(5):
            refused(await stage.token(**GRANT, **assertion(a_key("two"), "central")), "invalid_client", 401)
        assert fetched <= 2


async def test_a_client_with_slow_keys_delays_nobody_else(stage: Stage) -> None:
    key, requested, released = a_key(), asyncio.Event(), asyncio.Event()

    async def published(request: Request) -> Response:
        requested.set()
        await released.wait()
        return JSONResponse(jwks(key))

    await stage.client(a_client("gojek", "client_secret_basic"))
    async with serve(Starlette(routes=[Route("/jwks", published)])) as url:
        await stage.client(a_client("central", "private_key_jwt", jwks_uri=f"{url}/jwks"))
        # More than the database has connections.
        slow = [asyncio.create_task(stage.token(**GRANT, **assertion(key, "central"))) for _ in range(12)]
        await asyncio.wait_for(requested.wait(), 60)
        # It would wait for ever: the keys come only after it.
        other = await asyncio.wait_for(stage.token("gojek", **GRANT), 60)
        released.set()
        answers = await asyncio.gather(*slow)
    assert other.status_code == 200
    assert {each.status_code for each in answers} == {200}


async def test_unavailable_client_keys_are_reported(stage: Stage) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    await stage.client(a_client("central", "private_key_jwt", jwks_uri=f"http://127.0.0.1:{port}/jwks"))
    description = refused(await stage.token(**GRANT, **assertion(a_key(), "central")), "invalid_client", 401)
    assert "jwks_uri" in description


@pytest.fixture
async def granted(stage: Stage) -> Stage:
    """Create one row of everything that expires."""
    key = a_key()
    await stage.client(a_client("spa"))
    await stage.client(a_client("central", "private_key_jwt", jwks=jwks(key)))
    await stage.user()
    await stage.sign_in()
    await stage.granted("spa")
    token = (await stage.token(**GRANT, **assertion(key, "central"))).json()["access_token"]
    await stage.http.post("/oauth/revoke", data={"token": token, **assertion(key, "central")})
    return stage


KEPT = ("seen_once", "revoked_tokens", "sessions", "grants", "authorization_codes", "refresh_tokens")


async def test_what_has_ended_goes_and_what_has_not_stays(granted: Stage) -> None:
    async def counts() -> list[int]:
        return [(await granted.rows(f"select count(*) from {table}"))[0][0] for table in KEPT]

    async def clean() -> None:
        async with granted.database.write(CAUSE) as db:
            await grants.expire(db)

    assert await counts() == [2, 1, 1, 1, 1, 1]
    await clean()
    assert await counts() == [2, 1, 1, 1, 1, 1]
    for table in KEPT[:3]:
        await granted.run(f"update {table} set expires_at = now() - interval '1 second'")
    await granted.run("update grants set expires_at = now() - interval '25 hours'")
    await clean()
    assert await counts() == [0] * 6
