"""Forwarding complaints and deciding on deliveries through mutations."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from hub.complaints.forwarding import ForwardingRule
from hub.contract import SystemDeclaration
from hub.store import migrate
from hub.sync.delivery import DeliveryRun
from hub.viewer import Viewer, ViewerKind
from tests.fake_connector import FakeSettings
from tests.fake_receiver import ReceivingConnector, RemoteSystem
from tests.schema.complaint_mutations import move
from tests.schema.harness import CLERK, OFFICER, Stage, opened

OPERATOR = Viewer(ViewerKind.OFFICER, "operator", frozenset({"hub:operate"}))
AGENCY = Viewer(ViewerKind.OFFICER, "dishub", OFFICER.scopes, agency="DISHUB")
DECIDED = """{ __typename
    ... on DeliveryPayload {delivery {key state attemptCount externalId lastError dueAt settledAt
        attempts {outcome actor error}}}
    ... on NotAllowed {code message} ... on DeliveryNotFound {message}
    ... on InvalidInput {problems {field code}} ... on IdempotencyConflict {message} }"""


class Second(ReceivingConnector):
    """Another system that accepts complaints."""

    name = "second"


@pytest.fixture
def registered_systems() -> tuple[SystemDeclaration, ...]:
    return (ReceivingConnector.declaration(FakeSettings()),)


@pytest.fixture
async def stage(database_url: str) -> AsyncIterator[Stage]:
    """A hub with one system that accepts deliveries."""
    async with opened(database_url) as stage:
        yield stage


async def decide(stage: Stage, mutation: str, key: str, viewer: Viewer = OPERATOR, **more: Any) -> Any:
    """Return the response of a decision on a delivery."""
    name = mutation[0].upper() + mutation[1:]
    query = f"mutation($i: {name}Input!) {{{mutation}(input: $i) {DECIDED}}}"
    answer = await stage.ask(viewer, query, i={"key": key, **more})
    assert answer.errors == []
    return answer.data[mutation]


async def run(stage: Stage, *faults: str) -> RemoteSystem:
    """Run the deliveries that are due, as the worker does."""
    there = RemoteSystem(faults=iter(faults))
    await stage.run("update deliveries set due_at = now() where state = 'WAITING'")
    await DeliveryRun(stage.database, ReceivingConnector(there), stage.cipher, timeout=5, max_attempts=1).run()
    return there


async def blocked(stage: Stage, *, follow: bool = False) -> str:
    """Return the ticket of a complaint whose delivery is blocked."""
    ticket = await stage.complaint("ASSIGNED")
    await move(stage, "forwardComplaint", ticket=ticket)
    if follow:
        await move(stage, "respondToComplaint", ticket=ticket, text="Kami tindak lanjuti.", final=False)
    await run(stage, "refuse")
    return ticket


async def test_the_desk_forwards_and_viewers_see_the_state(stage: Stage) -> None:
    ticket = await stage.complaint("ASSIGNED")
    moved = await move(stage, "forwardComplaint", ticket=ticket, system="fake")
    assert moved["complaint"]["status"] == "ASSIGNED"
    assert moved["complaint"]["timeline"][-1]["action"] == "FORWARD"
    await run(stage)
    query = """query($t: String!) {complaint(ticket: $t) {deliveries {key action actionLabel state
        stateLabel attemptCount
        externalId dueAt system {name}}}}"""
    assert (await stage.got(CLERK, query, t=ticket))["complaint"]["deliveries"] == [
        {
            "key": f"{ticket}/1",
            "action": "CREATE",
            "actionLabel": "Meneruskan aduan",
            "state": "DONE",
            "stateLabel": "Selesai",
            "attemptCount": 1,
            "externalId": f"T-{ticket}",
            "dueAt": None,
            "system": {"name": "fake"},
        }
    ]


async def test_a_repeat_with_the_same_key_forwards_once(stage: Stage) -> None:
    ticket = await stage.complaint("ASSIGNED")
    for _ in range(2):
        answer = await move(stage, "forwardComplaint", ticket=ticket, idempotencyKey="forward-1")
        assert answer["__typename"] == "ForwardComplaintPayload"
    assert await stage.rows("select count(*) from deliveries") == [(1,)]


async def test_what_is_there_already_is_not_forwarded_again(stage: Stage) -> None:
    ticket = await stage.complaint("ASSIGNED")
    await move(stage, "forwardComplaint", ticket=ticket)
    again = await move(stage, "forwardComplaint", ticket=ticket)
    assert (again["code"], "fake" in again["message"]) == ("ALREADY_THERE", True)


@pytest.mark.parametrize(
    ("status", "viewer", "code"),
    [("RECEIVED", OFFICER, "WRONG_STATUS"), ("REJECTED", OFFICER, "WRONG_STATUS"), ("ASSIGNED", AGENCY, "WRONG_ROLE")],
)
async def test_the_desk_alone_forwards_and_only_what_it_verified(
    stage: Stage, status: str, viewer: Viewer, code: str
) -> None:
    ticket = await stage.complaint(status, agency_code="DISHUB")
    assert (await move(stage, "forwardComplaint", viewer, ticket=ticket))["code"] == code


async def test_among_several_systems_the_target_must_be_named(stage: Stage, database_url: str) -> None:
    await migrate.migrate(
        database_url, [ReceivingConnector.declaration(FakeSettings()), Second.declaration(FakeSettings())]
    )
    ticket = await stage.complaint("ASSIGNED")
    refused = await move(stage, "forwardComplaint", language="en", ticket=ticket)
    assert (refused["code"], "fake, second" in refused["message"]) == ("NOT_TAKEN", True)
    for system in ("fake", "second"):
        moved = await move(stage, "forwardComplaint", ticket=ticket, system=system)
        assert moved["__typename"] == "ForwardComplaintPayload"
    assert (await move(stage, "forwardComplaint", ticket=ticket, system="third"))["code"] == "NOT_TAKEN"
    keys = await stage.rows("select system, key from deliveries order by id")
    assert keys == [("fake", f"{ticket}/1"), ("second", f"{ticket}/2")]


async def test_a_rule_of_the_settings_forwards_what_is_verified(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    rule = ForwardingRule("fake", "category", "ROADS")
    monkeypatch.setattr("hub.connectors.registry.forwarding_rules", lambda *_: (rule,))
    ticket = await stage.complaint("RECEIVED", category="ROADS")
    await move(stage, "verifyComplaint", ticket=ticket, verdict="VERIFIED")
    assert await stage.rows("select ticket, actor from deliveries") == [(ticket, OFFICER.name)]


async def test_a_rejection_for_want_of_authority_names_who_has_it(stage: Stage) -> None:
    ticket = await stage.complaint("VERIFIED")
    await move(stage, "forwardComplaint", ticket=ticket)
    values: dict[str, Any] = {
        "ticket": ticket,
        "verdict": "REJECTED",
        "target": "501",
        "note": "Jalan ini milik pusat.",
    }
    wrong = await move(stage, "verifyComplaint", reason="SPAM", **values)
    assert [(each["field"], each["code"]) for each in wrong["problems"]] == [("target", "NOT_ALLOWED")]
    await move(stage, "verifyComplaint", reason="NOT_OUR_AUTHORITY", **values)
    there = await run(stage)
    delivered = there.taken[-1]
    assert (delivered.action.value, delivered.target, delivered.text) == ("NOT_OURS", "501", "Jalan ini milik pusat.")


async def test_a_person_has_it_sent_again(stage: Stage) -> None:
    ticket = await blocked(stage)
    decided = await decide(stage, "retryDelivery", f"{ticket}/1")
    assert (decided["delivery"]["state"], decided["delivery"]["attemptCount"]) == ("WAITING", 0)
    assert [(each["outcome"], each["actor"]) for each in decided["delivery"]["attempts"]] == [
        ("REFUSED", "worker"),
        ("RETRIED", "operator"),
    ]
    assert (await run(stage)).keys == [f"{ticket}/1"]


@pytest.mark.parametrize(
    ("mutation", "given"),
    [("retryDelivery", {}), ("giveUpDelivery", {}), ("confirmDelivery", {"externalId": "4410023"})],
)
async def test_a_repeated_decision_is_answered_alike_and_noted_once(
    stage: Stage, mutation: str, given: dict[str, str]
) -> None:
    ticket = await blocked(stage)
    arguments: dict[str, Any] = {"idempotencyKey": "decide-1", **given}
    first = await decide(stage, mutation, f"{ticket}/1", **arguments)
    assert len(first["delivery"]["attempts"]) == 2
    assert await decide(stage, mutation, f"{ticket}/1", **arguments) == first
    other = await decide(stage, mutation, f"{await blocked(stage)}/1", **arguments)
    assert other["__typename"] == "IdempotencyConflict"


async def test_a_decision_that_was_refused_leaves_its_key_free(stage: Stage) -> None:
    key = f"{await blocked(stage)}/1"
    missing = await decide(stage, "confirmDelivery", key, idempotencyKey="decide-1")
    assert missing["problems"] == [{"field": "externalId", "code": "REQUIRED"}]
    wrong = await decide(stage, "confirmDelivery", key, idempotencyKey="short")
    assert [each["field"] for each in wrong["problems"]] == ["idempotencyKey"]
    done = await decide(stage, "confirmDelivery", key, idempotencyKey="decide-1", externalId="4410023")
    assert done["delivery"]["state"] == "DONE"


async def test_giving_up_a_delivery_gives_up_its_successors(stage: Stage) -> None:
    ticket = await blocked(stage, follow=True)
    decided = await decide(stage, "giveUpDelivery", f"{ticket}/1")
    assert decided["delivery"]["state"] == "GIVEN_UP"
    assert await stage.rows("select state from deliveries") == [("GIVEN_UP",), ("GIVEN_UP",)]
    assert (await run(stage)).calls == 0
    again = await move(stage, "forwardComplaint", ticket=ticket)
    assert again["__typename"] == "ForwardComplaintPayload"
    assert (await run(stage)).keys == [f"{ticket}/3"]


async def test_a_follow_up_given_up_releases_the_next(stage: Stage) -> None:
    ticket = await stage.complaint("ASSIGNED")
    await move(stage, "forwardComplaint", ticket=ticket)
    for text in ("Kami tindak lanjuti.", "Sudah kami perbaiki."):
        await move(stage, "respondToComplaint", ticket=ticket, text=text, final=False)
    await run(stage, "", "refuse")
    await decide(stage, "giveUpDelivery", f"{ticket}/2")
    assert (await run(stage)).keys == [f"{ticket}/3"]


async def test_a_record_found_by_a_person_is_linked_and_the_rest_sent(stage: Stage) -> None:
    ticket = await blocked(stage, follow=True)
    missing = await decide(stage, "confirmDelivery", f"{ticket}/1")
    assert missing["problems"] == [{"field": "externalId", "code": "REQUIRED"}]
    decided = await decide(stage, "confirmDelivery", f"{ticket}/1", externalId="4410023")
    assert (decided["delivery"]["state"], decided["delivery"]["externalId"]) == ("DONE", "4410023")
    (follow_up,) = (await run(stage)).taken
    assert follow_up.external_id == "4410023"


async def test_a_record_of_another_complaint_is_refused(stage: Stage) -> None:
    first, second = await blocked(stage), await blocked(stage)
    await decide(stage, "confirmDelivery", f"{first}/1", externalId="4410023")
    refused = await decide(stage, "confirmDelivery", f"{second}/1", externalId="4410023")
    assert refused["code"] == "ALREADY_THERE"
    assert await stage.rows("select count(*) from counterparts") == [(1,)]


@pytest.mark.parametrize("mutation", ["retryDelivery", "giveUpDelivery", "confirmDelivery"])
async def test_what_is_settled_or_under_way_is_not_decided_again(stage: Stage, mutation: str) -> None:
    ticket = await stage.complaint("ASSIGNED")
    await move(stage, "forwardComplaint", ticket=ticket)
    for state in ("SENDING", "DONE", "GIVEN_UP"):
        await stage.run("update deliveries set state = :state", state=state)
        assert (await decide(stage, mutation, f"{ticket}/1"))["code"] == "WRONG_STATE"


@pytest.mark.parametrize("mutation", ["retryDelivery", "giveUpDelivery", "confirmDelivery"])
async def test_an_operator_cannot_see_a_secret_complaints_delivery(stage: Stage, mutation: str) -> None:
    ticket = await stage.complaint("ASSIGNED", secret=True)
    await move(stage, "forwardComplaint", ticket=ticket)
    for key in (f"{ticket}/1", "LG-1999-000001/1", "\0"):
        assert (await decide(stage, mutation, key))["__typename"] == "DeliveryNotFound"


async def test_deciding_needs_the_scope(stage: Stage) -> None:
    ticket = await blocked(stage)
    query = "mutation($k: String!) {retryDelivery(input: {key: $k}) {__typename}}"
    answer = await stage.ask(OFFICER, query, k=f"{ticket}/1")
    assert (answer.data["retryDelivery"], answer.errors[0]["extensions"]["scope"]) == (None, "hub:operate")


async def test_the_list_filters_by_state_system_and_reference_by_page(stage: Stage) -> None:
    tickets = [await blocked(stage) for _ in range(3)]
    await decide(stage, "giveUpDelivery", f"{tickets[0]}/1")
    query = """query($f: DeliveryFilter, $a: String) {
        deliveries(first: 1, after: $a, filter: $f, orderBy: CREATED_ASC) {
            totalCount pageInfo {hasNextPage endCursor} edges {node {ticket state}}}}"""
    page = (await stage.got(OPERATOR, query, f={"state": ["BLOCKED"], "system": ["fake"]}))["deliveries"]
    assert (page["totalCount"], page["edges"][0]["node"]["ticket"]) == (2, tickets[1])
    after = page["pageInfo"]["endCursor"]
    page = (await stage.got(OPERATOR, query, f={"state": ["BLOCKED"]}, a=after))["deliveries"]
    assert (page["pageInfo"]["hasNextPage"], page["edges"][0]["node"]["ticket"]) == (False, tickets[2])
    assert (await stage.got(OPERATOR, query, f={"system": ["other"]}))["deliveries"]["edges"] == []
    for named in ({"key": [f"{tickets[2]}/1"]}, {"ticket": [tickets[2], "LG-2026-999999"]}):
        found = (await stage.got(OPERATOR, query, f=named))["deliveries"]
        assert (found["totalCount"], found["edges"][0]["node"]["ticket"]) == (1, tickets[2])
