"""Tracking codes are for reporters: a client that knows one cannot open what the client may not see."""

from __future__ import annotations

from typing import Any

import pytest

from hub.store.complaints import tracking_codes
from hub.store.oauth import clients
from tests.auth.harness import APP, CAUSE, PARTNER, PII, READ, REPLY, SUBMIT, Stage, ask, submit

SCOPES = (READ, PII, "complaints:respond")
RENEWED = """__typename ... on RenewTrackingCodePayload {ticket trackingCode} ... on NotAllowed {code}
    ... on ComplaintNotFound {message}"""


@pytest.fixture
async def officer(stage: Stage) -> str:
    """The token of an officer of the complaint desk."""
    await stage.user("u_desk", "OFFICER", *SCOPES)
    await stage.run("update clients set scopes = :scopes where id = 'app'", scopes=[*APP.scopes, *SCOPES])
    return await stage.token("u_desk", APP.id, *SCOPES)


async def renew(stage: Stage, ticket: str, key: str = "renewal-1", **headers: str) -> Any:
    """Return the response of ``renewTrackingCode``."""
    given = f'ticket: "{ticket}", idempotencyKey: "{key}"'
    query = f"mutation {{renewTrackingCode(input: {{{given}}}) {{{RENEWED}}}}}"
    body = (await ask(stage.first, query, **headers)).json()
    assert "errors" not in body, body
    return body["data"]["renewTrackingCode"]


async def opens(stage: Stage, submitted: dict[str, Any]) -> bool:
    """Return whether ticket and code open the complaint's text."""
    query = f'{{complaint(ticket: "{submitted["ticket"]}") {{text}}}}'
    answer = await ask(stage.first, query, hub_tracking_code=f"{submitted['ticket']} {submitted['trackingCode']}")
    if answer.status_code == 401:
        return False
    return bool(answer.json()["data"]["complaint"]["text"])


async def test_a_secret_complaints_code_is_for_the_desk_only(stage: Stage, officer: str) -> None:
    token = await stage.partner_token()
    mine = await submit(stage.first, over=", secret: true", token=token)
    assert (mine["trackingCode"], mine["complaint"]["title"]) == (None, None)
    again = await submit(stage.first, over=", secret: true", token=token)
    assert again == mine
    renewed = await renew(stage, mine["ticket"], token=officer)
    assert await opens(stage, renewed)


async def test_an_account_gets_the_code_of_its_secret_complaint(stage: Stage) -> None:
    await stage.user("u_siti", "CITIZEN", SUBMIT, READ, REPLY)
    mine = await submit(stage.first, over=", secret: true", token=await stage.token("u_siti"))
    assert await opens(stage, mine)


async def test_a_partners_code_does_not_open_what_became_secret(stage: Stage, officer: str) -> None:
    mine = await submit(stage.first, token=await stage.partner_token())
    assert await opens(stage, mine)
    await stage.run("update complaints set secret = true")
    assert not await opens(stage, mine)
    assert await opens(stage, await renew(stage, mine["ticket"], token=officer))


async def test_a_suspended_clients_tracking_codes_open_nothing(stage: Stage, officer: str) -> None:
    token = await stage.partner_token()
    mine, other = [await submit(stage.first, f"5f0c-000{n}", token=token) for n in (1, 2)]
    handed = await renew(stage, other["ticket"], token=officer)
    async with stage.database.write(CAUSE) as db:
        await clients.suspend(db, PARTNER.id)
    assert [await opens(stage, submitted) for submitted in (mine, handed)] == [False, True]
    async with stage.database.write(CAUSE) as db:
        await clients.resume(db, PARTNER.id)
    assert await opens(stage, mine)


async def test_all_codes_of_a_client_can_be_revoked(stage: Stage, officer: str) -> None:
    token = await stage.partner_token()
    mine, other = [await submit(stage.first, f"5f0c-000{n}", token=token) for n in (1, 2)]
    handed = await renew(stage, other["ticket"], token=officer)
    await stage.user("u_siti", "CITIZEN", SUBMIT, READ, REPLY)
    citizens = await submit(stage.first, "5f0c-0003", token=await stage.token("u_siti"))
    async with stage.database.write(CAUSE) as db:
        assert await tracking_codes.renew_all(db, PARTNER.id) == 1
    assert [await opens(stage, submitted) for submitted in (mine, handed, citizens)] == [False, True, True]


async def test_a_renewed_code_replaces_the_old_and_repeats_alike(stage: Stage, officer: str) -> None:
    mine = await submit(stage.first, token=await stage.partner_token())
    holds = f"{mine['ticket']} {mine['trackingCode']}"
    await stage.run("update complaints set status = 'VERIFIED', verified_at = now()")
    renewed = await renew(stage, mine["ticket"], hub_tracking_code=holds)
    assert (await opens(stage, mine), await opens(stage, renewed)) == (False, True)
    by_desk = [await renew(stage, mine["ticket"], "renewal-2", token=officer) for _ in range(2)]
    assert by_desk[0] == by_desk[1] != renewed
    query = f'{{complaint(ticket: "{mine["ticket"]}") {{status timeline {{action role}}}}}}'
    (seen,) = [(await ask(stage.first, query, token=officer)).json()["data"]["complaint"]]
    assert seen["timeline"][1:] == [{"action": "RENEW_CODE", "role": role} for role in ("REPORTER", "DESK")]
    trail = await stage.rows("select subject, actor, client from audit_events where action = 'tracking-code:renew'")
    about = f"complaint:{mine['ticket']}"
    assert trail == [(about, f"holder:{mine['ticket']}", None), (about, "u_desk", "app")]
    assert await stage.rows("select 1 from changes where before::text ~ 'code_' or after::text ~ 'code_'") == []


async def test_a_code_that_a_partner_renews_is_one_that_it_knows(stage: Stage) -> None:
    token = await stage.partner_token()
    mine = await submit(stage.first, token=token)
    renewed = await renew(stage, mine["ticket"], token=token)
    assert await opens(stage, renewed)
    await stage.run("update complaints set secret = true")
    assert not await opens(stage, renewed)
    assert (await renew(stage, mine["ticket"], "renewal-2", token=token))["__typename"] == "ComplaintNotFound"
