"""The code grant: PKCE for all clients, exact redirect URIs, single use, and responses that name their issuer."""

from __future__ import annotations

import asyncio
from urllib.parse import urlencode

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from hub.auth.macs import mac
from hub.auth.server.authorize import SIGNED_IN_AFTER
from hub.store.oauth import users
from tests.auth.server.harness import (
    CALLBACK,
    CAUSE,
    ISSUER,
    Pkce,
    Stage,
    a_client,
    ath,
    claims_of,
    redirect_parameters,
    refused,
)


@pytest.fixture
async def ready(stage: Stage) -> Stage:
    """A public client, and a user in the browser."""
    await stage.client(a_client("spa"))
    await stage.user()
    await stage.sign_in()
    return stage


def page(response: httpx.Response) -> str:
    """Return the text of an error page, which must not redirect."""
    assert response.status_code == 400
    assert "location" not in response.headers
    assert response.headers["content-type"].startswith("text/html")
    return response.text


async def test_the_whole_flow_for_a_public_client(ready: Stage) -> None:
    pkce = Pkce()
    response = await ready.authorize("spa", pkce, scope="complaints:read", nonce="n-1")
    assert response.headers["location"].startswith("/oauth/consent?next=%2Foauth%2Fauthorize%3F")
    answer = redirect_parameters(await ready.decide(response))
    assert set(answer) == {"code", "state", "iss"}
    assert (answer["state"], answer["iss"]) == ("st-1", ISSUER)
    body = (await ready.exchange("spa", answer["code"], pkce)).json()
    claims = claims_of(body["access_token"])
    assert (claims["sub"], claims["client_id"], claims["scope"]) == ("u_budi", "spa", "complaints:read")
    assert {"gid", "jti"} <= claims.keys()
    assert body["refresh_token"]
    assert "id_token" not in body


async def test_a_signed_out_user_signs_in_and_returns(stage: Stage) -> None:
    await stage.client(a_client("spa"))
    response = await stage.authorize("spa", Pkce())
    assert response.status_code == 303
    assert response.headers["location"].startswith("/oauth/login?next=%2Foauth%2Fauthorize%3F")


async def test_consent_is_remembered_until_more_is_requested(ready: Stage) -> None:
    await ready.code("spa", Pkce(), scope="complaints:read")
    assert "code" in redirect_parameters(await ready.authorize("spa", Pkce(), scope="complaints:read"))
    more = await ready.authorize("spa", Pkce(), scope="complaints:read openid")
    assert more.headers["location"].startswith("/oauth/consent")
    again = await ready.authorize("spa", Pkce(), scope="complaints:read", prompt="consent")
    assert again.headers["location"].startswith("/oauth/consent")


async def test_a_refusal_is_brought_to_the_client(ready: Stage) -> None:
    response = await ready.authorize("spa", Pkce())
    answer = redirect_parameters(await ready.decide(response, consent=False))
    assert (answer["error"], answer["state"], answer["iss"]) == ("access_denied", "st-1", ISSUER)


@pytest.mark.parametrize(
    "over",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": None},
        {"code_challenge": "short"},
    ],
    ids=["none", "plain", "no method", "short"],
)
async def test_pkce_is_demanded_of_public_and_confidential_clients(ready: Stage, over: dict[str, str | None]) -> None:
    await ready.client(a_client("web", "client_secret_basic"))
    for client in ("spa", "web"):
        answer = redirect_parameters(await ready.authorize(client, Pkce(), **over))
        assert (answer["error"], answer["iss"], answer["state"]) == ("invalid_request", ISSUER, "st-1")


@pytest.mark.parametrize(
    "uri",
    [
        None,
        "https://evil.example/callback",
        f"{CALLBACK}/",
        f"{CALLBACK}?x=1",
        "https://app.example:444/callback",
        "https://app.example/%63allback",
        "HTTPS://app.example/callback",
    ],
)
async def test_redirect_uris_are_compared_to_the_letter(ready: Stage, uri: str | None) -> None:
    assert "must equal, literally, one that" in page(await ready.authorize("spa", Pkce(), redirect_uri=uri))


async def test_on_this_machine_the_port_is_free(ready: Stage) -> None:
    await ready.client(a_client("cli", redirect_uris=("http://127.0.0.1/cb", "http://[::1]:7/cb")))
    for uri in ("http://127.0.0.1/cb", "http://127.0.0.1:49152/cb", "http://[::1]:9999/cb"):
        response = await ready.authorize("cli", Pkce(), redirect_uri=uri)
        assert response.headers["location"].startswith("/oauth/consent")
    for uri in ("http://127.0.0.1:80/other", "http://127.0.0.1:1@evil.example/cb", "http://localhost:1/cb"):
        page(await ready.authorize("cli", Pkce(), redirect_uri=uri))


async def test_unknown_and_suspended_clients_are_shown_to_the_person(ready: Stage) -> None:
    assert "invalid_client" in page(await ready.authorize("nobody", Pkce()))
    await ready.run("update clients set suspended_at = now()")
    assert "invalid_client" in page(await ready.authorize("spa", Pkce()))


@pytest.mark.parametrize(
    ("over", "error"),
    [
        ({"scope": "payments:read"}, "invalid_scope"),
        ({"resource": "https://other.example"}, "invalid_target"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"request": "e30.e30."}, "request_not_supported"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "dance"}, "invalid_request"),
        ({"max_age": "soon"}, "invalid_request"),
        ({"dpop_jkt": "x"}, "invalid_request"),
        ({"nonce": "n" * 600}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": ""}, "invalid_request"),
    ],
    ids=str,
)
async def test_a_forbidden_request_is_returned_to_the_client(ready: Stage, over: dict[str, str], error: str) -> None:
    answer = redirect_parameters(await ready.authorize("spa", Pkce(), **over))
    assert (answer["error"], answer["state"], answer["iss"]) == (error, "st-1", ISSUER)


@pytest.mark.parametrize(
    "over",
    [
        {"response_type": "é"},
        {"response_type": '"'},
        {"redirect_uri": 'https://e/"'},
        {"redirect_uri": "https://é"},
        {"state": "a\0b"},
    ],
    ids=str,
)
async def test_pitfall_01_odd_text_in_a_description_is_no_fault(ready: Stage, over: dict[str, str]) -> None:
    page(await ready.authorize("spa", Pkce(), **over))


async def test_parameters_may_not_be_repeated(ready: Stage) -> None:
    page(await ready.browser.get("/oauth/authorize?client_id=spa&client_id=spa"))
    page(await ready.browser.get("/oauth/authorize?state=%ff"))


async def test_a_request_may_be_posted_and_is_answered_by_a_303(ready: Stage) -> None:
    pkce = Pkce()
    await ready.code("spa", pkce)
    form = {
        "response_type": "code",
        "client_id": "spa",
        "redirect_uri": CALLBACK,
        "code_challenge": pkce.challenge,
        "code_challenge_method": "S256",
    }
    answer = redirect_parameters(await ready.browser.post("/oauth/authorize", data=form))
    assert set(answer) == {"code", "iss"}


async def test_a_code_is_used_once_and_a_second_time_ends_the_grant(ready: Stage) -> None:
    await ready.client(a_client("web", "client_secret_basic"))
    pkce = Pkce()
    code = await ready.code("web", pkce)
    body = (await ready.exchange("web", code, pkce)).json()
    assert (await ready.introspect("web", body["access_token"]))["active"]
    assert "start again" in refused(await ready.exchange("web", code, pkce), "invalid_grant")
    assert not (await ready.introspect("web", body["access_token"]))["active"]
    refused(await ready.refresh("web", body["refresh_token"]), "invalid_grant")


async def test_pitfall_08_of_five_who_bring_one_code_one_wins(ready: Stage) -> None:
    pkce = Pkce()
    code = await ready.code("spa", pkce)
    answers = await asyncio.gather(*(ready.exchange("spa", code, pkce) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400, 400]


@pytest.mark.parametrize(
    ("over", "error"),
    [
        ({"code_verifier": "w" * 43}, "invalid_grant"),
        ({"code_verifier": ""}, "invalid_request"),
        ({"redirect_uri": "https://evil.example/"}, "invalid_grant"),
    ],
)
async def test_a_code_that_was_shown_wrongly_is_burnt(ready: Stage, over: dict[str, str], error: str) -> None:
    await ready.client(a_client("web", "client_secret_basic"))
    for client in ("spa", "web"):
        pkce = Pkce()
        code = await ready.code(client, pkce)
        refused(await ready.exchange(client, code, pkce, **over), error)
        refused(await ready.exchange(client, code, pkce), "invalid_grant")


async def test_a_code_is_for_its_own_client(ready: Stage) -> None:
    await ready.client(a_client("other"))
    pkce = Pkce()
    refused(await ready.exchange("other", await ready.code("spa", pkce), pkce), "invalid_grant")


async def test_a_code_lives_a_minute(ready: Stage) -> None:
    pkce = Pkce()
    code = await ready.code("spa", pkce)
    ((seconds,),) = await ready.rows("select extract(epoch from expires_at - now()) from authorization_codes")
    assert 50 < seconds <= 60
    await ready.run("update authorization_codes set expires_at = now()")
    refused(await ready.exchange("spa", code, pkce), "invalid_grant")


async def test_a_user_gets_no_more_than_they_have(ready: Stage) -> None:
    body = await ready.granted("spa", scope="complaints:read complaints:submit")
    assert body["scope"] == "complaints:read"
    async with ready.database.write(CAUSE) as db:
        await users.set_scopes(db, "u_budi", ())
    answer = redirect_parameters(
        await ready.decide(await ready.authorize("spa", Pkce(), scope="complaints:submit", prompt="consent"))
    )
    assert answer["error"] == "invalid_scope"


async def test_a_suspended_user_cannot_sign_in_or_redeem_a_code(ready: Stage) -> None:
    pkce = Pkce()
    code = await ready.code("spa", pkce)
    async with ready.database.write(CAUSE) as db:
        await users.suspend(db, "u_budi")
    refused(await ready.exchange("spa", code, pkce), "invalid_grant")
    assert (await ready.authorize("spa", Pkce())).headers["location"].startswith("/oauth/login")


async def test_the_id_token_names_user_and_time_of_sign_in(ready: Stage) -> None:
    body = await ready.granted("spa", scope="openid complaints:read", nonce="n" * 64)
    keys = KeySet.import_key_set((await ready.http.get("/oauth/jwks")).json())
    token = jwt.decode(body["id_token"], keys, algorithms=["ES256"])
    assert token.header["typ"] == "JWT"
    claims = token.claims
    assert (claims["iss"], claims["aud"], claims["sub"], claims["nonce"]) == (ISSUER, "spa", "u_budi", "n" * 64)
    ((at,),) = await ready.rows("select extract(epoch from signed_in_at) from sessions")
    assert claims["auth_time"] == int(at)
    assert ath(body["access_token"]).startswith(claims["at_hash"][:20])
    assert claims["exp"] > claims["iat"]


async def test_userinfo_contains_no_more_than_the_agency(ready: Stage) -> None:
    await ready.run("update users set agency_code = 'DISHUB'")
    body = await ready.granted("spa", scope="openid")
    login = {"authorization": f"Bearer {body['access_token']}"}
    answer = await ready.http.get("/oauth/userinfo", headers=login)
    assert answer.json() == {"sub": "u_budi", "kind": "OFFICER", "agency": "DISHUB"}
    other = await ready.granted("spa", scope="complaints:read")
    answer = await ready.http.post("/oauth/userinfo", headers={"authorization": f"bearer {other['access_token']}"})
    assert (answer.status_code, 'error="insufficient_scope"' in answer.headers["www-authenticate"]) == (403, True)


async def test_pitfall_11_a_missing_token_is_challenged_without_error(ready: Stage) -> None:
    answer = await ready.http.get("/oauth/userinfo")
    metadata = f'resource_metadata="{ISSUER}/.well-known/oauth-protected-resource"'
    challenge = f'Bearer scope="openid", {metadata}'
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, challenge)
    answer = await ready.http.get("/oauth/userinfo", headers={"authorization": "Bearer nonsense"})
    assert answer.headers["www-authenticate"].startswith('Bearer error="invalid_token"')


async def test_prompts_and_ages(ready: Stage) -> None:
    await ready.code("spa", Pkce(), scope="complaints:read")
    for over in ({"prompt": "login"}, {"max_age": "60"}):
        await ready.run("update sessions set signed_in_at = now() - interval '1 hour'")
        response = await ready.authorize("spa", Pkce(), scope="complaints:read", **over)
        assert response.headers["location"].startswith("/oauth/login")
        back = httpx.URL(ISSUER).join(response.headers["location"]).params["next"]
        await ready.sign_in()
        assert "code" in redirect_parameters(await ready.browser.get(back))
    assert (
        redirect_parameters(await ready.authorize("spa", Pkce(), prompt="none", scope="openid"))["error"]
        == "consent_required"
    )
    ready.browser.cookies.clear()
    for scope in ("openid", "complaints:read"):
        assert (
            redirect_parameters(await ready.authorize("spa", Pkce(), prompt="none", scope=scope))["error"]
            == "login_required"
        )


@pytest.mark.parametrize("written", ["1", "99999999999999", "-1", "soon", ""])
async def test_a_forged_auth_time_does_not_satisfy_a_new_sign_in(ready: Stage, written: str) -> None:
    await ready.run("update sessions set signed_in_at = now() - interval '1 hour'")
    for over in ({"prompt": "login"}, {"max_age": "60"}):
        response = await ready.authorize("spa", Pkce(), scope="openid", signed_in_after=written, **over)
        assert response.headers["location"].startswith("/oauth/login")


async def test_auth_time_of_a_sign_in_counts_for_that_request_only(ready: Stage) -> None:
    pkce = Pkce()
    first = await ready.authorize("spa", pkce, scope="openid", prompt="login")
    back = httpx.URL(ISSUER).join(first.headers["location"]).params["next"]
    mark = httpx.URL(ISSUER).join(back).params["signed_in_after"]
    await ready.sign_in()
    assert (await ready.browser.get(back)).headers["location"].startswith("/oauth/consent")
    for over in ({"nonce": "another"}, {"code_challenge": Pkce().challenge}, {"scope": "complaints:read"}):
        parameters = {"scope": "openid", "prompt": "login", "signed_in_after": mark} | over
        response = await ready.authorize("spa", pkce, **parameters)
        assert response.headers["location"].startswith("/oauth/login"), over


@pytest.mark.parametrize("age", [0, 501])
async def test_auth_time_expires_and_cannot_be_set_by_the_browser(ready: Stage, age: int) -> None:
    response = await ready.authorize("spa", Pkce(), scope="openid", prompt="login")
    back = httpx.URL(ISSUER).join(response.headers["location"]).params["next"]
    query = dict(httpx.URL(ISSUER).join(back).params)
    at, _, shown = query.pop("signed_in_after").partition("-")
    await ready.sign_in()
    earlier = str(int(at) - age - 1)
    forged = query | {"signed_in_after": f"{earlier}-{shown}"}
    assert (await ready.browser.get("/oauth/authorize", params=forged)).headers["location"].startswith("/oauth/login")
    signed = query | {"signed_in_after": f"{earlier}-{mac(b's' * 32, SIGNED_IN_AFTER, earlier, urlencode(query))}"}
    after = await ready.browser.get("/oauth/authorize", params=signed)
    assert after.headers["location"].startswith("/oauth/login" if age else "/oauth/consent")


@pytest.mark.parametrize(
    ("method", "uri", "silent"),
    [
        ("none", "http://127.0.0.1/cb", False),
        ("none", "id.example.app:/cb", False),
        ("none", CALLBACK, True),
        ("client_secret_basic", "http://127.0.0.1/cb", True),
    ],
)
async def test_only_an_unforgeable_client_skips_the_consent_prompt(
    ready: Stage, method: str, uri: str, silent: bool
) -> None:
    await ready.client(a_client("app", method, redirect_uris=(uri,)))
    first = await ready.authorize("app", Pkce(), redirect_uri=uri, scope="openid")
    assert "code=" in (await ready.decide(first)).headers["location"]
    again = await ready.authorize("app", Pkce(), redirect_uri=uri, scope="openid")
    assert ("code=" if silent else "/oauth/consent") in again.headers["location"]
    response = await ready.authorize("app", Pkce(), redirect_uri=uri, scope="openid", prompt="none")
    assert ("code=" if silent else "error=consent_required") in response.headers["location"]


@pytest.mark.parametrize(
    "ended", ["update sessions set expires_at = now()", "update users set suspended_at = now() where id = 'u_budi'"]
)
async def test_an_expired_or_suspended_users_session_is_refused(ready: Stage, ended: str) -> None:
    assert (await ready.authorize("spa", Pkce())).headers["location"].startswith("/oauth/consent")
    await ready.run(ended)
    assert (await ready.authorize("spa", Pkce())).headers["location"].startswith("/oauth/login")


async def test_a_page_returns_only_an_authorization_request(ready: Stage) -> None:
    for back in ("https://evil.example/", "//evil.example/oauth/authorize?x=1", "/oauth/token?x", "/oauth/authorize"):
        page(await ready.browser.post("/test/decide", json={"next": back, "consent": True}))
