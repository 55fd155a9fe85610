"""A reporter without an account reads, answers, rates and reopens one complaint; a citizen those of the account."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from hub.auth.authentication import UNKNOWN_TRACKING_CODE
from hub.auth.purposes import Purpose, parse_headers
from tests.auth.harness import APP, PII, READ, REPLY, SUBMIT, Stage, ask, submit

MINE = """title text channel class rating timeline {action role note} attachments {name} references {paymentReference}
    accessLog {reader client purpose fields}"""
DONE = "__typename ... on ComplaintPayload {complaint {status rating}} ... on NotAllowed {code}"


async def act(process: httpx.AsyncClient, name: str, ticket: str, given: str = "", **headers: str) -> Any:
    """Return the response of a mutation on one complaint."""
    query = f'mutation {{{name}(input: {{ticket: "{ticket}" {given}}}) {{{DONE}}}}}'
    body = (await ask(process, query, **headers)).json()
    assert "errors" not in body, body
    return body["data"][name]


async def complaint(process: httpx.AsyncClient, ticket: str, fields: str = MINE, **headers: str) -> Any:
    body = (await ask(process, f'{{complaint(ticket: "{ticket}") {{{fields}}}}}', **headers)).json()
    assert "errors" not in body, body
    return body["data"]["complaint"]


@pytest.fixture
async def officer(stage: Stage) -> str:
    """The token of an officer of the complaint desk."""
    scopes = (SUBMIT, READ, PII, "complaints:verify", "complaints:assign", "complaints:respond")
    await stage.user("u_desk", "OFFICER", *scopes)
    await stage.run("update clients set scopes = :scopes where id = 'app'", scopes=[*scopes, REPLY])
    return await stage.token("u_desk", APP.id, *scopes)


async def test_ticket_and_code_open_one_complaint_and_no_other(stage: Stage) -> None:
    token = await stage.partner_token()
    mine, other = [await submit(stage.first, f"5f0c-000{n}", token=token) for n in (1, 2)]
    holds = {"hub_tracking_code": f"{mine['ticket']} {mine['trackingCode']}"}
    seen = await complaint(stage.first, mine["ticket"], **holds)
    assert (seen["text"], seen["channel"], seen["accessLog"]) == ("Bus tidak berhenti di halte.", "GOJEK", [])
    assert [step["action"] for step in seen["timeline"]] == ["SUBMIT"]
    assert await complaint(stage.first, other["ticket"], "ticket", **holds) is None
    listed = (await ask(stage.second, "{complaints {edges {node {ticket}}}}", **holds)).json()["data"]["complaints"]
    assert [edge["node"]["ticket"] for edge in listed["edges"]] == [mine["ticket"]]


async def test_a_code_is_read_as_people_type_it(stage: Stage) -> None:
    mine = await submit(stage.first, token=await stage.partner_token())
    typed = mine["trackingCode"].lower().replace("-", " ").replace("0", "o")
    assert await complaint(stage.first, mine["ticket"], "text", hub_tracking_code=f"{mine['ticket'].lower()}  {typed}")


async def test_the_reporter_answers_rates_and_reopens(stage: Stage, officer: str) -> None:
    mine = await submit(stage.first, token=await stage.partner_token())
    ticket, holds = mine["ticket"], {"hub_tracking_code": f"{mine['ticket']} {mine['trackingCode']}"}
    await act(stage.first, "verifyComplaint", ticket, 'verdict: RETURNED, note: "Halte yang mana?"', token=officer)
    replied = await act(stage.first, "replyToComplaint", ticket, 'text: "Simpang Lima."', **holds)
    assert replied["complaint"]["status"] == "RECEIVED"
    await act(stage.first, "verifyComplaint", ticket, "verdict: VERIFIED", token=officer)
    assert (await act(stage.first, "rateComplaint", ticket, "rating: 4", **holds))["code"] == "WRONG_STATUS"
    await act(stage.first, "assignComplaint", ticket, 'agencyCode: "DISHUB"', token=officer)
    due = await stage.rows("select due_at from complaints")
    again = await act(stage.first, "replyToComplaint", ticket, 'text: "Masih begitu."', **holds)
    assert again["complaint"]["status"] == "ASSIGNED"
    assert await stage.rows("select due_at from complaints") == due
    answer = 'text: "Sopir sudah ditegur.", final: true'
    await act(stage.first, "respondToComplaint", ticket, answer, token=officer)
    rated = await act(stage.first, "rateComplaint", ticket, "rating: 4", **holds)
    assert rated["complaint"] == {"status": "ANSWERED", "rating": 4}
    reopened = await act(stage.first, "reopenComplaint", ticket, 'reason: "Terjadi lagi tadi pagi."', **holds)
    assert reopened["complaint"]["status"] == "IN_PROGRESS"
    steps = (await complaint(stage.first, ticket, "timeline {action role}", **holds))["timeline"]
    by_reporter = [step["action"] for step in steps if step["role"] == "REPORTER"]
    assert by_reporter == ["SUBMIT", "REPLY", "REPLY", "RATE", "REOPEN"]


async def test_a_tracking_code_holder_cannot_act_as_desk_or_on_others(stage: Stage, officer: str) -> None:
    token = await stage.partner_token()
    mine, other = [await submit(stage.first, f"5f0c-000{n}", token=token) for n in (1, 2)]
    await act(stage.first, "verifyComplaint", other["ticket"], "verdict: VERIFIED", token=officer)
    holds = {"hub_tracking_code": f"{mine['ticket']} {mine['trackingCode']}"}
    seen = await complaint(stage.first, other["ticket"], "title text channel", **holds)
    assert seen == {"title": "Bus tidak berhenti", "text": None, "channel": None}
    missing = await act(stage.first, "replyToComplaint", other["ticket"], 'text: "Bukan milik saya."', **holds)
    assert missing["__typename"] == "ComplaintNotFound"
    query = f'mutation {{verifyComplaint(input: {{ticket: "{mine["ticket"]}", verdict: VERIFIED}}) {{__typename}}}}'
    body = (await ask(stage.first, query, **holds)).json()
    assert [error["extensions"]["scope"] for error in body["errors"]] == ["complaints:verify"]


async def test_guessing_is_throttled_and_then_refuses_the_right_code(stage: Stage) -> None:
    mine = await submit(stage.first, token=await stage.partner_token())
    wrong = {"hub_tracking_code": f"{mine['ticket']} AAAA-AAAA-AAAA-AAAA-AAAA"}
    codes = [(await ask(stage.first, **wrong)).status_code for _ in range(11)]
    assert codes == [401] * 10 + [429]
    right = await ask(stage.first, hub_tracking_code=f"{mine['ticket']} {mine['trackingCode']}")
    assert (right.status_code, right.json()["errors"][0]["extensions"]["code"]) == (429, "RATE_LIMITED")
    assert int(right.headers["retry-after"]) > 0
    other = await submit(stage.first, "5f0c-0002", token=await stage.partner_token())
    answer = await ask(stage.first, hub_tracking_code=f"{other['ticket']} {other['trackingCode']}")
    assert answer.status_code == 200


@pytest.mark.parametrize("header", ["", "LG-2026-000001", "LG-2026-999999 AAAA-AAAA-AAAA-AAAA-AAAA", "x y z", "0 0"])
async def test_a_wrong_ticket_and_a_wrong_code_look_the_same(stage: Stage, header: str) -> None:
    await submit(stage.first, token=await stage.partner_token())
    answer = await ask(stage.first, hub_tracking_code=header)
    assert (answer.status_code, answer.json()["errors"][0]["message"]) == (401, UNKNOWN_TRACKING_CODE.indonesian)


async def test_right_codes_are_not_counted(stage: Stage) -> None:
    mine = await submit(stage.first, token=await stage.partner_token())
    holds = {"hub_tracking_code": f"{mine['ticket']} {mine['trackingCode']}"}
    assert {(await ask(stage.first, **holds)).status_code for _ in range(25)} == {200}


async def test_a_citizen_follows_what_was_submitted_with_the_account(stage: Stage) -> None:
    for name in ("u_siti", "u_budi"):
        await stage.user(name, "CITIZEN", SUBMIT, READ, REPLY)
    siti, budi = await stage.token("u_siti"), await stage.token("u_budi")
    mine = await submit(stage.first, over=", secret: true", token=siti)
    assert (await complaint(stage.first, mine["ticket"], token=siti))["text"] == "Bus tidak berhenti di halte."
    assert await complaint(stage.first, mine["ticket"], "ticket", token=budi) is None
    replied = await act(stage.first, "replyToComplaint", mine["ticket"], 'text: "Tambahan."', token=siti)
    assert replied["complaint"]["status"] == "RECEIVED"
    short = await stage.token("u_siti", APP.id, SUBMIT)
    assert await complaint(stage.first, mine["ticket"], "ticket", token=short) is None
    changes = await stage.rows("select count(*) from changes where after::text like '%u_siti%' and kind = 'complaint'")
    assert (await stage.rows("select citizen_id from complaints"), changes) == ([("u_siti",)], [(1,)])


@pytest.mark.parametrize(
    ("headers", "purpose"),
    [
        ((), None),
        (("handling",), Purpose.HANDLING),
        ((" Legal-Request ",), Purpose.LEGAL_REQUEST),
        (("audit", "AUDIT"), Purpose.AUDIT),
        (("handling", "audit"), None),
        (("handling, audit",), None),
        (("handling", "curiosity"), None),
    ],
)
def test_one_purpose_is_stated(headers: tuple[str, ...], purpose: Purpose | None) -> None:
    assert parse_headers(headers) is purpose


async def test_reading_a_reporter_needs_a_purpose_and_is_disclosed(stage: Stage, officer: str) -> None:
    mine = await submit(stage.first, token=await stage.partner_token())
    ticket = mine["ticket"]
    query = "query {complaints {edges {node {ticket reporter {name ...F}}}}} fragment F on Reporter {phone}"
    for purpose in ({}, {"hub_purpose": "curiosity"}):
        body = (await ask(stage.first, query, token=officer, **purpose)).json()
        assert body["data"]["complaints"]["edges"][0]["node"] == {"ticket": ticket, "reporter": None}
        (error,) = body["errors"]
        assert error["extensions"]["code"] == "PURPOSE_REQUIRED"
        assert "handling, audit, legal-request, reporter-request" in error["message"]
    assert await stage.rows("select count(*) from reads") == [(0,)]
    body = (await ask(stage.first, query, token=officer, hub_purpose="Legal-Request")).json()
    assert body["data"]["complaints"]["edges"][0]["node"]["reporter"] == {"name": "Uji Coba", "phone": "+6281100000000"}
    holds = {"hub_tracking_code": f"{ticket} {mine['trackingCode']}"}
    (read,) = (await complaint(stage.first, ticket, **holds))["accessLog"]
    assert read == {"reader": "u_desk", "client": "app", "purpose": "LEGAL_REQUEST", "fields": ["NAME", "PHONE"]}
    (row,) = await stage.rows("select correlation from reads")
    assert row[0]


async def test_one_statement_logs_the_reads_of_a_whole_page(stage: Stage, officer: str) -> None:
    token = await stage.partner_token()
    for n in range(3):
        await submit(stage.first, f"5f0c-000{n}", token=token)
    query = "{complaints {edges {node {reporter {name} again: reporter {nik}}}}}"
    assert "errors" not in (await ask(stage.first, query, token=officer, hub_purpose="audit")).json()
    found = await stage.rows("select fields, purpose, count(*), count(distinct at) from reads group by 1, 2 order by 1")
    assert found == [(["name"], "AUDIT", 3, 1), (["nik"], "AUDIT", 3, 1)]


async def test_the_partner_is_not_shown_who_read(stage: Stage) -> None:
    token = await stage.partner_token()
    mine = await submit(stage.first, token=token)
    assert await complaint(stage.first, mine["ticket"], "accessLog {reader}", token=token) == {"accessLog": None}


async def test_a_secret_complaints_partner_sees_status_and_times(stage: Stage) -> None:
    token = await stage.partner_token()
    mine = await submit(stage.first, over=', secret: true, agencyCode: "DISHUB"', token=token)
    fields = "ticket status receivedAt secret title category text channel agency {code} area {code} location {latitude}"
    seen = await complaint(stage.first, mine["ticket"], fields, token=token)
    assert (seen.pop("ticket"), seen.pop("status"), seen.pop("secret")) == (mine["ticket"], "RECEIVED", True)
    assert seen.pop("receivedAt")
    assert set(seen.values()) == {None}
    missing = await act(stage.first, "replyToComplaint", mine["ticket"], 'text: "Tambahan."', token=token)
    assert missing["__typename"] == "ComplaintNotFound"
