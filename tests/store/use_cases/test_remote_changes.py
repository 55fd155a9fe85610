"""Remote changes: a complaint follows the central system by the authority over each field; repeats change nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from hub.complaints.field_authority import Value
from hub.complaints.workflow import Action
from hub.contract import Record
from hub.store.database import record_statements
from hub.viewer import ANONYMOUS
from tests.fake_central_system import (
    SENT,
    CentralSystem,
    central_report,
    complaint_of,
    finish_run,
    ingest_reports,
    links_of,
    register_system,
    timeline_of,
)
from tests.schema.harness import CAUSE, DELIVERED, OFFICER, Stage
from tests.waits import blocked

NOW = datetime.now(UTC)
LATER = timedelta(minutes=1)


@pytest.fixture(autouse=True)
async def _shares(stage: Stage) -> None:
    """Register the system as one that shares fields."""
    await register_system(stage)


async def test_a_complaint_follows_later_remote_changes(stage: Stage) -> None:
    ticket = await stage.complaint("IN_PROGRESS")
    at = datetime.now(UTC)
    await ingest_reports(stage, central_report("7", "CLOSED", at, ticket=ticket))
    assert await links_of(stage) == [("7", ticket, "SENT")]
    assert await complaint_of(stage, ticket) == ("CLOSED", "DISHUB", at.replace(tzinfo=UTC))
    assert (await timeline_of(stage, ticket))[-1] == ("ACCEPT_REMOTE", "CLOSED", "SYSTEM", "fake")


async def test_an_older_remote_version_changes_nothing(stage: Stage) -> None:
    ticket = await stage.complaint("IN_PROGRESS")
    before = await timeline_of(stage, ticket)
    await ingest_reports(stage, central_report("7", "CLOSED", NOW - timedelta(days=1), ticket=ticket))
    assert (await complaint_of(stage, ticket))[0] == "IN_PROGRESS"
    assert await timeline_of(stage, ticket) == before


async def test_a_report_reopened_remotely_reopens_the_complaint(stage: Stage) -> None:
    ticket = await stage.complaint("IN_PROGRESS")
    at = datetime.now(UTC)
    await ingest_reports(stage, central_report("7", "CLOSED", at, ticket=ticket))
    await ingest_reports(stage, central_report("7", "IN_PROGRESS", at + LATER, ticket=ticket))
    assert await complaint_of(stage, ticket) == ("IN_PROGRESS", "DISHUB", None)


async def test_a_later_local_act_wins_over_a_remote_value(stage: Stage) -> None:
    ticket = await stage.complaint("IN_PROGRESS")
    await ingest_reports(stage, central_report("7", "CLOSED", datetime.now(UTC), ticket=ticket))
    await stage.act(ticket, Action.REOPEN)
    await ingest_reports(stage, central_report("7", "CLOSED", NOW, ticket=ticket))
    assert (await complaint_of(stage, ticket))[0] == "IN_PROGRESS"


async def test_a_partial_remote_update_leaves_other_fields(stage: Stage) -> None:
    ticket = await stage.complaint("IN_PROGRESS")
    await ingest_reports(stage, central_report("7", "DISPOSED", datetime.now(UTC) + LATER, ticket=ticket))
    assert (await complaint_of(stage, ticket))[0] == "IN_PROGRESS"


async def test_an_unknown_status_changes_nothing_and_is_shown_as_is(stage: Stage) -> None:
    ticket = await stage.complaint("IN_PROGRESS")
    await ingest_reports(stage, central_report("7", "DITELAAH", datetime.now(UTC), ticket=ticket))
    query = """query($t: String!) {complaint(ticket: $t) {status sharedFields {field}
        centralReport {status sourceStatus statusLabel(language: EN)}}}"""
    shown = (await stage.got(OFFICER, query, t=ticket))["complaint"]
    assert shown["status"] == "IN_PROGRESS"
    assert shown["sharedFields"] == [{"field": "AGENCY"}]
    assert shown["centralReport"] == {
        "status": "UNKNOWN",
        "sourceStatus": "DITELAAH",
        "statusLabel": "Unknown at the centre: DITELAAH",
    }
    assert await stage.rows("select reason from quarantine") == [("status is unknown: 'DITELAAH'",)]


async def test_each_field_follows_the_side_that_owns_it(stage: Stage) -> None:
    ticket = await stage.complaint("IN_PROGRESS", category="ROADS", area_code="33.74")
    report = central_report("7", "IN_PROGRESS", NOW - timedelta(days=9), ticket=ticket, area="33.01")
    await ingest_reports(stage, {**report, "category": "HEALTH"}, connector=CategorySystem)
    assert await stage.rows("select category, area_code from complaints") == [("ROADS", "33.01")]
    assert (await timeline_of(stage, ticket))[-1] == ("ACCEPT_REMOTE", "IN_PROGRESS", "SYSTEM", "fake")


async def test_the_remote_agency_is_used_unless_decided_here(stage: Stage) -> None:
    ticket = await stage.complaint("VERIFIED")
    await ingest_reports(stage, central_report("7", "DISPOSED", datetime.now(UTC), ticket=ticket))
    assert (await complaint_of(stage, ticket))[:2] == ("ASSIGNED", "DISHUB")
    steps = [(action, role) for action, _, role, _ in await timeline_of(stage, ticket)]
    assert steps[-2:] == [("ASSIGN", "SYSTEM"), ("ACCEPT_REMOTE", "SYSTEM")]


async def test_a_remote_status_publishes_nothing_unverified(stage: Stage) -> None:
    ticket = await stage.complaint("RECEIVED")
    await ingest_reports(stage, central_report("7", "CLOSED", datetime.now(UTC), ticket=ticket))
    assert (await complaint_of(stage, ticket))[0] == "CLOSED"
    assert await stage.rows("select verified_at from complaints") == [(None,)]
    assert (await stage.got(ANONYMOUS, "{complaints {totalCount}}"))["complaints"] == {"totalCount": 0}


async def test_clocks_follow_what_happened_there(stage: Stage) -> None:
    ticket = await stage.complaint("IN_PROGRESS")
    ((due,),) = await stage.rows("select due_at from complaints")
    at = datetime.now(UTC)
    await ingest_reports(stage, central_report("7", "FOLLOWED_UP", at, ticket=ticket))
    assert await stage.rows("select answered_at, closed_at, due_at from complaints") == [(at, None, due)]
    await ingest_reports(stage, central_report("7", "IN_PROGRESS", at + LATER, ticket=ticket))
    ((answered, again),) = await stage.rows("select answered_at, due_at from complaints")
    assert answered is None
    assert again >= due


async def test_the_history_names_the_actor(stage: Stage) -> None:
    ticket = await stage.complaint("IN_PROGRESS")
    at = datetime.now(UTC)
    await ingest_reports(stage, central_report("7", "CLOSED", at, ticket=ticket))
    found = await stage.rows(
        "select fields, before ->> 'status', after ->> 'status', cause, actor, effective_at from changes"
        " where kind = 'complaint' order by id desc limit 1"
    )
    assert found == [(["closed_at", "status"], "IN_PROGRESS", "CLOSED", "pull:fake", "worker", at)]


async def test_remote_changes_are_not_sent_back(stage: Stage) -> None:
    await stage.run("update systems set sends = '{CREATE,FOLLOW_UP,ANSWER,NOT_OURS,RATE}'")
    for number, status in enumerate(("FOLLOWED_UP", "CLOSED", "REJECTED", "IN_PROGRESS")):
        ticket = await stage.complaint("ASSIGNED")
        await ingest_reports(stage, central_report(str(number), status, datetime.now(UTC), ticket=ticket))
    assert await stage.rows("select key from deliveries") == []


@pytest.mark.parametrize("end", ["state = 'DONE', settled_at = now()", "state = 'BLOCKED', due_at = now()"])
async def test_a_pending_delivery_delays_remote_values(stage: Stage, end: str) -> None:
    ticket = await stage.complaint("ANSWERED")
    await stage.run(DELIVERED.replace("BLOCKED", "SENDING").replace("CREATE", "ANSWER"))
    await ingest_reports(stage, central_report("7", "IN_PROGRESS", datetime.now(UTC), ticket=ticket))
    await finish_run(stage)
    assert (await complaint_of(stage, ticket))[0] == "ANSWERED"
    await stage.run(f"update deliveries set {end}")
    await finish_run(stage)
    assert (await complaint_of(stage, ticket))[0] == "IN_PROGRESS"


async def test_a_repeated_remote_change_is_written_once(stage: Stage) -> None:
    tickets = await stage.complaints("IN_PROGRESS", [{}] * 5)
    reports = [central_report(ticket, "CLOSED", datetime.now(UTC), ticket=ticket) for ticket in tickets]
    await ingest_reports(stage, *reports)
    before = await stage.rows("select count(*), max(id) from complaint_steps")
    written = await stage.rows("select count(*), max(xmin::text::bigint) from shared_fields")
    with record_statements() as statements:
        await ingest_reports(stage, *reports)
    assert await stage.rows("select count(*), max(id) from complaint_steps") == before
    assert await stage.rows("select count(*), max(xmin::text::bigint) from shared_fields") == written
    assert sum("shared_fields" in statement for statement in statements) == 1


@pytest.mark.whole
async def test_merging_many_takes_no_more_statements_than_few(stage: Stage) -> None:
    costs = []
    for count in (3, 40):
        tickets = await stage.complaints("IN_PROGRESS", [{}] * count)
        reports = [central_report(ticket, "CLOSED", datetime.now(UTC), ticket=ticket) for ticket in tickets]
        with record_statements() as statements:
            await ingest_reports(stage, *reports)
        costs.append(len([each for each in statements if "into complaint_steps" not in each.lower()]))
    assert costs[0] == costs[1]


async def test_a_hearing_and_an_act_at_once_wait_for_each_other(stage: Stage) -> None:
    tickets = await stage.complaints("ANSWERED", [{}] * 12)
    reports = [central_report(ticket, "FOLLOWED_UP", NOW, ticket=ticket) for ticket in tickets]
    newer = [central_report(ticket, "IN_PROGRESS", datetime.now(UTC) - LATER, ticket=ticket) for ticket in tickets]
    await ingest_reports(stage, *reports)
    await asyncio.gather(
        ingest_reports(stage, *newer),
        *(stage.act(ticket, Action.CLOSE) for ticket in reversed(tickets)),
        ingest_reports(stage, *reports),
    )
    assert await stage.rows("select distinct status from complaints") == [("CLOSED",)]


async def test_a_remote_verdict_is_not_the_desks_and_stays_private(stage: Stage) -> None:
    ticket = await stage.complaint("RECEIVED")
    await ingest_reports(stage, central_report("7", "VERIFIED", datetime.now(UTC), ticket=ticket), connector=Verifying)
    assert await stage.rows("select status, verified_at from complaints") == [("VERIFIED", None)]
    assert (await stage.got(ANONYMOUS, "{complaints {totalCount}}"))["complaints"] == {"totalCount": 0}


async def test_a_remote_time_in_the_future_counts_as_now(stage: Stage) -> None:
    ticket = await stage.complaint("IN_PROGRESS")
    await ingest_reports(stage, central_report("7", "CLOSED", NOW + timedelta(days=1), ticket=ticket))
    found = await stage.rows("select status, updated_at <= now(), closed_at <= now() from complaints")
    steps = await stage.rows("select bool_and(at <= now()) from complaint_steps")
    assert (found, steps) == ([("CLOSED", True, True)], [(True,)])


async def test_nothing_is_assigned_to_nobody(stage: Stage) -> None:
    ticket = await stage.complaint("VERIFIED")
    await ingest_reports(stage, central_report("7", "DISPOSED", datetime.now(UTC), ticket=ticket, agency="NASA"))
    assert (await complaint_of(stage, ticket))[:2] == ("VERIFIED", None)


async def test_one_systems_decision_is_sent_to_another(stage: Stage) -> None:
    ticket = await stage.complaint("IN_PROGRESS")
    await stage.run(
        "insert into systems (name, title, owner, tells_changes, every) values ('other', 'Lain', 'Uji', true, 60)"
    )
    await stage.run(
        "insert into shared_fields (system, complaint_id, field, ours, ours_at, theirs, theirs_at)"
        " select 'other', id, 'status', 'IN_PROGRESS', received_at, 'IN_PROGRESS', received_at from complaints"
    )
    await ingest_reports(stage, central_report("7", "CLOSED", datetime.now(UTC), ticket=ticket))
    query = "select system, ours, theirs from shared_fields where field = 'status' order by system"
    assert await stage.rows(query) == [("fake", "IN_PROGRESS", "CLOSED"), ("other", "CLOSED", "IN_PROGRESS")]


async def test_the_end_of_a_run_locks_rows_in_one_order(stage: Stage) -> None:
    changed_lately, linked_late = await stage.complaints("IN_PROGRESS", [{}] * 2)
    await stage.run(f"{DELIVERED} where ticket = :t", t=changed_lately)
    await stage.records(central_report("7", "CLOSED", datetime.now(UTC)))
    await stage.run(SENT, tickets=[linked_late], ids=["7"])
    free = "select ticket from complaints where ticket = :t for update skip locked"
    async with stage.database.write(CAUSE) as other:
        await other.execute(text("select from complaints where ticket = :t for update"), {"t": changed_lately})
        ending = asyncio.create_task(finish_run(stage))
        await blocked(stage.database)
        assert await stage.rows(free, t=linked_late) == [(linked_late,)]
    await ending
    assert (await complaint_of(stage, linked_late))[0] == "CLOSED"


class Verifying(CentralSystem):
    """A system that verifies reports."""

    def shared_values(self, record: Record) -> Mapping[str, Value]:
        return {"status": Value(record.updated_at, record.status)}


class CategorySystem(CentralSystem):
    """A system that also shares a category."""

    def shared_values(self, record: Record) -> Mapping[str, Value]:
        return {**super().shared_values(record), "category": Value(record.updated_at, "HEALTH")}
