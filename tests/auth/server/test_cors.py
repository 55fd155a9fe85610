"""Pages of one client cannot read responses of the authorization server to another."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest
from joserfc.jwk import ECKey

from tests.auth.server.harness import GRANT, Stage, a_client, a_key, assertion, jwks
from tests.auth.server.test_app import app, client_of

APP, OTHER, STRANGE = "https://app.example", "https://other.example", "https://evil.example"
EXPECTED = "access-control-allow-origin"
KEY: ECKey = a_key()


@pytest.fixture
async def hub(stage: Stage, server_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """The hub's app, with clients whose pages are at ``APP``, and one whose pages are at ``OTHER``."""
    await stage.client(a_client("spa", origins=(APP,)))
    await stage.client(a_client("gojek", "client_secret_basic", origins=(APP,)))
    await stage.client(a_client("central", "private_key_jwt", jwks=jwks(KEY), origins=(APP,)))
    await stage.client(a_client("other", origins=(OTHER,)))
    built = app(server_url)
    async with client_of(built) as client:
        client.auth = httpx.BasicAuth("gojek", stage.secret["gojek"])
        yield client


Ask = Callable[[httpx.AsyncClient, dict[str, str]], Awaitable[httpx.Response]]
REQUESTS: dict[str, tuple[int, Ask]] = {
    "a token": (200, lambda hub, sent: hub.post("/oauth/token", data=GRANT, headers=sent)),
    "a token for a signature": (
        200,
        lambda hub, sent: hub.post(
            "/oauth/token", data=GRANT | assertion(KEY, "central"), headers=sent, auth=httpx.Auth()
        ),
    ),
    "a token refused": (
        400,
        lambda hub, sent: hub.post(
            "/oauth/token",
            data={"grant_type": "refresh_token", "refresh_token": "x", "client_id": "spa"},
            headers=sent,
            auth=httpx.Auth(),
        ),
    ),
    "a client refused": (
        401,
        lambda hub, sent: hub.post("/oauth/token", data=GRANT, headers=sent, auth=("gojek", "guess")),
    ),
    "a pushed request refused": (400, lambda hub, sent: hub.post("/oauth/par", data={"scope": "x"}, headers=sent)),
    "a revocation": (200, lambda hub, sent: hub.post("/oauth/revoke", data={"token": "x"}, headers=sent)),
}


@pytest.mark.parametrize("what", REQUESTS)
async def test_an_answer_is_read_by_pages_of_the_client_it_is_for(hub: httpx.AsyncClient, what: str) -> None:
    status, ask = REQUESTS[what]
    for origin, allowed in ((APP, APP), (OTHER, None), (STRANGE, None)):
        answer = await ask(hub, {"origin": origin})
        assert answer.status_code == status, answer.text
        assert answer.headers.get(EXPECTED) == allowed
    assert "access-control-allow-credentials" not in answer.headers


async def test_userinfo_is_readable_by_pages_of_the_signed_in_client(hub: httpx.AsyncClient, stage: Stage) -> None:
    await stage.user()
    await stage.sign_in()
    login = {"authorization": f"Bearer {(await stage.granted('spa', scope='openid'))['access_token']}"}
    for origin, allowed in ((APP, APP), (OTHER, None)):
        answer = await hub.get("/oauth/userinfo", headers=login | {"origin": origin}, auth=None)
        assert (answer.status_code, answer.headers.get(EXPECTED)) == (200, allowed)


async def test_a_preflight_is_answered_for_the_origins_of_all_clients(hub: httpx.AsyncClient) -> None:
    headers = {"access-control-request-method": "POST", "access-control-request-headers": "authorization, dpop"}
    for path in ("/oauth/token", "/oauth/par", "/oauth/revoke", "/oauth/userinfo"):
        for origin, allowed in ((APP, APP), (OTHER, OTHER), (STRANGE, None)):
            answer = await hub.options(path, headers=headers | {"origin": origin})
            assert answer.headers.get(EXPECTED) == allowed


async def test_metadata_and_keys_are_open_and_the_pages_closed(hub: httpx.AsyncClient) -> None:
    for path in ("/.well-known/openid-configuration", "/.well-known/oauth-protected-resource", "/oauth/jwks"):
        answer = await hub.get(path, headers={"origin": STRANGE})
        assert (answer.status_code, answer.headers[EXPECTED]) == (200, "*")
    for path in ("/oauth/authorize", "/oauth/login", "/oauth/consent", "/oauth/account", "/oauth/introspect"):
        answer = await hub.get(path, headers={"origin": APP})
        assert EXPECTED not in answer.headers
