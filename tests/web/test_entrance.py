"""Coming in beside the graph, through the real app: what is asked of whom, and that nobody outstays a suspension."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from tests.auth.viewers.stage import APP, ISSUER, PARTNER, READ, Stage, staged
from tests.fake import payment
from tests.web.pushing import FAKE, TERMS, VIEWERS, Desk, desk, lines

ASKED = f'resource_metadata="{ISSUER}/.well-known/oauth-protected-resource"'
FILE = f"/files/{'0' * 64}"
DOORS = [("POST", "/bulk/fake"), ("GET", "/bulk/hub"), ("GET", FILE)]


@pytest.fixture
async def stage(database_url: str) -> AsyncIterator[Stage]:
    async with staged(database_url) as made:
        yield made


@pytest.mark.parametrize(("method", "path"), DOORS)
async def test_who_has_no_token_is_told_where_to_get_one(stage: Stage, method: str, path: str) -> None:
    answer = await stage.first.request(method, path)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, f"Bearer {ASKED}")


async def test_a_missing_scope_is_named_in_header_and_body(stage: Stage) -> None:
    login = {"authorization": f"Bearer {await stage.partner_token()}", "content-type": "application/x-ndjson"}
    answer = await stage.first.post("/bulk/fake", headers=login | {"idempotency-key": "key-00001"})
    scope = "records:sync.fake"
    assert (answer.status_code, answer.json()["code"], answer.json()["scope"]) == (403, "FORBIDDEN", scope)
    told = f'Bearer error="insufficient_scope", scope="{scope}", {ASKED}'
    assert answer.headers["www-authenticate"] == told


async def test_a_page_does_not_read_what_the_token_of_another_client_gets(stage: Stage) -> None:
    own, other = "https://own.example", "https://other.example"
    await stage.client(replace(APP, id="own", origins=(own,)))
    await stage.client(replace(APP, id="other", origins=(other,)))
    token = await stage.token("own", "own", READ)
    for origin, told in ((own, own), (other, None)):
        answer = await stage.first.get(FILE, headers={"authorization": f"Bearer {token}", "origin": origin})
        assert (answer.status_code, answer.headers.get("access-control-allow-origin")) == (404, told)


async def test_a_client_of_registered_operations_only_gets_nothing_in_bulk_but_its_files(stage: Stage) -> None:
    await stage.client(replace(PARTNER, id="pinned", scopes=(READ, FAKE), documents_only=True))
    login = {"authorization": f"Bearer {await stage.token('pinned', 'pinned', READ, FAKE)}"}
    for method, path in DOORS[:2]:
        answer = await stage.first.request(method, path, headers=login)
        assert (answer.status_code, answer.json()["code"]) == (403, "DOCUMENT_NOT_ALLOWED")
    assert (await stage.first.get(FILE, headers=login)).status_code == 404


@pytest.fixture
async def pushing(database_url: str) -> AsyncIterator[Desk]:
    async with desk(database_url) as made:
        yield made


@pytest.mark.parametrize("who", ["client", "user"])
async def test_an_upload_ends_when_its_client_or_user_is_suspended(
    pushing: Desk, monkeypatch: pytest.MonkeyPatch, who: str
) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield lines(payment(f"P{n}") for n in range(1_500))
        if who == "client":
            monkeypatch.delitem(TERMS.clients, "fake")
        else:
            monkeypatch.setattr(TERMS, "users", {VIEWERS["fake"].name})
        yield lines(payment(f"P{n}") for n in range(1_500, 3_000))

    told = await pushing.push(body())
    assert (told.status, told.error["code"]) == (401, "UNAUTHENTICATED")
    assert 'error="invalid_token"' in told.headers["www-authenticate"]
    assert await pushing.rows("select count(*) from records") == [(1_000,)]
