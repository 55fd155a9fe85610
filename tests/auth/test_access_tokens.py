"""Access tokens at the graph: valid until they expire or something is revoked."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey

from hub.app import build
from hub.auth import access_tokens, authentication
from hub.store.oauth import clients, grants, second_factors, users
from tests.auth.harness import APP, CAUSE, ISSUER, PARTNER, PII, READ, SUBMIT, EpochClock, Stage, ask, submit
from tests.auth.server.harness import ath, proof

METADATA = f'resource_metadata="{ISSUER}/.well-known/oauth-protected-resource"'
WITHIN = 1.0
"""Seconds within which every process must refuse a revoked token."""


def challenged(answer: httpx.Response, scheme: str = "Bearer", error: str | None = "invalid_token") -> str:
    """Return the challenge of a 401, which names the metadata, and the error if such credentials were sent."""
    assert answer.status_code == 401, answer.text
    challenge = answer.headers["www-authenticate"]
    assert challenge.startswith(f"{scheme} ")
    assert METADATA in challenge
    assert (f'error="{error}"' in challenge) if error else ("error=" not in challenge)
    assert answer.json()["errors"][0]["message"]
    return challenge


async def test_without_a_token_one_is_the_public(stage: Stage) -> None:
    answer = await ask(stage.first)
    assert (answer.status_code, "errors" in answer.json()) == (200, False)
    assert "www-authenticate" not in answer.headers


async def test_a_partner_submits_and_follows_within_its_scopes(stage: Stage) -> None:
    token = await stage.partner_token()
    received = await submit(stage.first, token=token)
    assert received["complaint"]["title"] == "Bus tidak berhenti"
    query = f'{{complaint(ticket: "{received["ticket"]}") {{status text channel reporter {{name}}}}}}'
    body = (await ask(stage.second, query, token=token, hub_purpose="handling")).json()
    assert body["data"]["complaint"] == {
        "status": "RECEIVED", "text": "Bus tidak berhenti di halte.", "channel": "GOJEK", "reporter": None,
    }  # fmt: skip
    assert [error["extensions"] for error in body["errors"]] == [{"code": "FORBIDDEN", "scope": PII}]
    assert await stage.rows("select submitted_by, citizen_id from complaints") == [("client:gojek", None)]


async def test_scopes_are_those_of_token_client_and_user(stage: Stage) -> None:
    await stage.user("u_budi", "OFFICER", READ)
    query = "{complaints(filter: {channel: [WEB]}) {totalCount}}"
    for scopes, codes in (((READ, PII), 0), ((SUBMIT,), 1), (("payments:read",), 1)):
        body = (await ask(stage.first, query, token=await stage.token("u_budi", APP.id, *scopes))).json()
        assert len(body.get("errors", [])) == codes
    payments = await ask(
        stage.first, "{payments {totalCount}}", token=await stage.token("u_budi", APP.id, "payments:read")
    )
    assert payments.json()["errors"][0]["extensions"]["scope"] == "payments:read"


async def test_a_client_is_bound_to_its_channels_for_every_user(stage: Stage) -> None:
    await stage.run("update clients set channels = '{WEB}'")
    await stage.user("u_siti", "CITIZEN", SUBMIT)
    for token in (await stage.partner_token(), await stage.token("u_siti")):
        assert await submit(stage.first, token=token) == {"problems": [{"code": "NOT_ALLOWED"}]}
        assert (await submit(stage.first, over=", channel: WEB", token=token))["ticket"]


async def test_a_partners_merchants_are_those_of_its_client_now(stage: Stage) -> None:
    token, query = await stage.partner_token(), "{viewer {merchants}}"
    for process, merchants in ((stage.first, ["LOKET", "TRANSJATENG"]), (stage.second, [])):
        await stage.run("update clients set merchants = :merchants where id = 'gojek'", merchants=merchants)
        assert (await ask(process, query, token=token)).json()["data"]["viewer"] == {"merchants": merchants}
    await stage.user("u_budi", "OFFICER", READ)
    await stage.run("update clients set merchants = '{LOKET}'")
    person = await ask(stage.first, query, token=await stage.token("u_budi"))
    assert person.json()["data"]["viewer"] == {"merchants": []}


async def test_a_deleted_clients_token_is_invalid_for_a_new_namesake(stage: Stage) -> None:
    token = await stage.partner_token()
    await stage.run("delete from clients where id = 'gojek'")
    await stage.client(PARTNER)
    # As if it had been issued half a minute before.
    await stage.run("update clients set created_at = now() + interval '30 s' where id = 'gojek'")
    challenged(await ask(stage.second, token=token))
    response = await stage.first.post("/oauth/introspect", data={"token": token}, auth=(PARTNER.id, stage.secret))
    assert response.json() == {"active": False}


FORGED: dict[str, dict[str, Any]] = {
    "another type": {"header": {"typ": "JWT"}},
    "no type": {"header": {"typ": None}},
    "another audience": {"aud": "https://elsewhere.example"},
    "an audience that begins alike": {"aud": f"{ISSUER}0"},
    "no audience": {"aud": ""},
    "another issuer": {"iss": "https://elsewhere.example"},
    "expired": {"exp": 1_000_000_000},
    "from the future": {"iat": 4_000_000_000, "exp": 4_000_000_060},
    "an unknown key": {"header": {"kid": "nobody's"}},
    "a client that is none": {"client_id": "nobody", "sub": "nobody"},
    "a user that is none": {"sub": "u_nobody"},
}


@pytest.mark.parametrize("case", FORGED)
async def test_an_invalid_token_is_refused(stage: Stage, case: str) -> None:
    challenged(await ask(stage.first, token=await stage.forged(**FORGED[case])))


async def test_a_token_signed_with_another_key_is_refused(stage: Stage) -> None:
    challenged(await ask(stage.first, token=await stage.forged(key=ECKey.generate_key("P-256"))))


@pytest.mark.parametrize("token", ["x", "a.b.c", "🚌", "x" * 20_000, "."])
async def test_rubbish_is_refused(stage: Stage, token: str) -> None:
    answer = await stage.first.post(
        "/graphql", json={"query": "{__typename}"}, headers=[(b"authorization", f"Bearer {token}".encode())]
    )
    challenged(answer)


async def test_other_schemes_and_several_credentials_are_refused(stage: Stage) -> None:
    challenged(await ask(stage.first, authorization="Basic Z29qZWs6eA=="), error=None)
    token = await stage.partner_token()
    both = await ask(stage.first, token=token, hub_tracking_code="LG-2026-000001 X")
    assert both.status_code == 400
    twice = [("authorization", f"Bearer {token}")] * 2
    answer = await stage.first.post("/graphql", json={"query": "{__typename}"}, headers=twice)
    assert answer.status_code == 400


Take = Callable[[Stage, Any], Awaitable[Any]]


async def suspend_client(stage: Stage, db: Any) -> None:
    await clients.suspend(db, APP.id)


async def suspend_user(stage: Stage, db: Any) -> None:
    await users.suspend(db, "u_budi")


async def set_password(stage: Stage, db: Any) -> None:
    await users.set_password(db, "u_budi", "new hash")


async def suspend_and_resume_user(stage: Stage, db: Any) -> None:
    await users.suspend(db, "u_budi")
    await users.resume(db, "u_budi")


async def revoke_grants(stage: Stage, db: Any) -> None:
    await grants.revoke_all(db, "u_budi")


async def remove_client(stage: Stage, db: Any) -> None:
    await clients.remove(db, APP.id)


@pytest.mark.parametrize(
    "take", [suspend_client, suspend_user, suspend_and_resume_user, set_password, revoke_grants, remove_client]
)
async def test_a_revocation_reaches_every_process_within_a_second(
    stage: Stage, take: Take, epoch_clock: EpochClock
) -> None:
    await stage.user("u_budi", "OFFICER", READ)
    token = await stage.token("u_budi")
    for process in (stage.first, stage.second):
        assert (await ask(process, token=token)).status_code == 200
    async with stage.database.write(CAUSE) as db:
        await take(stage, db)
    epoch_clock.passes(WITHIN)
    for process in (stage.first, stage.second):
        challenged(await ask(process, token=token))


async def test_a_token_revoked_at_one_process_is_refused_by_the_other(stage: Stage, epoch_clock: EpochClock) -> None:
    token = await stage.partner_token()
    assert (await ask(stage.second, token=token)).status_code == 200
    done = await stage.first.post("/oauth/revoke", data={"token": token}, auth=(PARTNER.id, stage.secret))
    assert done.status_code == 200
    epoch_clock.passes(WITHIN)
    challenged(await ask(stage.second, token=token))


async def test_a_scope_removed_from_a_user_ends_for_issued_tokens(stage: Stage, epoch_clock: EpochClock) -> None:
    await stage.user("u_budi", "OFFICER", READ)
    token, query = await stage.token("u_budi"), "{complaints(filter: {channel: [WEB]}) {totalCount}}"
    assert "errors" not in (await ask(stage.first, query, token=token)).json()
    async with stage.database.write(CAUSE) as db:
        await users.set_scopes(db, "u_budi", ())
    epoch_clock.passes(WITHIN)
    assert (await ask(stage.first, query, token=token)).json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_a_remembered_token_ends_when_it_expires(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    token = await stage.token(PARTNER.id, PARTNER.id, READ, seconds=600)
    assert (await ask(stage.first, token=token)).status_code == 200
    later = SimpleNamespace(time=lambda: time.time() + 600)
    monkeypatch.setattr(authentication, "time", later)
    monkeypatch.setattr(access_tokens, "time", later)
    challenged(await ask(stage.first, token=token))


async def test_a_missing_required_second_factor_hides_guarded_data(stage: Stage, epoch_clock: EpochClock) -> None:
    await stage.user("u_budi", "OFFICER", READ, PII)
    token, reporter = await stage.token("u_budi"), "{complaints(first: 1) {edges {node {reporter {name}}}}}"
    await submit(stage.first, token=await stage.partner_token())
    requiring = build(stage.settings.model_copy(update={"second_factor": True}))

    async def scopes() -> list[str]:
        transport = httpx.ASGITransport(requiring, client=("198.51.100.7", 1))
        async with httpx.AsyncClient(transport=transport, base_url=ISSUER) as process:
            body = (await ask(process, reporter, token=token, hub_purpose="handling")).json()
            return [error["extensions"].get("scope") for error in body.get("errors", [])]

    async with requiring.router.lifespan_context(requiring):
        assert await scopes() == [PII]
        async with stage.database.write(CAUSE) as db:
            await second_factors.save(db, "u_budi", b"sealed", 1, ["A"])
        epoch_clock.passes(WITHIN)
        assert PII not in await scopes()


async def test_a_bound_token_needs_a_fresh_proof_of_its_key(stage: Stage) -> None:
    key, other = ECKey.generate_key("P-256"), ECKey.generate_key("P-256")
    token = await stage.token(PARTNER.id, PARTNER.id, READ, jkt=key.thumbprint())
    login = {"authorization": f"DPoP {token}"}
    good = _proof(key, token)
    assert (await ask(stage.first, **login, dpop=good)).status_code == 200
    challenged(await ask(stage.second, **login, dpop=good), "DPoP", "invalid_dpop_proof")
    challenged(await ask(stage.first, **login), "DPoP", "invalid_dpop_proof")
    challenged(await ask(stage.first, **login, dpop=_proof(other, token)), "DPoP", "invalid_dpop_proof")
    challenged(await ask(stage.first, **login, dpop=_proof(key, token, htu=f"{ISSUER}/")), "DPoP", "invalid_dpop_proof")
    challenged(await ask(stage.first, **login, dpop=_proof(key, "another")), "DPoP", "invalid_dpop_proof")
    assert "algs=" in challenged(await ask(stage.first, token=token), "DPoP")


async def test_a_token_that_is_not_bound_is_no_dpop_token(stage: Stage) -> None:
    token = await stage.partner_token()
    key = ECKey.generate_key("P-256")
    challenged(await ask(stage.first, authorization=f"DPoP {token}", dpop=_proof(key, token)), "DPoP")


def _proof(key: ECKey, token: str, **over: Any) -> str:
    claims: dict[str, Any] = {"htu": f"{ISSUER}/graphql", "ath": ath(token), "iat": int(time.time())} | over
    return proof(key, "/graphql", **claims)
