"""Tokens of an outside issuer at the graph: what they permit, and when they are not valid."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hub.auth import jwks
from hub.store.oauth import clients, external_blocks, users
from tests.auth.fake_issuer import AUDIENCE, MAKERS, Clock, FakeIssuer, fake_issuer
from tests.auth.harness import APP, CAUSE, PII, READ, SUBMIT, EpochClock, Stage, ask, staged, submit
from tests.auth.server.harness import a_client
from tests.auth.test_access_tokens import WITHIN, challenged

CHANNELS = "{complaints(filter: {channel: [WEB]}) {totalCount}}"
"""A query that needs ``complaints:read``."""
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
COOLDOWN = 60


@pytest.fixture
def clock() -> Clock:
    """The clock of the hub's cache of keys."""
    return Clock()


@pytest.fixture
async def fake() -> AsyncIterator[FakeIssuer]:
    """An issuer of partners' tokens."""
    async with fake_issuer("ES256") as issuer:
        yield issuer


@pytest.fixture
async def sso() -> AsyncIterator[FakeIssuer]:
    """An issuer of officers' tokens in the form of Keycloak's."""
    async with fake_issuer("RS256") as issuer:
        yield issuer


@pytest.fixture
async def stage(
    database_url: str, tmp_path: Path, fake: FakeIssuer, sso: FakeIssuer, clock: Clock
) -> AsyncIterator[Stage]:
    """Two processes of a hub that trusts both."""
    partners: dict[str, Any] = {"name": "fake", "audience": AUDIENCE, "channels": ["GOJEK"]}
    partners["scopes"] = {"read": [READ], "write": [SUBMIT]}
    rows = [
        row | {"issuer": of.url, "jwks_uri": f"{of.url}/keys", "algorithms": [of.algorithm], "cooldown": COOLDOWN}
        for row, of in ((partners, fake), (OFFICERS, sso))
    ]
    file = tmp_path / "issuers.json"
    file.write_text(json.dumps({"issuers": rows}))
    async with staged(database_url, file, clock) as stage:
        yield stage


async def codes(stage: Stage, token: str, query: str = CHANNELS) -> set[str]:
    """Return the codes of the errors in a response to a valid token."""
    answer = await ask(stage.first, query, token=token)
    assert answer.status_code == 200, answer.text
    return {error["extensions"]["code"] for error in answer.json().get("errors", [])}


async def test_a_partner_has_the_scopes_its_claims_are_mapped_to(stage: Stage, fake: FakeIssuer) -> None:
    assert await codes(stage, fake.token(scope="read")) == set()
    received = await submit(stage.first, token=fake.token(scope="write read"))
    assert received["ticket"]
    assert await stage.rows("select submitted_by from complaints") == [("client:fake:app",)]


async def test_its_clients_submit_by_the_channels_of_its_row_only(stage: Stage, fake: FakeIssuer) -> None:
    token = fake.token(scope="write")
    refused = await submit(stage.first, over=", channel: WEB", token=token)
    assert refused == {"problems": [{"code": "NOT_ALLOWED"}]}
    assert (await submit(stage.first, token=token))["ticket"]


@pytest.mark.parametrize("scope", ["write", "complaints:read", "admin hub:operate", None])
async def test_unmapped_claims_grant_nothing(stage: Stage, fake: FakeIssuer, scope: str | None) -> None:
    assert await codes(stage, fake.token(scope=scope)) == {"FORBIDDEN"}


async def test_who_has_the_id_of_a_client_of_ours_is_somebody_else(
    stage: Stage, fake: FakeIssuer, epoch_clock: EpochClock
) -> None:
    received = await submit(stage.first, token=fake.token(client_id="gojek", scope="write"))
    seen = f'{{complaint(ticket: "{received["ticket"]}") {{ticket}}}}'
    assert (await ask(stage.first, seen, token=fake.token(client_id="gojek"))).json()["data"]["complaint"]
    assert (await ask(stage.first, seen, token=await stage.partner_token())).json()["data"]["complaint"] is None
    async with stage.database.write(CAUSE) as db:
        await clients.create(db, a_client("other"))
        await clients.suspend(db, "other")
        await clients.suspend(db, APP.id)
    epoch_clock.passes(WITHIN)
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
async def test_an_invalid_token_is_refused(stage: Stage, fake: FakeIssuer, case: str) -> None:
    challenged(await ask(stage.first, token=fake.token(**REFUSED[case])))


async def test_unknown_keys_bring_one_fetch_in_a_cooldown(stage: Stage, fake: FakeIssuer, clock: Clock) -> None:
    assert await codes(stage, fake.token()) == set()
    for _ in range(2):
        for number in range(10):
            challenged(await ask(stage.first, token=fake.token({"kid": f"unknown-{number}"})))
        clock.now += COOLDOWN
    assert fake.key_requests == 2


async def test_a_token_of_a_new_key_is_accepted_after_the_cooldown(
    stage: Stage, fake: FakeIssuer, clock: Clock
) -> None:
    assert await codes(stage, fake.token()) == set()
    fake.rotate()
    challenged(await ask(stage.first, token=fake.token()))
    clock.now += COOLDOWN
    assert await codes(stage, fake.token()) == set()


async def test_known_keys_serve_while_the_issuer_is_down(stage: Stage, fake: FakeIssuer, clock: Clock) -> None:
    assert await codes(stage, fake.token()) == set()
    fake.down = True
    clock.now += jwks.MAX_AGE + 1
    for number in range(3):
        assert await codes(stage, fake.token(sub=f"s-{number}")) == set()
    unknown = await ask(stage.second, token=fake.token())
    assert (unknown.status_code, unknown.json()["errors"][0]["extensions"]["code"]) == (503, "TRY_LATER")


async def test_a_token_seen_before_ends_with_a_key_that_is_withdrawn(
    stage: Stage, fake: FakeIssuer, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A token's identity is cached for as long as keys are, so that is short here; keys expire by the clock.
    monkeypatch.setattr(jwks, "MAX_AGE", 0.05)
    token = fake.token()
    assert await codes(stage, token) == set()
    fake.rotate()
    clock.now += COOLDOWN
    async with asyncio.timeout(60):
        while (answer := await ask(stage.first, token=token)).status_code != 401:
            await asyncio.sleep(0.05)
    challenged(answer)


async def test_a_linked_officer_has_the_scopes_of_user_and_token(stage: Stage, sso: FakeIssuer) -> None:
    token = sso.keycloak()
    assert "linked to no user" in challenged(await ask(stage.first, token=token))
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


async def test_an_officer_who_is_suspended_is_refused_within_a_second(
    stage: Stage, sso: FakeIssuer, epoch_clock: EpochClock
) -> None:
    await stage.user("u_budi", "OFFICER", READ)
    async with stage.database.write(CAUSE) as db:
        await users.link(db, "u_budi", sso.url, "s-1")
    token = sso.keycloak()
    for process in (stage.first, stage.second):
        assert (await ask(process, token=token)).status_code == 200
    async with stage.database.write(CAUSE) as db:
        await users.suspend(db, "u_budi")
    epoch_clock.passes(WITHIN)
    for process in (stage.first, stage.second):
        challenged(await ask(process, token=token))


async def test_who_is_linked_no_longer_is_refused_within_a_second(
    stage: Stage, sso: FakeIssuer, epoch_clock: EpochClock
) -> None:
    for user_id, scope in (("u_budi", READ), ("u_siti", SUBMIT)):
        await stage.user(user_id, "OFFICER", scope)
    token = sso.keycloak()
    for user_id, refused in (("u_budi", set()), ("u_siti", {"FORBIDDEN"})):
        async with stage.database.write(CAUSE) as db:
            await users.link(db, user_id, sso.url, "s-1")
        epoch_clock.passes(WITHIN)
        assert await codes(stage, token) == refused


async def test_a_relinked_identity_ends_its_former_users_tokens(
    stage: Stage, sso: FakeIssuer, epoch_clock: EpochClock
) -> None:
    for user_id in ("u_budi", "u_siti"):
        await stage.user(user_id, "OFFICER", READ)
    async with stage.database.write(CAUSE) as db:
        await users.link(db, "u_budi", sso.url, "s-1")
    before = await stage.token("u_budi")
    async with stage.database.write(CAUSE) as db:
        await users.link(db, "u_budi", sso.url, "s-1")
    assert (await ask(stage.first, token=before)).status_code == 200
    async with stage.database.write(CAUSE) as db:
        await users.link(db, "u_siti", sso.url, "s-1")
    epoch_clock.passes(WITHIN)
    challenged(await ask(stage.first, token=before))


async def test_one_partner_of_an_issuer_is_shut_out_within_a_second(
    stage: Stage, fake: FakeIssuer, epoch_clock: EpochClock
) -> None:
    bad, good = fake.token(client_id="bad"), fake.token(client_id="good")
    for process in (stage.first, stage.second):
        assert (await ask(process, token=bad)).status_code == 200
    received = await submit(stage.first, token=fake.token(client_id="bad", scope="write"))
    holds = {"hub_tracking_code": f"{received['ticket']} {received['trackingCode']}"}
    assert (await ask(stage.first, **holds)).status_code == 200
    async with stage.database.write(CAUSE) as db:
        await external_blocks.suspend_client(db, "fake:bad")
    epoch_clock.passes(WITHIN)
    for process in (stage.first, stage.second):
        refused = await ask(process, token=bad)
        challenged(refused)
        assert "ditangguhkan: hubungi operator" in refused.text
        assert (await ask(process, token=good)).status_code == 200
    challenged(await ask(stage.first, token=fake.token(client_id="bad")))
    challenged(await ask(stage.first, **holds), error=None)
    async with stage.database.write(CAUSE) as db:
        assert await external_blocks.resume_client(db, "fake:bad")
    epoch_clock.passes(WITHIN)
    assert (await ask(stage.first, token=bad)).status_code == 200


async def test_one_linked_identity_is_shut_out_within_a_second(
    stage: Stage, sso: FakeIssuer, epoch_clock: EpochClock
) -> None:
    await stage.user("u_budi", "OFFICER", READ)
    async with stage.database.write(CAUSE) as db:
        for subject in ("s-1", "s-2"):
            await users.link(db, "u_budi", sso.url, subject)
    one, two, own = sso.keycloak(), sso.keycloak(sub="s-2"), await stage.token("u_budi")
    for token in (one, two, own):
        assert (await ask(stage.first, token=token)).status_code == 200
    async with stage.database.write(CAUSE) as db:
        await external_blocks.suspend_identity(db, sso.url, "s-1")
    epoch_clock.passes(WITHIN)
    challenged(await ask(stage.first, token=one))
    challenged(await ask(stage.first, token=own))
    assert (await ask(stage.first, token=two)).status_code == 200
    async with stage.database.write(CAUSE) as db:
        await external_blocks.resume_identity(db, sso.url, "s-1")
    epoch_clock.passes(WITHIN)
    assert (await ask(stage.first, token=one)).status_code == 200


async def test_who_is_linked_as_a_citizen_is_no_officer(stage: Stage, sso: FakeIssuer) -> None:
    await stage.user("u_siti", "CITIZEN", READ)
    async with stage.database.write(CAUSE) as db:
        await users.link(db, "u_siti", sso.url, "s-1")
    challenged(await ask(stage.first, token=sso.keycloak()))
