"""Sign-in with a local account: what succeeds, what is refused, and that all refusals look the same."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.auth import passwords
from hub.errors import RateLimited
from hub.store.oauth import sign_in_attempts
from hub.web.rate_limits import RateLimiter, RateLimits
from tests.auth.pages.conftest import empty
from tests.auth.pages.harness import HERE, PASSWORD, Stage, fields, redirect_parameters, staged
from tests.auth.server.harness import CAUSE, a_client


def plain(response: httpx.Response) -> str:
    """Return the page without the parts that differ by form and input."""
    return re.sub(r'name="form" value="[^"]*"|id="username"[^>]*', "", response.text)


async def test_an_officer_signs_in_and_goes_on_to_the_client(stage: Stage) -> None:
    await stage.officer()
    await stage.client()
    shown = await stage.get(stage.authorization_path())
    assert "App c_app" in shown.text
    assert "PT Uji" in shown.text
    answer = await stage.send(shown, username="petugas", password=PASSWORD)
    assert answer.status_code == 303
    consent = await stage.get(answer.headers["location"])
    done = await stage.send(consent, answer="allow")
    assert (done.status_code, redirect_parameters(done)["state"]) == (303, "st-1")
    assert len(redirect_parameters(done)["code"]) == 43


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
    await stage.sign_in("menunggu", "salah sekali ini")
    await stage.run(LOCKED)
    wrong = await stage.sign_in(password="salah sekali ini")
    assert wrong.status_code == 400
    for name in ("tidak-ada", "ditangguhkan", "warga", "menunggu", "x" * 200):
        other = await stage.sign_in(name)
        assert (other.status_code, plain(other)) == (400, plain(wrong)), name
    assert await stage.rows("select count(*) from sessions") == [(0,)]


async def test_an_unknown_name_costs_the_same_work(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str | None] = []

    async def is_correct(stored: str | None, password: str) -> bool:
        compared.append(stored)
        return False

    monkeypatch.setattr(passwords, "is_correct", is_correct)
    await stage.officer()
    await stage.sign_in()
    await stage.sign_in("tidak-ada")
    assert [stored is None for stored in compared] == [False, True]


async def test_failures_make_the_next_attempt_wait_longer_and_longer(stage: Stage) -> None:
    waits = []
    for _ in range(15):
        await stage.run("update sign_in_attempts set locked_until = null")
        async with stage.database.write(CAUSE) as db:
            assert await sign_in_attempts.record_attempt(db, b"lane")
        (wait,) = (await stage.rows("select extract(epoch from locked_until - now()) from sign_in_attempts"))[0]
        waits.append(0 if wait is None else round(float(wait)))
    assert waits == [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


async def test_failures_are_forgotten_after_a_day(stage: Stage) -> None:
    async with stage.database.write(CAUSE) as db:
        assert await sign_in_attempts.record_attempt(db, b"lane")
    await stage.run("update sign_in_attempts set failures = 20, expires_at = now()")
    async with stage.database.write(CAUSE) as db:
        assert await sign_in_attempts.record_attempt(db, b"lane")
    assert await stage.rows("select failures, locked_until from sign_in_attempts") == [(1, None)]


LOCKED = "update sign_in_attempts set failures = 9, locked_until = now() + interval '1 minute'"


async def test_a_throttled_lane_refuses_the_right_password_too(stage: Stage) -> None:
    await stage.officer()
    assert (await stage.sign_in(password="salah sekali ini")).status_code == 400
    await stage.run(LOCKED)
    assert (await stage.sign_in()).status_code == 400
    await stage.run("update sign_in_attempts set locked_until = now()")
    assert (await stage.sign_in()).status_code == 303
    assert await stage.rows("select * from sign_in_attempts") == []


async def test_guesses_elsewhere_do_not_lock_the_user_out(stage: Stage) -> None:
    await stage.officer()
    async with stage.at("198.51.100.9") as stranger:
        for _ in range(25):
            assert (await stranger.sign_in(password="salah sekali ini")).status_code in (400, 429)
    assert (await stage.sign_in()).status_code == 303


async def test_a_previously_signed_in_browser_has_its_own_lane(pages_url: str) -> None:
    async with staged(pages_url, budgets=RateLimits(login=2)) as stage:
        await empty(stage)
        await stage.officer()
        assert (await stage.sign_in()).status_code == 303
        async with stage.at(HERE) as neighbour:
            for number in range(13):
                last = await neighbour.sign_in(f"orang-{number}", "salah sekali ini")
            assert last.status_code == 429
        stage.browser.cookies.delete("hub")
        assert (await stage.sign_in("PETUGAS ")).status_code == 303


async def test_a_browser_is_known_for_who_signed_in_with_it(stage: Stage) -> None:
    await stage.officer()
    await stage.officer("siti")
    await stage.sign_in()
    async with stage.at(HERE) as neighbour:
        for name in ("petugas", "siti"):
            await neighbour.sign_in(name, "salah sekali ini")
    await stage.run(LOCKED)
    stage.browser.cookies.delete("hub")
    assert (await stage.sign_in("siti")).status_code == 400
    assert (await stage.sign_in()).status_code == 303


async def test_guesses_at_a_known_browser_are_delayed_too(stage: Stage) -> None:
    await stage.officer()
    await stage.sign_in()
    for _ in range(6):
        stage.browser.cookies.delete("hub")
        last = await stage.sign_in(password="salah sekali ini")
    assert last.status_code == 400
    assert await stage.rows("select failures, locked_until is not null from sign_in_attempts") == [(5, True)]


async def test_distributed_guesses_do_not_lock_known_browsers_out(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(rates: RateLimiter, purpose: str, username: str) -> None:
        raise RateLimited(f"{purpose} {username}", 17)

    await stage.officer()
    await stage.sign_in()
    monkeypatch.setattr(RateLimiter, "secret_attempt", refuse)
    stage.browser.cookies.delete("hub")
    assert (await stage.sign_in()).status_code == 303
    stage.browser.cookies.clear()
    answer = await stage.sign_in()
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "17")


async def test_parallel_guesses_are_limited_like_sequential_ones(stage: Stage) -> None:
    # After so many failures the next one locks for a minute, which no slow machine waits for.
    failures = sign_in_attempts.FREE_FAILURES + 6
    await stage.run(
        "insert into sign_in_attempts (lane, failures, expires_at, locked_until)"
        " values ('lane', :failures, now() + interval '1 day', now())",
        failures=failures,
    )

    async def guess() -> bool:
        async with stage.database.write(CAUSE) as db:
            return await sign_in_attempts.record_attempt(db, b"lane")

    assert sum(await asyncio.gather(*[guess() for _ in range(30)])) == 1


async def test_sign_ins_are_audited_and_strangers_do_not_fill_the_log(stage: Stage) -> None:
    await stage.officer()
    (before,) = (await stage.rows("select coalesce(max(id), 0) from audit_events"))[0]
    await stage.sign_in("tidak-ada", "salah sekali ini")
    await stage.sign_in(password="salah sekali ini")
    await stage.run(LOCKED)
    await stage.sign_in(password="salah sekali ini")
    await stage.run("update sign_in_attempts set locked_until = null")
    await stage.sign_in()
    seen = "select action, subject, refused, details from audit_events where id > :before order by id"
    assert await stage.rows(seen, before=before) == [
        ("sign-in", "user:u_petugas", True, {"method": "password"}),
        ("sign-in", "user:u_petugas", False, {"method": "password"}),
    ]


async def test_attempts_are_counted_by_their_outcome(pages_url: str) -> None:
    seen: list[tuple[str, str]] = []
    async with staged(pages_url, budgets=RateLimits(login=2), count=lambda *what: seen.append(what)) as stage:
        await empty(stage)
        await stage.officer()
        await stage.sign_in(password="salah sekali ini")
        await stage.sign_in()
        stage.browser.cookies.clear()
        for _ in range(3):
            await stage.sign_in(password="salah sekali ini")
    assert (seen[:2], seen[-1]) == ([("password", "refused"), ("password", "ok")], ("password", "limited"))


async def test_names_are_found_however_they_are_typed(stage: Stage) -> None:
    await stage.officer()
    assert (await stage.sign_in(" \uff30etugas")).status_code == 303


async def test_attempts_have_a_budget(pages_url: str) -> None:
    async with staged(pages_url, budgets=RateLimits(login=2)) as stage:
        await empty(stage)
        # A minute may end among them, and some of those before it then count no more.
        answers = [await stage.sign_in("siapa", "salah sekali ini") for _ in range(5)]
    assert [answer.status_code for answer in answers[:2]] == [400, 400]
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert answers[-1].headers["retry-after"] in answers[-1].text


async def test_a_hash_of_weaker_parameters_is_made_again(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    await stage.officer()
    before = await stage.rows("select password_hash from users")
    monkeypatch.setattr(passwords, "needs_rehash", lambda stored: True)
    assert (await stage.sign_in()).status_code == 303
    assert await stage.rows("select password_hash from users") != before
    assert "petugas" in (await stage.get("/oauth/account")).text


async def test_a_missing_field_is_requested_again(stage: Stage) -> None:
    shown = await stage.sign_in("petugas", "")
    assert (shown.status_code, "Isi nama pengguna" in shown.text) == (400, True)
    assert 'value="petugas"' in shown.text
    assert 'aria-invalid="true" aria-describedby="problem"' in shown.text


FORGED = {
    "another site by origin": {"Origin": "https://evil.example"},
    "a page without origin": {"Origin": "null"},
    "another site by the browser's header": {"Sec-Fetch-Site": "cross-site"},
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
    shown = await stage.get(stage.authorization_path())
    assert shown.headers["content-security-policy"] == (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
        "form-action 'self' https://app.example; frame-ancestors 'none'"
    )
    assert (shown.headers["referrer-policy"], shown.headers["cache-control"]) == ("same-origin", "no-store")
    assert not re.search(r"<script|<style| style=| on[a-z]+=|(src|href)=\"(https?:)?//", shown.text)


async def test_what_others_wrote_is_text_on_the_page(stage: Stage) -> None:
    await stage.client(replace(a_client("c_app"), name='<img src=x onerror="alert(1)">', organisation="$name </p>"))
    shown = await stage.get(stage.authorization_path(state='"><script>'))
    assert "<img src=x" not in shown.text
    assert "<script" not in shown.text
    assert "$name &lt;/p&gt;" in shown.text
    assert fields(shown)["next"].startswith("/oauth/authorize?")


async def test_on_https_the_cookies_are_of_this_host_only() -> None:
    from hub.auth.pages.csrf import CsrfForms
    from hub.auth.server.sessions import BrowserSessions

    assert CsrfForms("https://hub.example", b"s", BrowserSessions("https://hub.example")).cookie == "__Host-hub-form"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=60))
async def test_whatever_is_typed_is_no_fault(stage: Stage, name: str, password: str, back: str) -> None:
    clean = [part.encode("utf-8", "replace").decode() for part in (name, password, back)]
    shown = await stage.browser.get("/oauth/login", params={"next": clean[2], "lang": clean[0]})
    answer = await stage.send(shown, username=clean[0], password=clean[1], next=clean[2])
    assert shown.status_code == 200
    assert answer.status_code in (400, 403, 429)
