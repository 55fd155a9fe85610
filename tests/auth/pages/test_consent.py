"""Consent: what the page says, that it is remembered and asked for again, and how it is taken back."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from hub.auth.pages.sheet import source
from tests.auth.pages.stage import PASSWORD, Stage, told
from tests.auth.server.stage import CALLBACK, a_client


async def consent(stage: Stage, scope: str = "openid complaints:read", **over: str) -> httpx.Response:
    """The consent page for somebody who has just signed in, or what came instead of it."""
    shown = await stage.get(stage.asked(scope, **over))
    if "password" not in shown.text:
        return shown
    answer = await stage.send(shown, username="petugas", password=PASSWORD)
    return await stage.get(answer.headers["location"])


@pytest.fixture
async def ready(stage: Stage) -> Stage:
    await stage.officer()
    await stage.client()
    return stage


async def test_the_page_says_who_asks_for_what_and_where_the_answer_goes(ready: Stage) -> None:
    shown = await consent(ready)
    for text in ("App c_app", "PT Uji", "https://app.example", "petugas"):
        assert f"<strong>{text}</strong>" in shown.text or f"({'oleh'} {text})" in shown.text
    assert "Mengetahui bahwa Anda sudah masuk" in shown.text
    assert "complaints:read" not in shown.text.partition("<form")[0]
    english = await ready.get(str(shown.url.copy_add_param("lang", "en")))
    assert "Know that you signed in" in english.text


async def test_consent_is_remembered_and_new_scopes_ask_again(ready: Stage) -> None:
    assert "code" in told(await ready.send(await consent(ready), answer="allow"))
    assert "code" in told(await consent(ready))
    assert "code" in told(await consent(ready, "complaints:read"))
    assert (await consent(ready, "complaints:read complaints:submit")).status_code == 200


async def test_the_client_hears_that_consent_was_denied(ready: Stage) -> None:
    answer = told(await ready.send(await consent(ready), answer="deny"))
    assert (answer["error"], answer["state"]) == ("access_denied", "st-1")
    assert (await consent(ready)).status_code == 200


async def test_an_answer_that_is_neither_is_a_denial(ready: Stage) -> None:
    assert told(await ready.send(await consent(ready)))["error"] == "access_denied"


async def test_a_forged_consent_gives_nothing(ready: Stage) -> None:
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
async def test_a_request_that_is_none_is_told_to_the_person(ready: Stage, back: str) -> None:
    await ready.sign_in()
    assert (await ready.browser.get("/oauth/consent", params={"next": back})).status_code == 400
    shown = await ready.get("/oauth/account")
    form = {"form": shown.text.partition('name="form" value="')[2].partition('"')[0], "next": back}
    for answer in ("allow", "deny", "switch"):
        response = await ready.browser.post("/oauth/consent", data={**form, "answer": answer})
        assert response.status_code in (303, 400, 403)
        assert "evil" not in response.headers.get("location", "")


async def test_somebody_without_the_rights_is_told_so(ready: Stage) -> None:
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
    assert source(uri) == SOURCES[uri]


async def test_the_policy_lets_the_answer_go_to_the_client_and_nowhere_else(stage: Stage) -> None:
    await stage.officer()
    await stage.client(replace(a_client("c_app"), redirect_uris=(CALLBACK, "id.example.app:/cb")))
    shown = await consent(stage)
    assert "form-action 'self' https://app.example;" in shown.headers["content-security-policy"]
