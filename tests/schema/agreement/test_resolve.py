"""``resolveDisagreement``: what each act does, what is refused, and that a preview does nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.fake_connector import permit
from tests.schema.agreement.conftest import Centre, Region, Registers
from tests.schema.harness import CONFIRMED, DELIVERED, DISPUTED, OFFICER, SHARES

OPERATOR = replace(OFFICER, name="operator", scopes=OFFICER.scopes | {"hub:operate"})
RESOLVE = """mutation($input: ResolveDisagreementInput!) {resolveDisagreement(input: $input) {
    __typename
    ... on ResolveDisagreementPayload {preview repeated outcomes {id accepted message agreement {
        state nextStep ignoredUntil history(first: 1) {actor note}}}}
    ... on UserError {code}
    ... on InvalidInput {problems {field code}}}}"""
LATER = "2026-01-04T00:00:00+00:00"
STATE = "select state, times, attempts, trouble from decisions"


async def _resolve(registers: Registers, viewer: Any = OPERATOR, **input: Any) -> Any:
    answer = await registers.stage.ask(viewer, RESOLVE, language="en", input=input)
    assert answer.errors == []
    return answer.data["resolveDisagreement"]


async def _outcome(registers: Registers, **input: Any) -> Any:
    (outcome,) = (await _resolve(registers, **input))["outcomes"]
    return outcome


@pytest.fixture
async def blocked(registers: Registers) -> Registers:
    """One permit that the region refused to take."""
    await registers.differ("I-1")
    await registers.end_deliveries("BLOCKED")
    return registers


async def test_a_decision_is_told_again(blocked: Registers) -> None:
    (id_,) = (await blocked.ids()).values()
    outcome = await _outcome(blocked, ids=[id_], act="TELL_AGAIN", reason="the region has mended it")
    assert (outcome["accepted"], outcome["message"]) == (True, "The value of centre is sent to region.")
    assert (outcome["agreement"]["state"], outcome["agreement"]["nextStep"]) == ("PENDING", "DELIVERY")
    assert outcome["agreement"]["history"] == [{"actor": "operator", "note": "TELL_AGAIN: the region has mended it"}]
    assert await blocked.stage.rows(STATE) == [("WAITING", 1, 0, None)]
    assert await blocked.stage.rows("select args ->> 'system' from procrastinate_jobs where status = 'todo'") == [
        ("region",)
    ]
    assert await blocked.stage.rows("select actor, action from audit_events where action like 'disagree%'") == [
        ("operator", "disagreements:resolve")
    ]


async def test_what_was_told_is_told_under_another_key(blocked: Registers) -> None:
    await blocked.end_deliveries("DONE")
    await _outcome(blocked, ids=list((await blocked.ids()).values()), act="TELL_AGAIN")
    assert await blocked.stage.rows(STATE) == [("WAITING", 2, 0, None)]


async def test_a_preview_does_nothing(blocked: Registers) -> None:
    before = await blocked.stage.rows(STATE)
    shown = await _resolve(blocked, filter={"state": ["DIFFERS"]}, act="TELL_AGAIN", preview=True)
    assert shown["preview"]
    assert [each["message"] for each in shown["outcomes"]] == ["The value of centre is sent to region."]
    assert await blocked.stage.rows(STATE) == before
    assert await blocked.stage.rows("select from agreement_events where note is not null") == []
    assert await blocked.stage.rows("select from audit_events where action like 'disagree%'") == []


async def test_a_disagreement_is_ignored_until_a_time_or_a_change(blocked: Registers) -> None:
    until = (datetime.now(UTC) + timedelta(days=7)).isoformat()
    outcome = await _outcome(blocked, filter={}, act="IGNORE_UNTIL", until=until, reason="the upkeep week")
    assert outcome["agreement"]["ignoredUntil"]
    assert "IGNORE_UNTIL" in outcome["agreement"]["history"][0]["note"]
    query = "query($i: Boolean!) {disagreements(filter: {ignored: $i}) {totalCount}}"
    assert [(await blocked.got(query, i=each))["disagreements"]["totalCount"] for each in (True, False)] == [1, 0]
    await blocked.say(Region, permit("I-1", authority="CENTRE", status="REJECTED", version=2, at=LATER))
    assert [(await blocked.got(query, i=each))["disagreements"]["totalCount"] for each in (True, False)] == [0, 1]


async def test_what_an_act_needs_is_checked(blocked: Registers) -> None:
    later = (datetime.now(UTC) + timedelta(days=700)).isoformat()
    for input, expected in (
        ({"act": "IGNORE_UNTIL"}, [("reason", "REQUIRED"), ("until", "REQUIRED")]),
        ({"act": "IGNORE_UNTIL", "reason": "x", "until": later}, [("until", "OUT_OF_RANGE")]),
        (
            {"act": "IGNORE_UNTIL", "reason": "", "until": "2020-01-01T00:00:00Z"},
            [("reason", "REQUIRED"), ("until", "OUT_OF_RANGE")],
        ),
        ({"act": "CONFIRM_MATCH"}, [("record", "REQUIRED")]),
        ({"act": "TELL_AGAIN", "record": "I-1"}, [("record", "NOT_ALLOWED")]),
    ):
        for preview in (True, False):
            found = await _resolve(blocked, filter={}, preview=preview, **input)
            assert (found["code"], [(each["field"], each["code"]) for each in found["problems"]]) == (
                "INVALID_INPUT",
                expected,
            )


async def test_ids_or_a_filter_select_the_disagreements(blocked: Registers) -> None:
    (id_,) = (await blocked.ids()).values()
    for input, code in (
        ({}, "REQUIRED"),
        ({"ids": [id_], "filter": {}}, "REQUIRED"),
        ({"ids": []}, "REQUIRED"),
        ({"ids": [id_] * 501}, "TOO_MANY"),
        ({"ids": ["none"]}, "UNKNOWN"),
    ):
        found = await _resolve(blocked, act="TELL_AGAIN", **input)
        assert [each["code"] for each in found["problems"]] == [code], input


async def test_a_permit_is_decided_where_it_is_decided(blocked: Registers) -> None:
    for act in ("ACCEPT_OTHER", "KEEP"):
        outcome = await _outcome(blocked, filter={}, act=act)
        assert not outcome["accepted"]
        assert outcome["message"].startswith("centre decides this permit: change it there")
    assert await blocked.stage.rows("select from agreement_events where note is not null") == []


async def test_a_repeated_key_does_nothing_again(blocked: Registers) -> None:
    input = {"filter": {}, "act": "TELL_AGAIN", "idempotencyKey": "a-key-of-a-test"}
    assert not (await _resolve(blocked, **input))["repeated"]
    await blocked.end_deliveries("BLOCKED")
    again = await _resolve(blocked, **input)
    assert (again["repeated"], again["outcomes"]) == (True, [])
    assert [state for state, *_ in await blocked.stage.rows(STATE)] == ["BLOCKED"]
    assert (await _resolve(blocked, **{**input, "act": "KEEP"}))["code"] == "IDEMPOTENCY_CONFLICT"


async def test_invalid_input_does_not_use_up_the_key(blocked: Registers) -> None:
    key = {"idempotencyKey": "a-key-of-a-test"}
    assert (await _resolve(blocked, filter={}, act="CONFIRM_MATCH", **key))["code"] == "INVALID_INPUT"
    assert not (await _resolve(blocked, filter={}, act="TELL_AGAIN", **key))["repeated"]


async def test_only_operators_act_and_only_on_what_they_see(blocked: Registers) -> None:
    (id_,) = (await blocked.ids()).values()
    clerk = replace(OPERATOR, scopes=OPERATOR.scopes - {"hub:operate"})
    answer = await blocked.stage.ask(clerk, RESOLVE, input={"ids": [id_], "act": "TELL_AGAIN"})
    assert answer.codes == ["FORBIDDEN"]
    blind = replace(OPERATOR, scopes=OPERATOR.scopes - {"licensing:read"})
    (outcome,) = (await _resolve(blocked, blind, ids=[id_], act="TELL_AGAIN"))["outcomes"]
    assert (outcome["accepted"], outcome["agreement"]) == (False, None)
    assert outcome["message"] == "There is no such agreement that you may see."
    assert [state for state, *_ in await blocked.stage.rows(STATE)] == ["BLOCKED"]


async def test_what_agrees_needs_no_act(registers: Registers) -> None:
    await registers.say(Region, permit("I-1", authority="CENTRE"))
    await registers.say(Centre, permit("I-1", authority="CENTRE"))
    outcome = await _outcome(registers, ids=list((await registers.ids()).values()), act="TELL_AGAIN")
    assert (outcome["accepted"], outcome["message"]) == (False, "Both sides agree already.")


async def test_what_cannot_be_sent_is_not_told_again(registers: Registers) -> None:
    await registers.say(Region, permit("I-1", authority="CENTRE", area="33.72"))
    await registers.say(Centre, permit("I-1", authority="CENTRE"))
    outcome = await _outcome(registers, filter={}, act="TELL_AGAIN")
    assert outcome["message"].startswith("Nothing can be sent to region")


async def test_more_than_five_hundred_are_refused(registers: Registers) -> None:
    await registers.stage.run(
        """insert into matters (pair, left_system, right_system, key, left_id, state, since, declaration)
           select 'permit', 'centre', 'region', n::text, n::text, 'ONE_SIDED', now(), 'x'
           from generate_series(1, 501) n"""
    )
    found = await _resolve(registers, filter={}, act="TELL_AGAIN", preview=True)
    assert [(each["field"], each["code"]) for each in found["problems"]] == [("filter", "TOO_MANY")]


async def test_a_match_is_confirmed_by_a_person(registers: Registers) -> None:
    await registers.say(Centre, permit("I-1", authority="CENTRE"))
    await registers.say(Region, permit("R-1", authority="CENTRE"), permit("I-2", authority="CENTRE"))
    (id_,) = (await registers.ids()).values()
    outcome = await _outcome(registers, ids=[id_], act="CONFIRM_MATCH", record="R-9")
    assert outcome["message"] == "There is no record R-9 of region."
    outcome = await _outcome(registers, ids=[id_], act="CONFIRM_MATCH", record="I-2")
    assert outcome["message"] == "I-2 names I-2 itself, so it must be corrected at region."
    outcome = await _outcome(registers, ids=[id_], act="CONFIRM_MATCH", record="R-1")
    assert outcome["accepted"], outcome
    assert outcome["agreement"]["history"][0]["note"] is None, "the state changed after the act"
    notes = await registers.stage.rows("select actor, note from agreement_events where note is not null")
    assert notes == [("operator", "CONFIRM_MATCH R-1")]
    rows = await registers.stage.rows("select left_id, right_id, state from matters where key = 'I-1'")
    assert rows == [("I-1", "R-1", "AGREED")]


async def test_a_conflict_of_a_complaint_is_decided(registers: Registers) -> None:
    stage = registers.stage
    ticket = await stage.complaint("ASSIGNED", tracking_id="L1")
    for statement in (CONFIRMED, SHARES, DISPUTED):
        await stage.run(statement)
    seen = await registers.got("{complaints {nodes {ticket agreement {pair state sides {system externalId}}}}}")
    assert seen["complaints"]["nodes"][0]["agreement"]["sides"][0] == {"system": "hub", "externalId": ticket}
    desk_less = replace(OPERATOR, scopes=OPERATOR.scopes - {"complaints:assign"})
    (outcome,) = (await _resolve(registers, desk_less, filter={}, act="ACCEPT_OTHER"))["outcomes"]
    assert (outcome["accepted"], outcome["message"]) == (False, "This requires the scope complaints:assign.")
    outcome = await _outcome(registers, filter={}, act="ACCEPT_OTHER")
    assert (outcome["accepted"], outcome["message"]) == (True, "The value of fake applies to agency.")
    assert await stage.rows("select agency_code from complaints") == [("DINKES",)]
    assert outcome["agreement"]["state"] == "AGREED"
    query = "{complaints {nodes {agreement {state history {note}}}}}"
    (node,) = (await registers.got(query, OPERATOR))["complaints"]["nodes"]
    assert [event["note"] for event in node["agreement"]["history"]] == [None, "ACCEPT_OTHER", None]


async def test_blocked_deliveries_of_a_complaint_are_retried(registers: Registers) -> None:
    ticket = await registers.stage.complaint("ASSIGNED")
    await registers.stage.run(DELIVERED)
    preview = await _outcome(registers, filter={"pair": ["report"]}, act="TELL_AGAIN", preview=True)
    assert preview["message"] == f"Blocked deliveries to fake are sent again: {ticket}/1."
    outcome = await _outcome(registers, filter={"state": ["ONE_SIDED"]}, act="TELL_AGAIN")
    assert (outcome["accepted"], outcome["agreement"]["nextStep"]) == (True, "DELIVERY")
    assert await registers.stage.rows("select state from deliveries") == [("WAITING",)]
    again = await _outcome(registers, filter={}, act="TELL_AGAIN")
    assert again["message"] == "No delivery of this complaint to fake is blocked."
