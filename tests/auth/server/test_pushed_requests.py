"""Pushed authorization requests (RFC 9126)."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from hub.store.oauth import pushed_requests
from tests.auth.server.harness import (
    CALLBACK,
    Pkce,
    Stage,
    a_client,
    a_key,
    assertion,
    jwks,
    redirect_parameters,
    refused,
)
from tests.auth.server.test_authorization_code import page

KEY = a_key()


@pytest.fixture
async def ready(stage: Stage) -> Stage:
    """A client that signs and must push, and a user in the browser."""
    await stage.client(a_client("fapi", "private_key_jwt", jwks=jwks(KEY), must_push=True))
    await stage.user()
    await stage.sign_in()
    return stage


async def push(stage: Stage, pkce: Pkce, **over: str) -> httpx.Response:
    form = {
        "response_type": "code",
        "client_id": "fapi",
        "redirect_uri": CALLBACK,
        "code_challenge": pkce.challenge,
        "code_challenge_method": "S256",
        "state": "st-2",
        "scope": "complaints:read",
    }
    return await stage.http.post("/oauth/par", data=form | assertion(KEY, "fapi") | over)


async def test_a_browser_carries_nothing_but_its_name(ready: Stage) -> None:
    pkce = Pkce()
    pushed = await push(ready, pkce)
    assert pushed.status_code == 201
    body = pushed.json()
    assert body["request_uri"].startswith("urn:ietf:params:oauth:request_uri:")
    assert 0 < body["expires_in"] < 600
    parameters = {"client_id": "fapi", "request_uri": body["request_uri"], "scope": "openid", "state": "other"}
    answer = redirect_parameters(await ready.decide(await ready.browser.get("/oauth/authorize", params=parameters)))
    assert answer["state"] == "st-2"
    token = await ready.exchange("fapi", answer["code"], pkce, **assertion(KEY, "fapi"))
    assert token.json()["scope"] == "complaints:read"
    page(await ready.browser.get("/oauth/authorize", params=parameters))


async def test_looking_does_not_use_it_up_but_each_code_does(ready: Stage) -> None:
    body = (await push(ready, Pkce())).json()
    parameters = {"client_id": "fapi", "request_uri": body["request_uri"]}
    for _ in range(3):
        response = await ready.browser.get("/oauth/authorize", params=parameters)
        assert response.headers["location"].startswith("/oauth/consent")
    assert "code" in redirect_parameters(await ready.decide(response))
    page(await ready.decide(response))


async def test_it_is_for_its_own_client_and_for_a_while(ready: Stage) -> None:
    await ready.client(a_client("spa"))
    body = (await push(ready, Pkce())).json()
    page(await ready.browser.get("/oauth/authorize", params={"client_id": "spa", "request_uri": body["request_uri"]}))
    page(await ready.browser.get("/oauth/authorize", params={"client_id": "fapi", "request_uri": "https://e.example"}))
    await ready.run("update pushed_requests set expires_at = now()")
    page(await ready.browser.get("/oauth/authorize", params={"client_id": "fapi", "request_uri": body["request_uri"]}))


async def test_a_client_that_must_push_cannot_request_directly(ready: Stage) -> None:
    answer = redirect_parameters(await ready.authorize("fapi", Pkce()))
    assert answer["error"] == "invalid_request"
    assert "/oauth/par" in answer["error_description"]


@pytest.mark.parametrize(
    ("over", "error"),
    [
        ({"redirect_uri": "https://evil.example/"}, "invalid_request"),
        ({"scope": "payments:read"}, "invalid_scope"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"request_uri": "urn:x"}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "é"}, "invalid_request"),
        ({"resource": "https://other.example"}, "invalid_target"),
    ],
    ids=str,
)
async def test_what_would_be_refused_later_is_refused_now(ready: Stage, over: dict[str, str], error: str) -> None:
    refused(await push(ready, Pkce(), **over), error)
    assert await ready.rows("select * from pushed_requests") == []


async def test_secrets_are_not_kept_with_it(ready: Stage) -> None:
    await push(ready, Pkce())
    ((kept,),) = await ready.rows("select parameters::text from pushed_requests")
    assert "client_assertion" not in kept


async def test_an_unauthenticated_client_cannot_push(ready: Stage) -> None:
    refused(await push(ready, Pkce(), client_assertion="a.b.c"), "invalid_client", 401)


async def test_a_request_that_is_too_large_is_not_kept(ready: Stage) -> None:
    description = refused(await push(ready, Pkce(), state="x" * 8_192), "invalid_request", 413)
    assert description == "A pushed request may have 8,192 characters."
    assert await ready.rows("select * from pushed_requests") == []
    assert (await push(ready, Pkce(), state="x" * 7_000)).status_code == 201


async def test_of_one_client_the_newest_are_kept_and_of_others_all(
    ready: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pushed_requests, "MAX_PER_CLIENT", 3)
    await ready.client(a_client("spa"))
    other = (await push(ready, Pkce())).json()["request_uri"]
    form = {"response_type": "code", "client_id": "spa", "redirect_uri": CALLBACK, "scope": "complaints:read"}
    pushed = []
    for _ in range(5):
        pkce = {"code_challenge": Pkce().challenge, "code_challenge_method": "S256"}
        pushed.append((await ready.http.post("/oauth/par", data=form | pkce)).json()["request_uri"])
    answers = []
    for uri in pushed:
        parameters = {"client_id": "spa", "request_uri": uri}
        answers.append((await ready.browser.get("/oauth/authorize", params=parameters)).status_code)
    assert answers == [400, 400, 303, 303, 303]
    kept = await ready.browser.get("/oauth/authorize", params={"client_id": "fapi", "request_uri": other})
    assert kept.status_code == 303


async def test_one_that_was_used_is_gone(ready: Stage) -> None:
    body = (await push(ready, Pkce())).json()
    parameters = {"client_id": "fapi", "request_uri": body["request_uri"]}
    assert "code" in redirect_parameters(
        await ready.decide(await ready.browser.get("/oauth/authorize", params=parameters))
    )
    assert await ready.rows("select * from pushed_requests") == []


async def test_of_two_answers_at_once_one_uses_it(ready: Stage) -> None:
    body = (await push(ready, Pkce())).json()
    shown = await ready.browser.get(
        "/oauth/authorize", params={"client_id": "fapi", "request_uri": body["request_uri"]}
    )
    answers = await asyncio.gather(*(ready.decide(shown) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [303, 400, 400, 400]
    assert await ready.rows("select count(*) from authorization_codes") == [(1,)]
