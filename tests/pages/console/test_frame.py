"""Who may open the console, how one signs in, and that a form comes from its own page."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from hub.auth import passwords
from hub.auth.pages.context import ACCOUNT, return_url
from hub.pages.console.routes import CONSOLE_PAGES
from hub.pages.paths import path
from hub.pages.rendering import POLICY, asset_address
from hub.store.oauth import users
from tests.pages.console.conftest import Browser, forms, signed_in, words
from tests.schema.harness import CAUSE, Stage

PASSWORD = "kata sandi yang panjang"
OPEN = [
    path(each.path_name, language) for each in CONSOLE_PAGES if not each.params for language in ("id", "en")
]  # fmt: skip


@pytest.mark.parametrize("address", OPEN)
async def test_each_page_is_whole_in_its_language(operator: Browser, address: str) -> None:
    page = await operator.get(address)
    assert page.status_code == 200, page.text
    assert page.headers["content-security-policy"] == POLICY
    assert page.headers["cache-control"] == "no-store"
    assert f'<html lang="{"en" if address.startswith("/en") else "id"}">' in page.text
    assert len(re.findall("<h1", page.text)) == 1
    scripts = [f'<script type="module" src="{asset_address(name)}"></script>' for name in ("live.js", "keys.js")]
    assert re.findall(r"<script.*?</script>", page.text, re.DOTALL) == scripts
    assert re.findall(r"\son\w+=|\sstyle=", page.text) == []
    assert 'name="form" value="' in page.text
    assert all('name="form" value="' in each for each in forms(page.text) if 'method="post"' in each)


@pytest.mark.parametrize("address", OPEN)
async def test_without_sign_in_a_page_leads_to_it(shared: Stage, address: str) -> None:
    page = await (await shared.client()).get(f"{address}?state=BLOCKED&unknown=1")
    target = urlsplit(page.headers["location"])
    assert (page.status_code, target.path) == (303, "/oauth/login")
    assert parse_qs(target.query)["next"][0].startswith(address)


async def test_an_officer_signs_in_and_arrives_where_they_were_going(shared: Stage) -> None:
    async with signed_in(shared, "arrives", ()) as browser:
        browser.client.cookies.clear()
        async with shared.database.write(CAUSE) as db:
            hashed = await passwords.hash_password(PASSWORD)
            await users.create(
                db, "u_typed", "OFFICER", username="typed", scopes=("hub:operate",), password_hash=hashed
            )
        away = await browser.get("/en/console/deliveries?state=BLOCKED")
        login = await browser.get(away.headers["location"])
        fields = dict(re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', login.text))
        done = await browser.client.post("/oauth/login", data={**fields, "username": "typed", "password": PASSWORD})
        assert done.headers["location"] == "/en/console/deliveries?state=BLOCKED"
        page = await browser.get(done.headers["location"])
        assert "typed" in page.text
        token = re.findall(r'name="form" value="([^"]*)"', page.text)[0]
        await browser.client.post("/oauth/account", data={"form": token, "answer": "sign-out"})
        assert (await browser.get("/en/console/deliveries")).status_code == 303


async def test_without_the_scope_a_page_says_what_is_missing(shared: Stage) -> None:
    async with signed_in(shared, "reader", ("complaints:read",)) as browser:
        page = await browser.get("/en/console/deliveries")
        assert page.status_code == 403
        assert "right hub:operate" in words(page.text)
        assert "Sign out" in page.text


async def test_a_form_without_its_token_changes_nothing(operator: Browser) -> None:
    await operator.get("/en/console/deliveries")
    for own, headers in (({}, {}), ({"form": "x" * 64}, {}), ({}, {"origin": "https://elsewhere.example"})):
        fields = {"act": "retry", "picked": "LG-1/1", "step": "do", **own}
        refused = await operator.client.post("/en/console/deliveries", data=fields, headers=headers)
        assert refused.status_code == 403
        assert "Nothing was changed" in words(refused.text)


@pytest.mark.parametrize(
    "back",
    ["https://elsewhere.example/console", "//elsewhere.example/console", "/console\\@elsewhere.example", "/consoles",
     "/console?a=1\r\nb", "/graphql", "/en/consoles", "/console#x"],
)  # fmt: skip
def test_sign_in_continues_at_no_other_address(back: str) -> None:
    assert return_url(back) == ACCOUNT


async def test_a_lost_database_is_named(operator: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    from hub.auth.pages import browser_viewers
    from hub.errors import TryLater

    async def fail(self: object, request: object) -> None:
        raise TryLater("The database does not answer.", 7)

    monkeypatch.setattr(browser_viewers.BrowserViewers, "find", fail)
    page: httpx.Response = await operator.get("/en/console/deliveries")
    assert (page.status_code, page.headers["retry-after"]) == (503, "7")
    assert "database does not answer" in words(page.text)
