"""The second factor: set up, checked, replaced, recovered, and required for reading identities."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from hub.auth import totp
from hub.auth.server.sessions import SESSION_LIFETIME
from hub.store.oauth import second_factors, sessions, users
from tests.auth.pages.conftest import empty
from tests.auth.pages.harness import Clock, Stage, redirect_parameters, staged
from tests.auth.server.harness import CAUSE, a_client

PII = "complaints:pii"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def stage(pages_url: str, clock: Clock) -> AsyncIterator[Stage]:
    """A hub that requires a second factor, with an officer who may read identities."""
    async with staged(pages_url, second_factor=True, clock=clock) as stage:
        await empty(stage)
        await stage.officer("petugas", "OFFICER", PII)
        yield stage


def secret_of(shown: httpx.Response) -> str:
    found = re.search(r'class="secret">([A-Z2-7 ]+)<', shown.text)
    assert found, shown.text
    return found[1].replace(" ", "")


def code(secret: str, clock: Clock, steps: int = 0) -> str:
    return totp.code(secret, int(clock.now) // 30 + steps)


async def set_up(stage: Stage, clock: Clock, **sign_in: str) -> tuple[str, list[str]]:
    """Sign in and set up a second factor; return the secret and the recovery codes."""
    first = await stage.sign_in(**sign_in)
    assert first.headers["location"] == "/oauth/second/setup"
    page = await stage.get("/oauth/second/setup")
    secret = secret_of(page)
    done = await stage.send(page, code=code(secret, clock))
    assert done.status_code == 200
    return secret, re.findall(r"<li>((?:[A-Z2-7]{4}-){3}[A-Z2-7]{4})</li>", done.text)


def forget(stage: Stage) -> None:
    stage.browser.cookies.clear()


async def test_an_identity_reader_enrols_during_sign_in_and_continues(stage: Stage, clock: Clock) -> None:
    await stage.client(a_client("c_app", scopes=("openid", PII)))
    first = await stage.sign_in(back=stage.authorization_path(f"openid {PII}"))
    assert first.headers["location"] == "/oauth/second/setup"
    assert await stage.rows("select count(*) from sessions where signed_in_at is not null") == [(0,)]
    page = await stage.get("/oauth/second/setup")
    secret = secret_of(page)
    assert f"otpauth://totp/Simpul:petugas?secret={secret}&amp;issuer=Simpul" in page.text
    assert secret_of(await stage.get("/oauth/second/setup")) == secret
    wrong = await stage.send(page, code="000000")
    assert (wrong.status_code, secret_of(wrong), "Kode salah" in wrong.text) == (400, secret, True)
    done = await stage.send(page, code=code(secret, clock))
    assert "/oauth/authorize?" in done.text
    assert len(re.findall(r"<li>(?:[A-Z2-7]{4}-){3}[A-Z2-7]{4}</li>", done.text)) == 10
    consent = await stage.get(stage.authorization_path(f"openid {PII}"))
    answer = redirect_parameters(await stage.send(consent, answer="allow"))
    assert answer["code"]
    kept = str(await stage.rows("select sealed, hash from second_factors join recovery_codes using (user_id)"))
    assert secret not in kept


async def test_the_next_time_the_password_alone_lets_nobody_in(stage: Stage, clock: Clock) -> None:
    secret, _ = await set_up(stage, clock)
    forget(stage)
    clock.now += 60
    assert (await stage.sign_in()).headers["location"] == "/oauth/second"
    # Neither into an account nor to a secret of one's own.
    assert (await stage.browser.get("/oauth/account")).headers["location"] == "/oauth/login"
    assert (await stage.browser.get("/oauth/second/setup")).headers["location"] == "/oauth/login"
    page = await stage.get("/oauth/second")
    for wrong in ("", "000000", code(secret, clock, 5)):
        assert (await stage.send(page, code=wrong)).status_code == 400
    answer = await stage.send(page, code=code(secret, clock))
    assert (answer.status_code, answer.headers["location"]) == (303, "/oauth/account")
    assert "Sisa kode pemulihan: 10" in (await stage.get("/oauth/account")).text
    assert (await stage.browser.get("/oauth/second")).headers["location"] == "/oauth/login"


async def test_a_code_is_taken_once(stage: Stage, clock: Clock) -> None:
    secret, _ = await set_up(stage, clock)
    # That of setting up was used too.
    for used in (code(secret, clock), code(secret, clock, -1)):
        forget(stage)
        await stage.sign_in()
        assert (await stage.send(await stage.get("/oauth/second"), code=used)).status_code == 400
    assert (await stage.send(await stage.get("/oauth/second"), code=code(secret, clock, 1))).status_code == 303
    forget(stage)
    await stage.sign_in()
    assert (await stage.send(await stage.get("/oauth/second"), code=code(secret, clock, 1))).status_code == 400


async def test_of_two_who_bring_one_code_at_once_one_is_let_in(stage: Stage, clock: Clock) -> None:
    secret, recovery = await set_up(stage, clock)
    clock.now += 60
    for field, value in (("code", code(secret, clock)), ("recovery", recovery[0])):
        async with stage.at("192.0.2.8") as one, stage.at("192.0.2.9") as two:
            pages = []
            for browser in (one, two):
                await browser.sign_in()
                pages.append(await browser.get("/oauth/second"))
            form: dict[str, Any] = {field: value}
            sent = (browser.send(page, **form) for browser, page in zip((one, two), pages, strict=True))
            assert sorted(answer.status_code for answer in await asyncio.gather(*sent)) == [303, 400]


async def test_a_recovery_code_lets_in_once(stage: Stage, clock: Clock) -> None:
    _, recovery = await set_up(stage, clock)
    for expected in (303, 400):
        forget(stage)
        await stage.sign_in()
        answer = await stage.send(await stage.get("/oauth/second"), code="", recovery=recovery[3].lower())
        assert answer.status_code == expected
    assert await stage.rows("select count(*) from recovery_codes") == [(9,)]
    # Those of another user are not hers.
    await stage.officer("siti", "OFFICER", PII)
    forget(stage)
    await set_up(stage, clock, name="siti")
    forget(stage)
    await stage.sign_in("siti")
    assert (await stage.send(await stage.get("/oauth/second"), recovery=recovery[4])).status_code == 400


async def test_guesses_are_delayed_and_after_many_only_recovery_helps(stage: Stage, clock: Clock) -> None:
    secret, recovery = await set_up(stage, clock)
    forget(stage)
    clock.now += 60
    await stage.sign_in()
    page = await stage.get("/oauth/second")
    for _ in range(5):
        assert (await stage.send(page, code="000000")).status_code == 400
    assert (await stage.send(page, code=code(secret, clock))).status_code == 400
    await stage.run("delete from sign_in_attempts")
    await stage.run("update second_factors set failures = :most", most=second_factors.MAX_FAILURES)
    assert (await stage.send(page, code=code(secret, clock))).status_code == 400
    assert (await stage.send(page, recovery=recovery[0])).status_code == 303
    assert await stage.rows("select failures from second_factors") == [(0,)]


async def test_a_whole_session_is_no_half_of_one(stage: Stage, clock: Clock) -> None:
    await set_up(stage, clock)
    assert "Sisa kode pemulihan: 10" in (await stage.get("/oauth/account")).text
    stage.browser.cookies.set("hub-half", stage.browser.cookies["hub"])
    assert (await stage.browser.get("/oauth/second")).headers["location"] == "/oauth/login"


async def test_a_half_session_ends_with_the_password_it_began_with(stage: Stage, clock: Clock) -> None:
    secret, _ = await set_up(stage, clock)
    forget(stage)
    clock.now += 60
    await stage.sign_in()
    page = await stage.get("/oauth/second")
    async with stage.database.write(CAUSE) as db:
        await users.set_password(db, "u_petugas", "another")
    assert (await stage.send(page, code=code(secret, clock))).headers["location"] == "/oauth/login"


async def test_a_half_session_ends_after_a_while(stage: Stage, clock: Clock) -> None:
    secret, _ = await set_up(stage, clock)
    forget(stage)
    await stage.sign_in()
    page = await stage.get("/oauth/second")
    await stage.run("update sessions set expires_at = now()")
    assert (await stage.send(page, code=code(secret, clock, 1))).headers["location"] == "/oauth/login"


async def test_a_form_from_elsewhere_is_refused(stage: Stage, clock: Clock) -> None:
    await stage.sign_in()
    page = await stage.get("/oauth/second/setup")
    secret = secret_of(page)
    elsewhere = {"Origin": "https://evil.example"}
    assert (await stage.send(page, elsewhere, code=code(secret, clock))).status_code == 403
    assert await stage.rows("select * from second_factors") == []


async def test_replacing_it_ends_what_was_granted_before(stage: Stage, clock: Clock) -> None:
    old, _ = await set_up(stage, clock)
    async with stage.at("192.0.2.9") as other:
        await other.sign_in()
        clock.now += 60
        assert (await other.send(await other.get("/oauth/second"), code=code(old, clock))).status_code == 303
        page = await stage.get("/oauth/second/setup")
        new = secret_of(page)
        assert new != old
        clock.now += 60
        assert (await stage.send(page, code=code(new, clock))).status_code == 200
        assert (await other.browser.get("/oauth/account")).headers["location"] == "/oauth/login"
    assert (await stage.get("/oauth/account")).status_code == 200
    forget(stage)
    await stage.sign_in()
    clock.now += 60
    page = await stage.get("/oauth/second")
    assert (await stage.send(page, code=code(old, clock))).status_code == 400
    assert (await stage.send(page, code=code(new, clock))).status_code == 303


async def test_changing_it_needs_a_recent_sign_in(stage: Stage, clock: Clock) -> None:
    await set_up(stage, clock)
    await stage.run("update sessions set signed_in_at = now() - interval '11 minutes'")
    assert (await stage.browser.get("/oauth/second/setup")).headers["location"] == "/oauth/login"


async def test_others_may_have_one_and_citizens_have_none(stage: Stage, clock: Clock) -> None:
    await stage.officer("biasa")
    assert (await stage.sign_in("biasa")).headers["location"] == "/oauth/account"
    page = await stage.get("/oauth/second/setup")
    assert (await stage.send(page, code=code(secret_of(page), clock))).status_code == 200
    forget(stage)
    assert (await stage.sign_in("biasa")).headers["location"] == "/oauth/second"


async def test_it_is_required_only_for_users_who_need_it(pages_url: str, clock: Clock) -> None:
    async with staged(pages_url, clock=clock) as stage:
        await empty(stage)
        await stage.officer("petugas", "OFFICER", PII)
        assert (await stage.sign_in()).headers["location"] == "/oauth/account"


async def test_without_one_nothing_guarded_is_granted(stage: Stage, clock: Clock) -> None:
    user_scopes = ("complaints:read", PII)
    await stage.client(a_client("c_app", scopes=("openid", *user_scopes)))
    # Signed in before it was required.
    async with stage.database.write(CAUSE) as db:
        await sessions.create(db, "x" * 43, SESSION_LIFETIME, user_id="u_petugas")
    stage.browser.cookies.set("hub", "x" * 43, domain="127.0.0.1")
    consent = await stage.get(stage.authorization_path(" ".join(user_scopes)))
    assert "Membaca identitas pelapor" not in consent.text.partition("<form")[0].partition("<ul>")[2]
    assert "code" in redirect_parameters(await stage.send(consent, answer="allow"))
    assert await stage.rows("select scopes from authorization_codes") == [(["complaints:read"],)]


async def test_the_audit_log_names_the_factors_used(stage: Stage, clock: Clock) -> None:
    (before,) = (await stage.rows("select coalesce(max(id), 0) from audit_events"))[0]
    secret, _ = await set_up(stage, clock)
    forget(stage)
    clock.now += 60
    await stage.sign_in()
    page = await stage.get("/oauth/second")
    await stage.send(page, code="000000")
    await stage.send(page, code=code(secret, clock))
    seen = "select action, refused, details ->> 'method' from audit_events where id > :before order by id"
    assert await stage.rows(seen, before=before) == [
        ("users:set-up-second-factor", False, None),
        ("sign-in", False, "password+totp"),
        ("sign-in", True, "password+second"),
        ("sign-in", False, "password+totp"),
    ]
