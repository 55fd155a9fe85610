"""Which pages may read which responses."""

from __future__ import annotations

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hub.errors import TryLater
from hub.store.oauth.clients import Client
from tests.api.graph_app import FakeClientPolicies, build, client_of

APP, OTHER, STRANGE = "https://app.example", "https://other.example", "https://evil.example"
POLICIES = FakeClientPolicies(
    {
        name: Client(name, name, "Uji", "none", (), (), origins=origins)
        for name, origins in (("app", (APP,)), ("other", (OTHER,)), ("central", ()))
    }
)
EXPECTED = "access-control-allow-origin"


async def anything(request: Request) -> Response:
    request.scope["hub.client"] = request.query_params.get("client")
    return JSONResponse({})


def hub_of(policies: FakeClientPolicies = POLICIES, *, development: bool = False) -> httpx.AsyncClient:
    app = build(policies=policies, development=development)
    paths = ("/oauth/token", "/oauth/authorize", "/oauth/jwks", "/.well-known/openid-configuration", "/hooks/fake")
    app.router.routes += [Route(path, anything, methods=["GET", "POST"]) for path in paths]
    return client_of(app)


async def preflight(hub: httpx.AsyncClient, path: str, origin: str, headers: str = "authorization") -> httpx.Response:
    request = {"access-control-request-method": "POST", "access-control-request-headers": headers, "origin": origin}
    return await hub.options(path, headers=request)


@pytest.mark.parametrize("path", ["/graphql", "/oauth/token"])
async def test_origins_of_clients_may_call_and_no_others(path: str) -> None:
    async with hub_of() as hub:
        for origin in (APP, OTHER):
            allowed = await preflight(hub, path, origin, "authorization, content-type, dpop, hub-tracking-code")
            assert (allowed.status_code, allowed.headers[EXPECTED]) == (200, origin)
            assert "Origin" in allowed.headers["vary"]
        for origin in (STRANGE, "null", f"{APP}.evil.example", "http://localhost:5173"):
            refused = await preflight(hub, path, origin)
            assert refused.status_code == 400
            assert EXPECTED not in refused.headers


@pytest.mark.parametrize(
    ("viewer", "origin", "readable"),
    [
        ("officer siti app", APP, True),
        ("officer siti app", OTHER, False),
        ("partner other", OTHER, True),
        ("partner central", APP, False),
        ("partner gone", APP, False),
        ("stranger", APP, True),
        ("", APP, True),
        ("", OTHER, True),
        ("", STRANGE, False),
        ("officer siti app", STRANGE, False),
    ],
)
async def test_an_answer_is_read_by_pages_of_the_token_s_client(viewer: str, origin: str, readable: bool) -> None:
    async with hub_of() as hub:
        response = await hub.post("/graphql", json={"query": "{ echo }"}, headers={"x-as": viewer, "origin": origin})
    assert response.headers.get(EXPECTED) == (origin if readable else None)
    assert "access-control-allow-credentials" not in response.headers


async def test_a_token_endpoint_answers_the_client_it_knows() -> None:
    async with hub_of() as hub:
        for client, readable in (("app", True), ("other", False), (None, True)):
            response = await hub.post(
                "/oauth/token", params={"client": client} if client else {}, headers={"origin": APP}
            )
            assert response.headers.get(EXPECTED) == (APP if readable else None)


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/oauth/jwks"])
async def test_metadata_and_keys_are_open_to_all(path: str) -> None:
    async with hub_of() as hub:
        response = await hub.get(path, headers={"origin": STRANGE})
    assert response.headers[EXPECTED] == "*"


@pytest.mark.parametrize(
    "path", ["/oauth/authorize", "/oauth/login", "/oauth/consent", "/hooks/fake", "/graphqlx", "/"]
)
@pytest.mark.parametrize("development", [True, False])
async def test_nothing_else_is_readable_by_another_page(path: str, development: bool) -> None:
    async with hub_of(development=development) as hub:
        for origin in (APP, "http://localhost:5173"):
            answered, preflighted = await hub.get(path, headers={"origin": origin}), await preflight(hub, path, origin)
            assert EXPECTED not in answered.headers
            assert EXPECTED not in preflighted.headers


async def test_in_development_local_pages_read_what_clients_may() -> None:
    async with hub_of(development=True) as hub:
        headers = {"origin": "http://localhost:5173", "x-as": "partner central"}
        response = await hub.post("/graphql", json={"query": "{ echo }"}, headers=headers)
    assert response.headers[EXPECTED] == "http://localhost:5173"


async def test_known_origins_last_through_a_database_outage() -> None:
    class Away(FakeClientPolicies):
        away = False

        async def origins(self) -> frozenset[str]:
            if self.away:
                raise TryLater("The database does not answer.")
            return await super().origins()

    policies = Away(POLICIES.clients)
    async with hub_of(policies) as hub:
        assert (await preflight(hub, "/graphql", APP)).status_code == 200
        policies.away = True
        assert (await preflight(hub, "/graphql", APP)).status_code == 200
        assert (await preflight(hub, "/graphql", STRANGE)).status_code == 400
