"""Consent: the content of the page, how long it is remembered, and how it is revoked."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from hub.auth.server.rendering import csp_source
from tests.auth.pages.harness import PASSWORD, Stage, redirect_parameters
from tests.auth.server.harness import CALLBACK, a_client


async def consent(stage: Stage, scope: str = "openid complaints:read", **over: str) -> httpx.Response:
    """Return the consent page for a user who has just signed in, or the page instead of it."""
    shown = await stage.get(stage.authorization_path(scope, **over))
    if "password" not in shown.text:
        return shown
    answer = await stage.send(shown, username="petugas", password=PASSWORD)
    return await stage.get(answer.headers["location"])


@pytest.fixture
async def ready(stage: Stage) -> Stage:
    await stage.officer()
    await stage.client()
    return stage


async def test_the_page_shows_client_scopes_and_redirect_target(ready: Stage) -> None:
    shown = await consent(ready)
    for text in ("App c_app", "PT Uji", "https://app.example", "petugas"):
        assert f"<strong>{text}</strong>" in shown.text or f"({'oleh'} {text})" in shown.text
    assert "Mengetahui bahwa Anda sudah masuk" in shown.text
    assert "complaints:read" not in shown.text.partition("<form")[0]
    english = await ready.get(str(shown.url.copy_add_param("lang", "en")))
    assert "Know that you signed in" in english.text


async def test_consent_is_remembered_until_new_scopes_are_requested(ready: Stage) -> None:
    assert "code" in redirect_parameters(await ready.send(await consent(ready), answer="allow"))
    assert "code" in redirect_parameters(await consent(ready))
    assert "code" in redirect_parameters(await consent(ready, "complaints:read"))
    assert (await consent(ready, "complaints:read complaints:submit")).status_code == 200


async def test_the_client_is_notified_of_denied_consent(ready: Stage) -> None:
    answer = redirect_parameters(await ready.send(await consent(ready), answer="deny"))
    assert (answer["error"], answer["state"]) == ("access_denied", "st-1")
    assert (await consent(ready)).status_code == 200


async def test_an_answer_that_is_neither_is_a_denial(ready: Stage) -> None:
    assert redirect_parameters(await ready.send(await consent(ready)))["error"] == "access_denied"


async def test_a_forged_consent_grants_nothing(ready: Stage) -> None:
    shown = await consent(ready)
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert (await ready.send(shown, headers, answer="allow")).status_code == 403
    assert (await ready.send(shown, form="", answer="allow")).status_code == 403
    assert await ready.rows("select count(*) from consents") == [(0,)]


async def test_somebody_else_can_sign_in_instead(ready: Stage) -> None:
    await ready.officer("lain")
    other = await ready.send(await consent(ready), answer="switch")
    shown = await ready.get(other.headers["location"])
    answer = await ready.send(shown, username="lain", password=PASSWORD)
    assert "<strong>lain</strong>" in (await ready.get(answer.headers["location"])).text
    assert await ready.rows("select count(*) from sessions") == [(1,)]


@pytest.mark.parametrize("back", ["", "/oauth/authorize?client_id=x", "https://evil.example", "/oauth/authorize?%00"])
async def test_an_invalid_request_is_shown_to_the_person(ready: Stage, back: str) -> None:
    await ready.sign_in()
    assert (await ready.browser.get("/oauth/consent", params={"next": back})).status_code == 400
    shown = await ready.get("/oauth/account")
    form = {"form": shown.text.partition('name="form" value="')[2].partition('"')[0], "next": back}
    for answer in ("allow", "deny", "switch"):
        response = await ready.browser.post("/oauth/consent", data={**form, "answer": answer})
        assert response.status_code in (303, 400, 403)
        assert "evil" not in response.headers.get("location", "")


async def test_a_user_without_the_scopes_sees_why(ready: Stage) -> None:
    await ready.run("update users set scopes = '{}'")
    shown = await consent(ready, "complaints:read", prompt="consent")
    assert "tidak akan mendapat izin apa pun" in shown.text


async def test_the_account_page_lists_and_takes_back(ready: Stage) -> None:
    await ready.send(await consent(ready), answer="allow")
    shown = await ready.get("/oauth/account")
    assert "App c_app" in shown.text
    assert "PT Uji" in shown.text
    form = {"form": shown.text.partition('name="form" value="')[2].partition('"')[0]}
    gone = await ready.browser.post("/oauth/account", data={**form, "answer": "revoke", "client": "c_app"})
    after = await ready.get(gone.headers["location"])
    assert "Izin dicabut" in after.text
    assert "Belum ada aplikasi" in after.text
    assert await ready.rows("select count(*) from grants where revoked_at is null") == [(0,)]
    assert (await consent(ready)).status_code == 200


async def test_nobody_takes_back_what_others_gave(ready: Stage) -> None:
    await ready.send(await consent(ready), answer="allow")
    await ready.officer("lain")
    await ready.sign_in("lain")
    shown = await ready.get("/oauth/account")
    form = {"form": shown.text.partition('name="form" value="')[2].partition('"')[0]}
    await ready.browser.post("/oauth/account", data={**form, "answer": "revoke", "client": "c_app"})
    assert await ready.rows("select count(*) from consents") == [(1,)]
    assert await ready.rows("select count(*) from grants where revoked_at is null") == [(1,)]


async def test_signing_out_ends_the_session(ready: Stage) -> None:
    await ready.sign_in()
    gone = await ready.send(await ready.get("/oauth/account"), answer="sign-out")
    assert gone.headers["location"] == "/oauth/login"
    assert await ready.rows("select count(*) from sessions") == [(0,)]
    assert (await ready.browser.get("/oauth/account")).headers["location"] == "/oauth/login"


async def test_a_forged_form_on_the_account_page_does_nothing(ready: Stage) -> None:
    await ready.sign_in()
    answer = await ready.send(await ready.get("/oauth/account"), {"Origin": "null"}, answer="sign-out")
    assert (answer.status_code, await ready.rows("select count(*) from sessions")) == (403, [(1,)])


SOURCES = {
    "https://app.example/callback": "https://app.example",
    "https://app.example:8443/callback?x=1": "https://app.example:8443",
    "http://127.0.0.1:5555/cb": "http://127.0.0.1:*",
    "http://localhost/cb": "http://localhost:*",
    "http://[::1]:5555/cb": "http:",
    "id.example.app:/callback": "id.example.app:",
}


@pytest.mark.parametrize("uri", SOURCES)
def test_where_a_form_may_lead(uri: str) -> None:
    assert csp_source(uri) == SOURCES[uri]


async def test_the_form_action_policy_allows_only_the_client(stage: Stage) -> None:
    await stage.officer()
    await stage.client(replace(a_client("c_app"), redirect_uris=(CALLBACK, "id.example.app:/cb")))
    shown = await consent(stage)
    assert "form-action 'self' https://app.example;" in shown.headers["content-security-policy"]
