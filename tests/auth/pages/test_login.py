"""Signing in with a local account: what works, what is refused, and that every refusal looks the same."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.auth import passwords
from hub.store.access import identities
from hub.web.rates import Budgets
from tests.auth.pages.conftest import empty
from tests.auth.pages.stage import PASSWORD, Stage, fields, staged, told
from tests.auth.server.stage import CAUSE, a_client


def plain(response: httpx.Response) -> str:
    """The page without what differs by form and by what was typed."""
    return re.sub(r'name="form" value="[^"]*"|id="username"[^>]*', "", response.text)


async def test_an_officer_signs_in_and_goes_on_to_the_client(stage: Stage) -> None:
    await stage.officer()
    await stage.client()
    shown = await stage.get(stage.asked())
    assert "App c_app" in shown.text
    assert "PT Uji" in shown.text
    answer = await stage.send(shown, username="petugas", password=PASSWORD)
    assert answer.status_code == 303
    consent = await stage.get(answer.headers["location"])
    done = await stage.send(consent, answer="allow")
    assert (done.status_code, told(done)["state"]) == (303, "st-1")
    assert len(told(done)["code"]) == 43


async def test_without_a_request_one_comes_to_the_account(stage: Stage) -> None:
    await stage.officer()
    assert (await stage.sign_in()).headers["location"] == "/oauth/account"


@pytest.mark.parametrize(
    "back",
    ["https://evil.example/", "//evil.example", "/oauth/authorize", "/oauth/authorized?x", "\\\\evil", "javascript:1"],
)
async def test_no_address_elsewhere_is_gone_on_to(stage: Stage, back: str) -> None:
    await stage.officer()
    assert (await stage.sign_in(back=back)).headers["location"] == "/oauth/account"


async def test_a_session_is_new_with_every_sign_in(stage: Stage) -> None:
    await stage.officer()
    stage.browser.cookies.set("hub", "prepared-by-somebody", domain="127.0.0.1")
    answer = await stage.sign_in()
    cookie = answer.headers["set-cookie"]
    assert "prepared-by-somebody" not in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "prepared" not in str(await stage.rows("select encode(hash, 'hex') from sessions"))


async def test_every_refusal_looks_the_same(stage: Stage) -> None:
    await stage.officer()
    await stage.officer("ditangguhkan")
    await stage.officer("warga", "CITIZEN")
    await stage.officer("menunggu")
    await stage.run("update users set suspended_at = now() where username = 'ditangguhkan'")
    await stage.run("update users set locked_until = now() + interval '1 minute' where username = 'menunggu'")
    wrong = await stage.sign_in(password="salah sekali ini")
    assert wrong.status_code == 400
    for name in ("tidak-ada", "ditangguhkan", "warga", "menunggu", "x" * 200):
        other = await stage.sign_in(name)
        assert (other.status_code, plain(other)) == (400, plain(wrong)), name
    assert await stage.rows("select count(*) from sessions") == [(0,)]


async def test_an_unknown_name_costs_the_same_work(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str | None] = []

    async def is_right(held: str | None, password: str) -> bool:
        compared.append(held)
        return False

    monkeypatch.setattr(passwords, "is_right", is_right)
    await stage.officer()
    await stage.sign_in()
    await stage.sign_in("tidak-ada")
    assert [held is None for held in compared] == [False, True]


async def test_failures_make_the_next_attempt_wait_longer_and_longer(stage: Stage) -> None:
    await stage.officer()
    waits = []
    for _ in range(15):
        await stage.run("update users set locked_until = null")
        async with stage.database.write(CAUSE) as db:
            assert await identities.attempt(db, "petugas")
        (wait,) = (await stage.rows("select extract(epoch from locked_until - now()) from users"))[0]
        waits.append(0 if wait is None else round(float(wait)))
    assert waits == [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


async def test_while_one_has_to_wait_the_right_password_is_refused_and_after_that_not(stage: Stage) -> None:
    await stage.officer()
    await stage.run("update users set failures = 9, locked_until = now() + interval '1 minute'")
    assert (await stage.sign_in()).status_code == 400
    await stage.run("update users set locked_until = now()")
    assert (await stage.sign_in()).status_code == 303
    assert await stage.rows("select failures, locked_until from users") == [(0, None)]


async def test_many_guesses_at_once_are_no_more_than_one_after_another(stage: Stage) -> None:
    await stage.officer()

    async def guess() -> bool:
        async with stage.database.write(CAUSE) as db:
            return await identities.attempt(db, "petugas") is not None

    assert sum(await asyncio.gather(*[guess() for _ in range(30)])) == identities.FREE + 1


async def test_attempts_have_a_budget(pages_url: str) -> None:
    async with staged(pages_url, budgets=Budgets(login=2)) as stage:
        await empty(stage)
        answers = [await stage.sign_in("siapa", "salah sekali ini") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [400, 400, 429]
    assert int(answers[2].headers["retry-after"]) >= 1
    assert answers[2].headers["retry-after"] in answers[2].text


async def test_a_hash_of_weaker_parameters_is_made_again(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    await stage.officer()
    before = await stage.rows("select password_hash from users")
    monkeypatch.setattr(passwords, "is_dated", lambda held: True)
    assert (await stage.sign_in()).status_code == 303
    assert await stage.rows("select password_hash from users") != before
    assert "petugas" in (await stage.get("/oauth/account")).text


async def test_what_is_left_out_is_asked_for(stage: Stage) -> None:
    shown = await stage.sign_in("petugas", "")
    assert (shown.status_code, "Isi nama pengguna" in shown.text) == (400, True)
    assert 'value="petugas"' in shown.text
    assert 'aria-invalid="true" aria-describedby="problem"' in shown.text


FORGED = {
    "another site by origin": {"Origin": "https://evil.example"},
    "a page without origin": {"Origin": "null"},
    "another site by what the browser says": {"Sec-Fetch-Site": "cross-site"},
    "a sister site": {"Sec-Fetch-Site": "same-site"},
}


@pytest.mark.parametrize("case", FORGED)
async def test_a_form_from_elsewhere_is_refused(stage: Stage, case: str) -> None:
    await stage.officer()
    shown = await stage.get("/oauth/login")
    answer = await stage.send(shown, FORGED[case], username="petugas", password=PASSWORD)
    assert (answer.status_code, await stage.rows("select count(*) from sessions")) == (403, [(0,)])


async def test_a_form_with_a_token_of_another_browser_is_refused(stage: Stage) -> None:
    await stage.officer()
    shown = await stage.get("/oauth/login")
    for strange in ("", "0" * 64, "é"):
        answer = await stage.send(shown, form=strange, username="petugas", password=PASSWORD)
        assert answer.status_code == 403
    stage.browser.cookies.clear()
    assert (await stage.send(shown, username="petugas", password=PASSWORD)).status_code == 403


async def test_a_form_from_before_signing_in_is_refused_after_it(stage: Stage) -> None:
    await stage.officer()
    shown = await stage.get("/oauth/login")
    assert (await stage.send(shown, username="petugas", password=PASSWORD)).status_code == 303
    assert (await stage.send(shown, username="petugas", password=PASSWORD)).status_code == 403


@pytest.mark.parametrize("body", [b"\xff\xfe", b"username=a&username=b", b"a=1&" * 30, b"username=%00", b"x" * 9_000])
async def test_a_body_that_is_no_form_is_refused(stage: Stage, body: bytes) -> None:
    assert (await stage.browser.post("/oauth/login", content=body)).status_code == 403


async def test_the_language_is_the_readers_and_stays_what_was_chosen(stage: Stage) -> None:
    assert '<html lang="id">' in (await stage.get("/oauth/login")).text
    assert '<html lang="en">' in (await stage.get("/oauth/login", **{"Accept-Language": "en-GB"})).text
    chosen = await stage.get("/oauth/login?lang=en&next=x")
    assert "User name" in chosen.text
    assert 'href="/oauth/login?next=x&amp;lang=id"' in chosen.text
    assert '<html lang="en">' in (await stage.get("/oauth/login")).text
    assert '<html lang="en">' in (await stage.get("/oauth/login?lang=%3Cb%3E")).text


async def test_the_pages_load_nothing_from_elsewhere_and_run_nothing(stage: Stage) -> None:
    await stage.client()
    shown = await stage.get(stage.asked())
    assert shown.headers["content-security-policy"] == (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
        "form-action 'self' https://app.example; frame-ancestors 'none'"
    )
    assert (shown.headers["referrer-policy"], shown.headers["cache-control"]) == ("same-origin", "no-store")
    assert not re.search(r"<script|<style| style=| on[a-z]+=|(src|href)=\"(https?:)?//", shown.text)


async def test_what_others_wrote_is_text_on_the_page(stage: Stage) -> None:
    await stage.client(replace(a_client("c_app"), name='<img src=x onerror="alert(1)">', organisation="$name </p>"))
    shown = await stage.get(stage.asked(state='"><script>'))
    assert "<img src=x" not in shown.text
    assert "<script" not in shown.text
    assert "$name &lt;/p&gt;" in shown.text
    assert fields(shown)["next"].startswith("/oauth/authorize?")


async def test_on_https_the_cookies_are_of_this_host_only() -> None:
    from hub.auth.pages.forms import Forms
    from hub.auth.server.interaction import Interaction

    assert Forms("https://hub.example", b"s", Interaction("https://hub.example")).cookie == "__Host-hub-form"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=60))
async def test_whatever_is_typed_is_no_fault(stage: Stage, name: str, password: str, back: str) -> None:
    clean = [part.encode("utf-8", "replace").decode() for part in (name, password, back)]
    shown = await stage.browser.get("/oauth/login", params={"next": clean[2], "lang": clean[0]})
    answer = await stage.send(shown, username=clean[0], password=clean[1], next=clean[2])
    assert shown.status_code == 200
    assert answer.status_code in (400, 403, 429)
