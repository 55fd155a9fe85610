"""A person's own page: the applications that hold access, and the sessions, each of which can be ended."""

from __future__ import annotations

from datetime import timedelta

from hub.store.oauth import clients, grants, sessions
from hub.store.oauth.clients import Client
from tests.pages.console.conftest import signed_in, words
from tests.schema.harness import CAUSE, Stage

APP = Client("app", "Aplikasi Uji", "PT Uji", "none", ("authorization_code",), ("complaints:read",))


async def test_access_of_an_application_is_ended(shared: Stage) -> None:
    async with signed_in(shared, "owner", ("complaints:read",)) as browser:
        async with shared.database.write(CAUSE) as db:
            await clients.create(db, APP)
            await sessions.add_consent(db, "u_owner", "app", frozenset({"complaints:read"}))
            await grants.open_grant(db, "app", "u_owner", timedelta(hours=1))
        assert "Aplikasi Uji" in words((await browser.get("/en/account")).text)
        preview = await browser.send("end_access")
        assert "1 application loses access" in words(preview.text)
        done = await browser.send("end_access")
        assert "The access of 1 application has ended." in words(done.text)
        assert "No application holds access to your account." in words(done.text)


async def test_another_session_is_ended_and_the_own_one_kept(shared: Stage) -> None:
    async with signed_in(shared, "twice", ()) as browser:
        async with shared.database.write(CAUSE) as db:
            await sessions.create(db, "elsewhere", timedelta(hours=1), user_id="u_twice")
        page = await browser.get("/en/account")
        assert words(page.text).count("Signed in") == 2
        assert words(page.text).count("This browser") == page.text.count('value="end_session"') == 1
        await browser.send("end_session")
        done = await browser.send("end_session")
        assert "1 session has ended." in words(done.text)
        assert words(done.text).count("Signed in") == 1


async def test_the_account_of_a_reader_has_no_console(shared: Stage) -> None:
    async with signed_in(shared, "plain", ("complaints:read",)) as browser:
        page = await browser.get("/account")
        assert page.status_code == 200
        assert "Akun Anda" in page.text
        assert "/console" not in page.text
