"""Tokens of an outside issuer at the graph: what they are worth, and when they are worth nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hub.auth import jwks
from hub.store.access import clients, users
from tests.auth.issuers.fake import AUDIENCE, MAKERS, FakeIssuer, fake_issuer
from tests.auth.server.stage import a_client
from tests.auth.viewers.stage import APP, CAUSE, PII, READ, SUBMIT, Stage, ask, staged, submit
from tests.auth.viewers.test_tokens import WITHIN, challenged

CHANNELS = "{complaints(filter: {channel: [WEB]}) {totalCount}}"
"""What needs ``complaints:read``."""
OFFICERS = {
    "name": "sso",
    "audience": AUDIENCE,
    "kind": "OFFICER",
    "type": "JWT",
    "marks": {"typ": "Bearer"},
    "client_claim": "azp",
    "scope_claims": ["realm_access.roles"],
    "scopes": {"petugas": [READ, PII]},
}
COOLDOWN = 0.2


@pytest.fixture
async def fake() -> AsyncIterator[FakeIssuer]:
    """An issuer of partners' tokens."""
    async with fake_issuer("ES256") as issuer:
        yield issuer


@pytest.fixture
async def sso() -> AsyncIterator[FakeIssuer]:
    """An issuer of officers' tokens, which look like Keycloak's."""
    async with fake_issuer("RS256") as issuer:
        yield issuer


@pytest.fixture
async def stage(database_url: str, tmp_path: Path, fake: FakeIssuer, sso: FakeIssuer) -> AsyncIterator[Stage]:
    """Two processes of a hub that trusts both."""
    partners: dict[str, Any] = {"name": "fake", "audience": AUDIENCE, "scopes": {"read": [READ], "write": [SUBMIT]}}
    rows = [
        row | {"issuer": of.url, "jwks_uri": f"{of.url}/keys", "algorithms": [of.algorithm], "cooldown": COOLDOWN}
        for row, of in ((partners, fake), (OFFICERS, sso))
    ]
    file = tmp_path / "issuers.json"
    file.write_text(json.dumps({"issuers": rows}))
    async with staged(database_url, file) as stage:
        yield stage


async def codes(stage: Stage, token: str, query: str = CHANNELS) -> set[str]:
    """Codes of the errors in an answer to a token that holds."""
    answer = await ask(stage.first, query, token=token)
    assert answer.status_code == 200, answer.text
    return {error["extensions"]["code"] for error in answer.json().get("errors", [])}


async def test_a_partner_has_the_scopes_that_its_words_are_mapped_to(stage: Stage, fake: FakeIssuer) -> None:
    assert await codes(stage, fake.token(scope="read")) == set()
    received = await submit(stage.first, token=fake.token(scope="write read"))
    assert received["ticket"]
    assert await stage.rows("select submitted_by from complaints") == [("client:fake:app",)]


@pytest.mark.parametrize("scope", ["write", "complaints:read", "admin hub:operate", None])
async def test_words_that_are_not_mapped_give_nothing(stage: Stage, fake: FakeIssuer, scope: str | None) -> None:
    assert await codes(stage, fake.token(scope=scope)) == {"FORBIDDEN"}


async def test_who_has_the_id_of_a_client_of_ours_is_somebody_else(stage: Stage, fake: FakeIssuer) -> None:
    received = await submit(stage.first, token=fake.token(client_id="gojek", scope="write"))
    seen = f'{{complaint(ticket: "{received["ticket"]}") {{ticket}}}}'
    assert (await ask(stage.first, seen, token=fake.token(client_id="gojek"))).json()["data"]["complaint"]
    assert (await ask(stage.first, seen, token=await stage.partner_token())).json()["data"]["complaint"] is None
    async with stage.database.write(CAUSE) as db:
        await clients.create(db, a_client("other"))
        await clients.suspend(db, "other")
        await clients.suspend(db, APP.id)
    await asyncio.sleep(WITHIN)
    assert await codes(stage, fake.token(client_id="other")) == set()


REFUSED: dict[str, dict[str, Any]] = {
    "another audience": {"aud": "https://elsewhere.example"},
    "no audience": {"aud": None},
    "another issuer": {"iss": "https://elsewhere.example"},
    "an ID token": {"header": {"typ": "JWT"}},
    "an unknown key": {"header": {"kid": "nobody's"}},
    "expired": {"exp": 1_000_000_000},
    "a key of somebody else": {"key": MAKERS["ES256"]()},
}


@pytest.mark.parametrize("case", REFUSED)
async def test_a_token_that_does_not_hold_is_refused(stage: Stage, fake: FakeIssuer, case: str) -> None:
    challenged(await ask(stage.first, token=fake.token(**REFUSED[case])))


async def test_unknown_keys_bring_one_fetch_in_a_cooldown(stage: Stage, fake: FakeIssuer) -> None:
    assert await codes(stage, fake.token()) == set()
    for number in range(20):
        challenged(await ask(stage.first, token=fake.token({"kid": f"unknown-{number}"})))
    assert fake.asked <= 3


async def test_a_token_signed_with_a_new_key_is_accepted_after_the_cooldown(stage: Stage, fake: FakeIssuer) -> None:
    assert await codes(stage, fake.token()) == set()
    fake.rotate()
    await asyncio.sleep(COOLDOWN)
    assert await codes(stage, fake.token()) == set()


async def test_known_keys_serve_while_the_issuer_is_down(
    stage: Stage, fake: FakeIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jwks, "AGE", 0.0)
    assert await codes(stage, fake.token()) == set()
    fake.down = True
    await asyncio.sleep(COOLDOWN)
    for number in range(3):
        assert await codes(stage, fake.token(sub=f"s-{number}")) == set()
    unknown = await ask(stage.second, token=fake.token())
    assert (unknown.status_code, unknown.json()["errors"][0]["extensions"]["code"]) == (503, "TRY_LATER")


async def test_a_token_seen_before_ends_with_a_key_that_is_withdrawn(
    stage: Stage, fake: FakeIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jwks, "AGE", 0.3)
    token = fake.token()
    assert await codes(stage, token) == set()
    fake.rotate()
    for _ in range(20):
        await asyncio.sleep(0.1)
        if (answer := await ask(stage.first, token=token)).status_code == 401:
            break
    challenged(answer)


async def test_an_officer_is_who_is_linked_here_with_the_scopes_of_both(stage: Stage, sso: FakeIssuer) -> None:
    token = sso.keycloak()
    assert "linked to nobody" in challenged(await ask(stage.first, token=token))
    await stage.user("u_budi", "OFFICER", READ)
    async with stage.database.write(CAUSE) as db:
        await users.link(db, "u_budi", sso.url, "s-1")
    # A subject is a name of its issuer's, and of no other one's.
    assert await codes(stage, token) == set()
    reporter = "{complaints(first: 1) {edges {node {reporter {name}}}}}"
    await submit(stage.first, token=await stage.partner_token())
    assert await codes(stage, token, reporter) == {"FORBIDDEN"}
    assert await codes(stage, sso.keycloak(realm_access={"roles": ["offline", "admin"]})) == {"FORBIDDEN"}
    challenged(await ask(stage.first, token=sso.keycloak(sub="s-2")))


async def test_an_officer_who_is_suspended_is_refused_within_a_second(stage: Stage, sso: FakeIssuer) -> None:
    await stage.user("u_budi", "OFFICER", READ)
    async with stage.database.write(CAUSE) as db:
        await users.link(db, "u_budi", sso.url, "s-1")
    token = sso.keycloak()
    for process in (stage.first, stage.second):
        assert (await ask(process, token=token)).status_code == 200
    async with stage.database.write(CAUSE) as db:
        await users.suspend(db, "u_budi")
    await asyncio.sleep(WITHIN)
    for process in (stage.first, stage.second):
        challenged(await ask(process, token=token))


async def test_who_is_linked_no_longer_is_refused_within_a_second(stage: Stage, sso: FakeIssuer) -> None:
    for user_id, scope in (("u_budi", READ), ("u_siti", SUBMIT)):
        await stage.user(user_id, "OFFICER", scope)
    token = sso.keycloak()
    for user_id, refused in (("u_budi", set()), ("u_siti", {"FORBIDDEN"})):
        async with stage.database.write(CAUSE) as db:
            await users.link(db, user_id, sso.url, "s-1")
        await asyncio.sleep(WITHIN)
        assert await codes(stage, token) == refused


async def test_who_is_linked_as_a_citizen_is_no_officer(stage: Stage, sso: FakeIssuer) -> None:
    await stage.user("u_siti", "CITIZEN", READ)
    async with stage.database.write(CAUSE) as db:
        await users.link(db, "u_siti", sso.url, "s-1")
    challenged(await ask(stage.first, token=sso.keycloak()))
