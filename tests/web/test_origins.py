"""Which pages may read which answers."""

from __future__ import annotations

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hub.errors import TryLater
from hub.store.access.clients import Client
from tests.web.conftest import Agreed, build, client_of

APP, OTHER, STRANGE = "https://app.example", "https://other.example", "https://evil.example"
TERMS = Agreed(
    {
        name: Client(name, name, "Uji", "none", (), (), origins=origins)
        for name, origins in (("app", (APP,)), ("other", (OTHER,)), ("central", ()))
    }
)
EXPECTED = "access-control-allow-origin"


async def anything(request: Request) -> Response:
    request.scope["hub.client"] = request.query_params.get("client")
    return JSONResponse({})


def hub_of(terms: Agreed = TERMS, *, development: bool = False) -> httpx.AsyncClient:
    app = build(terms=terms, development=development)
    paths = ("/oauth/token", "/oauth/authorize", "/oauth/jwks", "/.well-known/openid-configuration", "/hooks/fake")
    app.router.routes += [Route(path, anything, methods=["GET", "POST"]) for path in paths]
    return client_of(app)


async def preflight(hub: httpx.AsyncClient, path: str, origin: str, headers: str = "authorization") -> httpx.Response:
    asked = {"access-control-request-method": "POST", "access-control-request-headers": headers, "origin": origin}
    return await hub.options(path, headers=asked)


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
            answered, asked = await hub.get(path, headers={"origin": origin}), await preflight(hub, path, origin)
            assert EXPECTED not in answered.headers
            assert EXPECTED not in asked.headers


async def test_in_development_pages_of_this_machine_read_what_any_client_may() -> None:
    async with hub_of(development=True) as hub:
        headers = {"origin": "http://localhost:5173", "x-as": "partner central"}
        response = await hub.post("/graphql", json={"query": "{ echo }"}, headers=headers)
    assert response.headers[EXPECTED] == "http://localhost:5173"


async def test_origins_known_before_hold_on_while_the_database_is_away() -> None:
    class Away(Agreed):
        away = False

        async def origins(self) -> frozenset[str]:
            if self.away:
                raise TryLater("The database does not answer.")
            return await super().origins()

    terms = Away(TERMS.clients)
    async with hub_of(terms) as hub:
        assert (await preflight(hub, "/graphql", APP)).status_code == 200
        terms.away = True
        assert (await preflight(hub, "/graphql", APP)).status_code == 200
        assert (await preflight(hub, "/graphql", STRANGE)).status_code == 400
