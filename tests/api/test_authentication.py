"""Authentication of the endpoints beside the graph, through the real app; a suspension applies to all of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from hub.contract import SystemDeclaration
from tests.api.bulk_harness import FAKE, POLICIES, VIEWERS, BulkHub, lines, running_hub
from tests.auth.harness import APP, ISSUER, PARTNER, READ, Stage, staged
from tests.fake_connector import Fake, FakeSettings, payment

CHALLENGE = f'resource_metadata="{ISSUER}/.well-known/oauth-protected-resource"'
FILE = f"/files/{'0' * 64}"
DOORS = [("POST", "/bulk/fake"), ("GET", "/bulk/hub"), ("GET", FILE)]


@pytest.fixture
async def stage(database_url: str) -> AsyncIterator[Stage]:
    async with staged(database_url) as made:
        yield made


@pytest.mark.parametrize(("method", "path"), DOORS)
async def test_a_missing_token_is_challenged_with_the_metadata(stage: Stage, method: str, path: str) -> None:
    answer = await stage.first.request(method, path)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, f"Bearer {CHALLENGE}")


async def test_a_missing_scope_is_named_in_header_and_body(stage: Stage) -> None:
    login = {"authorization": f"Bearer {await stage.partner_token()}", "content-type": "application/x-ndjson"}
    answer = await stage.first.post("/bulk/fake", headers=login | {"idempotency-key": "key-00001"})
    scope = "records:sync.fake"
    assert (answer.status_code, answer.json()["code"], answer.json()["scope"]) == (403, "FORBIDDEN", scope)
    challenge = f'Bearer error="insufficient_scope", scope="{scope}", {CHALLENGE}'
    assert answer.headers["www-authenticate"] == challenge


async def test_a_page_cannot_read_answers_to_another_clients_token(stage: Stage) -> None:
    own, other = "https://own.example", "https://other.example"
    await stage.client(replace(APP, id="own", origins=(own,)))
    await stage.client(replace(APP, id="other", origins=(other,)))
    token = await stage.token("own", "own", READ)
    for origin, allowed in ((own, own), (other, None)):
        answer = await stage.first.get(FILE, headers={"authorization": f"Bearer {token}", "origin": origin})
        assert (answer.status_code, answer.headers.get("access-control-allow-origin")) == (404, allowed)


async def test_a_pinned_client_gets_files_but_nothing_in_bulk(stage: Stage) -> None:
    await stage.client(replace(PARTNER, id="pinned", scopes=(READ, FAKE), documents_only=True))
    login = {"authorization": f"Bearer {await stage.token('pinned', 'pinned', READ, FAKE)}"}
    for method, path in DOORS[:2]:
        answer = await stage.first.request(method, path, headers=login)
        assert (answer.status_code, answer.json()["code"]) == (403, "DOCUMENT_NOT_ALLOWED")
    assert (await stage.first.get(FILE, headers=login)).status_code == 404


@pytest.fixture
def registered_systems() -> tuple[SystemDeclaration, ...]:
    return (Fake.declaration(FakeSettings()),)


@pytest.fixture
async def pushing(database_url: str) -> AsyncIterator[BulkHub]:
    async with running_hub(database_url) as made:
        yield made


@pytest.mark.parametrize("who", ["client", "user"])
async def test_an_upload_ends_when_its_client_or_user_is_suspended(
    pushing: BulkHub, monkeypatch: pytest.MonkeyPatch, who: str
) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield lines(payment(f"P{n}") for n in range(1_500))
        if who == "client":
            monkeypatch.delitem(POLICIES.clients, "fake")
        else:
            monkeypatch.setattr(POLICIES, "users", {VIEWERS["fake"].name})
        yield lines(payment(f"P{n}") for n in range(1_500, 3_000))

    response = await pushing.push(body())
    assert (response.status, response.error["code"]) == (401, "UNAUTHENTICATED")
    assert 'error="invalid_token"' in response.headers["www-authenticate"]
    assert await pushing.rows("select count(*) from records") == [(1_000,)]
