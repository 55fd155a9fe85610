"""Sign-in through an outside provider: citizens are created, officers linked, and every claim is verified."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey

from hub.auth.pages import federated_login as pages_provider
from hub.store.oauth import external_blocks, federated_identities, users
from tests.auth.pages.conftest import empty
from tests.auth.pages.fake_openid_provider import A_KEY, FakeProvider, back_from, fake_provider
from tests.auth.pages.harness import Stage, staged
from tests.auth.server.harness import CAUSE


@pytest.fixture
async def provider() -> AsyncIterator[FakeProvider]:
    async with fake_provider() as fake:
        yield fake


@pytest.fixture
async def hub(provider: FakeProvider, pages_url: str) -> AsyncIterator[Stage]:
    """A hub where citizens sign in through ``provider``."""
    async with staged(pages_url, [provider.login()]) as stage:
        await empty(stage)
        yield stage


@pytest.fixture
async def office(provider: FakeProvider, pages_url: str) -> AsyncIterator[Stage]:
    """A hub where officers sign in through ``provider``."""
    async with staged(pages_url, [provider.login(kind="OFFICER")]) as stage:
        await empty(stage)
        yield stage


async def through(stage: Stage, back: str = "") -> httpx.Response:
    """Return the hub's response to a browser that comes back from the provider."""
    begun = await stage.browser.get("/oauth/outside/inapas", params={"next": back})
    assert begun.status_code == 303
    return await stage.browser.get(await back_from(begun))


async def sessions(stage: Stage) -> int:
    return int((await stage.rows("select count(*) from sessions where user_id is not null"))[0][0])


async def test_a_citizen_is_created_once_and_recognised_afterwards(hub: Stage) -> None:
    assert (await through(hub)).headers["location"] == "/oauth/account"
    made = await hub.rows("select id, kind, scopes, username from users")
    assert [row[1:] for row in made] == [("CITIZEN", ["complaints:read"], None)]
    assert "<strong>warga</strong>" in (await hub.get("/oauth/account")).text
    await through(hub)
    assert await hub.rows("select id, kind, scopes, username from users") == made


async def test_one_goes_on_to_the_client(hub: Stage) -> None:
    await hub.client()
    shown = await hub.get(hub.authorization_path())
    assert "Masuk INApas" in shown.text
    link = shown.text.partition('class="button" href="')[2].partition('"')[0].replace("&amp;", "&")
    answer = await hub.browser.get(await back_from(await hub.browser.get(link)))
    consent = await hub.get(answer.headers["location"])
    assert "App c_app" in consent.text


async def test_how_often_sign_ins_begin_is_counted_by_network(hub: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages_provider, "PER_MINUTE", 2)
    answers = []
    for host in ("2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8:0:1::1"):
        transport = httpx.ASGITransport(hub.app, client=(host, 1))
        async with httpx.AsyncClient(transport=transport, base_url=hub.url) as browser:
            answers.append((await browser.get("/oauth/outside/inapas")).status_code)
    assert answers == [303, 303, 429, 303]


async def test_two_first_sign_ins_at_once_make_one_citizen(hub: Stage) -> None:
    async def one() -> str:
        async with hub.database.write(CAUSE) as db:
            citizen = await federated_identities.find_or_create_citizen(db, "https://id.example", "s", ())
            assert citizen
            return citizen.id

    assert len(set(await asyncio.gather(*[one() for _ in range(5)]))) == 1
    assert await hub.rows("select count(*) from users") == [(1,)]


async def test_the_hub_shows_who_it_is_by_its_key(provider: FakeProvider, pages_url: str, tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_bytes(A_KEY.as_pem(private=True))
    row = provider.login(client_secret=None, client_key=str(file))
    async with staged(pages_url, [row]) as stage:
        await empty(stage)
        published = (await stage.browser.get("/oauth/outside/inapas/jwks")).json()["keys"]
        assert [(key["crv"], key["alg"], "d" in key) for key in published] == [("P-521", "ES512", False)]
        provider.client_key = ECKey.import_key(published[0])
        assert (await through(stage)).status_code == 303
    assert provider.complaint == ""


async def test_a_rotated_key_of_the_provider_is_taken_over(provider: FakeProvider, pages_url: str) -> None:
    async with staged(pages_url, [provider.login(cooldown=0.05)]) as stage:
        await empty(stage)
        assert (await through(stage)).status_code == 303
        provider.rotate()
        await asyncio.sleep(0.1)
        assert (await through(stage)).status_code == 303
    assert provider.key_requests == 2


WRONG: dict[str, dict[str, Any]] = {
    "another nonce": {"nonce": "x"},
    "no nonce": {"nonce": None},
    "a nonce of an odd type": {"nonce": ["é", 1]},
    "another issuer": {"iss": "https://elsewhere.example"},
    "another audience": {"aud": "somebody"},
    "expired": {"exp": int(time.time()) - 5},
    "no subject": {"sub": None},
    "a subject with a zero in it": {"sub": "a\0b"},
    "issued to another client": {"aud": ["hub+simpul", "other"], "azp": "other"},
}


@pytest.mark.parametrize("case", WRONG)
async def test_an_id_token_that_does_not_fit_signs_nobody_in(hub: Stage, provider: FakeProvider, case: str) -> None:
    provider.claims = WRONG[case]
    answer = await through(hub)
    assert (answer.status_code, await sessions(hub)) == (400, 0)
    assert "Gagal masuk" in answer.text


async def test_an_id_token_signed_by_another_key_signs_nobody_in(hub: Stage, provider: FakeProvider) -> None:
    provider.signing = ECKey.generate_key("P-521")
    assert ((await through(hub)).status_code, await sessions(hub)) == (400, 0)


@pytest.mark.parametrize("extra", [{"state": "x"}, {"state": "é"}, {"iss": "https://else.example"}, {"code": "x"}])
async def test_an_answer_that_does_not_fit_signs_nobody_in(
    hub: Stage, provider: FakeProvider, extra: dict[str, str]
) -> None:
    provider.extra = extra
    assert ((await through(hub)).status_code, await sessions(hub)) == (400, 0)


async def test_a_callback_works_once_and_only_in_its_own_browser(hub: Stage) -> None:
    begun = await hub.browser.get("/oauth/outside/inapas")
    path = await back_from(begun)
    cookie = hub.browser.cookies["hub-outside"]
    hub.browser.cookies.clear()
    assert (await hub.browser.get(path)).status_code == 400
    hub.browser.cookies.set("hub-outside", cookie, domain="127.0.0.1")
    assert (await hub.browser.get(path)).status_code == 303
    assert (await hub.browser.get(path)).status_code == 400


async def test_a_session_is_nothing_that_was_begun(hub: Stage) -> None:
    await through(hub)
    hub.browser.cookies.set("hub-outside", hub.browser.cookies["hub"], domain="127.0.0.1")
    assert (await hub.browser.get("/oauth/outside/inapas/callback?code=x&state=")).status_code == 400


async def test_what_was_begun_is_no_session(hub: Stage) -> None:
    await hub.browser.get("/oauth/outside/inapas")
    hub.browser.cookies.set("hub", hub.browser.cookies["hub-outside"], domain="127.0.0.1")
    assert (await hub.browser.get("/oauth/account")).headers["location"] == "/oauth/login"


async def test_a_sign_in_cancelled_at_the_provider_is_explained(hub: Stage) -> None:
    begun = await hub.browser.get("/oauth/outside/inapas")
    state = httpx.URL(begun.headers["location"]).params["state"]
    answer = await hub.browser.get("/oauth/outside/inapas/callback", params={"error": "access_denied", "state": state})
    assert (answer.status_code, "mulai lagi dari awal" in answer.text) == (400, True)


async def test_an_unavailable_provider_is_reported_as_such(hub: Stage, provider: FakeProvider) -> None:
    provider.down = True
    answer = await through(hub)
    assert (answer.status_code, "tidak dapat dihubungi" in answer.text) == (503, True)


async def test_an_officer_has_to_be_linked(office: Stage, provider: FakeProvider) -> None:
    provider.subject = "petugas@dinas.example"
    answer = await through(office)
    assert (answer.status_code, await sessions(office)) == (403, 0)
    assert f"<code>{provider.url} petugas@dinas.example</code>" in answer.text
    user_id = await office.officer("petugas")
    assert (await through(office)).status_code == 403
    async with office.database.write(CAUSE) as db:
        await users.link(db, user_id, provider.url, "petugas@dinas.example")
    assert (await through(office)).status_code == 303
    assert "<strong>petugas</strong>" in (await office.get("/oauth/account")).text


async def test_citizen_and_officer_accounts_are_not_interchangeable(hub: Stage, provider: FakeProvider) -> None:
    user_id = await hub.officer("petugas")
    async with hub.database.write(CAUSE) as db:
        await users.link(db, user_id, provider.url, provider.subject)
    assert ((await through(hub)).status_code, await sessions(hub)) == (403, 0)


async def test_a_suspended_citizen_does_not_come_in(hub: Stage) -> None:
    await through(hub)
    await hub.run("update users set suspended_at = now()")
    await hub.run("delete from sessions")
    assert ((await through(hub)).status_code, await sessions(hub)) == (403, 0)


async def test_another_site_cannot_send_a_browser_to_the_provider(hub: Stage) -> None:
    answer = await hub.browser.get("/oauth/outside/inapas", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.headers["location"] == "/oauth/login"


async def test_a_provider_that_is_not_there_is_not_found(hub: Stage) -> None:
    for path in ("", "/callback", "/jwks"):
        assert (await hub.browser.get(f"/oauth/outside/none{path}")).status_code == 404


async def test_an_identity_that_is_shut_out_becomes_nobody_new(provider: FakeProvider, pages_url: str) -> None:
    async with staged(pages_url, [provider.login()]) as stage:
        await empty(stage)
        assert (await through(stage)).status_code == 303
        ((issuer, subject),) = await stage.rows("select issuer, subject from identities")
        async with stage.database.write(CAUSE) as db:
            await external_blocks.suspend_identity(db, issuer, subject)
        assert (await stage.browser.get("/oauth/account")).headers["location"] == "/oauth/login"
        assert (await through(stage)).status_code == 403
        assert await stage.rows("select count(*) from users") == [(1,)]
        async with stage.database.write(CAUSE) as db:
            await external_blocks.resume_identity(db, issuer, subject)
        assert (await through(stage)).status_code == 303
