"""What the centre decides, the complaint follows, by who has the say; nothing comes twice of what is told twice."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from hub.complaints.workflow import Action
from hub.connectors.base import Record
from hub.connectors.sharing import Told
from hub.store.database import counted
from hub.viewer import ANONYMOUS
from tests.schema.stage import DELIVERED, OFFICER, Stage
from tests.sync.centre import Centre, catch_up, complaint_of, hear, links_of, shares, timeline_of, told

NOW = datetime.now(UTC)
LATER = timedelta(minutes=1)


@pytest.fixture(autouse=True)
async def _shares(stage: Stage) -> None:
    """The system is registered as one that shares."""
    await shares(stage)


async def test_what_the_centre_says_later_the_complaint_follows(stage: Stage) -> None:
    ticket = await stage.complaint("IN_PROGRESS")
    at = datetime.now(UTC)
    await hear(stage, told("7", "CLOSED", at, ticket=ticket))
    assert await links_of(stage) == [("7", ticket, "TAG")]
    assert await complaint_of(stage, ticket) == ("CLOSED", "DISHUB", at.replace(tzinfo=UTC))
    assert (await timeline_of(stage, ticket))[-1] == ("ADOPT", "CLOSED", "SYSTEM", "fake")


async def test_an_older_word_of_the_centre_changes_nothing(stage: Stage) -> None:
    ticket = await stage.complaint("IN_PROGRESS")
    before = await timeline_of(stage, ticket)
    await hear(stage, told("7", "CLOSED", NOW - timedelta(days=1), ticket=ticket))
    assert (await complaint_of(stage, ticket))[0] == "IN_PROGRESS"
    assert await timeline_of(stage, ticket) == before


async def test_the_complaint_follows_back_when_the_centre_opens_it_again(stage: Stage) -> None:
    ticket = await stage.complaint("IN_PROGRESS")
    at = datetime.now(UTC)
    await hear(stage, told("7", "CLOSED", at, ticket=ticket))
    await hear(stage, told("7", "IN_PROGRESS", at + LATER, ticket=ticket))
    assert await complaint_of(stage, ticket) == ("IN_PROGRESS", "DISHUB", None)


async def test_an_act_here_after_the_centres_word_holds(stage: Stage) -> None:
    ticket = await stage.complaint("IN_PROGRESS")
    await hear(stage, told("7", "CLOSED", datetime.now(UTC), ticket=ticket))
    await stage.act(ticket, Action.REOPEN)
    await hear(stage, told("7", "CLOSED", NOW, ticket=ticket))
    assert (await complaint_of(stage, ticket))[0] == "IN_PROGRESS"


async def test_a_word_that_says_less_leaves_the_complaint_as_it_is(stage: Stage) -> None:
    ticket = await stage.complaint("IN_PROGRESS")
    await hear(stage, told("7", "DISPOSED", datetime.now(UTC) + LATER, ticket=ticket))
    assert (await complaint_of(stage, ticket))[0] == "IN_PROGRESS"


async def test_an_unknown_status_moves_nothing_and_is_shown_in_the_centres_word(stage: Stage) -> None:
    ticket = await stage.complaint("IN_PROGRESS")
    await hear(stage, told("7", "DITELAAH", datetime.now(UTC), ticket=ticket))
    query = """query($t: String!) {complaint(ticket: $t) {status shared {field}
        centralReport {status statusTold statusLabel(language: EN)}}}"""
    shown = (await stage.got(OFFICER, query, t=ticket))["complaint"]
    assert shown["status"] == "IN_PROGRESS"
    assert shown["shared"] == [{"field": "agency"}]
    assert shown["centralReport"] == {
        "status": "UNKNOWN",
        "statusTold": "DITELAAH",
        "statusLabel": "Unknown at the centre: DITELAAH",
    }
    assert await stage.rows("select reason from quarantine") == [("status is unknown: 'DITELAAH'",)]


async def test_what_the_other_system_owns_the_complaint_follows_and_what_the_hub_owns_it_keeps(stage: Stage) -> None:
    ticket = await stage.complaint("IN_PROGRESS", category="ROADS", area_code="33.74")
    word = told("7", "IN_PROGRESS", NOW - timedelta(days=9), ticket=ticket, area="33.01")
    await hear(stage, {**word, "category": "HEALTH"}, connector=Wordy)
    assert await stage.rows("select category, area_code from complaints") == [("ROADS", "33.01")]
    assert (await timeline_of(stage, ticket))[-1] == ("ADOPT", "IN_PROGRESS", "SYSTEM", "fake")


async def test_who_must_answer_is_taken_over_where_nobody_decided_it_here(stage: Stage) -> None:
    ticket = await stage.complaint("VERIFIED")
    await hear(stage, told("7", "DISPOSED", datetime.now(UTC), ticket=ticket))
    assert (await complaint_of(stage, ticket))[:2] == ("ASSIGNED", "DISHUB")
    steps = [(action, role) for action, _, role, _ in await timeline_of(stage, ticket)]
    assert steps[-2:] == [("ASSIGN", "SYSTEM"), ("ADOPT", "SYSTEM")]


async def test_the_centre_publishes_nothing_that_the_desk_has_not_verified(stage: Stage) -> None:
    ticket = await stage.complaint("RECEIVED")
    await hear(stage, told("7", "CLOSED", datetime.now(UTC), ticket=ticket))
    assert (await complaint_of(stage, ticket))[0] == "CLOSED"
    assert await stage.rows("select verified_at from complaints") == [(None,)]
    assert (await stage.got(ANONYMOUS, "{complaints {totalCount}}"))["complaints"] == {"totalCount": 0}


async def test_clocks_follow_what_happened_there(stage: Stage) -> None:
    ticket = await stage.complaint("IN_PROGRESS")
    ((due,),) = await stage.rows("select due_at from complaints")
    at = datetime.now(UTC)
    await hear(stage, told("7", "FOLLOWED_UP", at, ticket=ticket))
    assert await stage.rows("select answered_at, closed_at, due_at from complaints") == [(at, None, due)]
    await hear(stage, told("7", "IN_PROGRESS", at + LATER, ticket=ticket))
    ((answered, again),) = await stage.rows("select answered_at, due_at from complaints")
    assert answered is None
    assert again >= due


async def test_the_history_says_who_moved_it(stage: Stage) -> None:
    ticket = await stage.complaint("IN_PROGRESS")
    at = datetime.now(UTC)
    await hear(stage, told("7", "CLOSED", at, ticket=ticket))
    found = await stage.rows(
        "select fields, before ->> 'status', after ->> 'status', cause, actor, effective_at from changes"
        " where kind = 'complaint' order by id desc limit 1"
    )
    assert found == [(["closed_at", "status"], "IN_PROGRESS", "CLOSED", "pull:fake", "worker", at)]


async def test_nothing_that_was_taken_over_is_told_back(stage: Stage) -> None:
    await stage.run("update systems set sends = '{CREATE,FOLLOW_UP,ANSWER,NOT_OURS,RATE}'")
    for number, status in enumerate(("FOLLOWED_UP", "CLOSED", "REJECTED", "IN_PROGRESS")):
        ticket = await stage.complaint("ASSIGNED")
        await hear(stage, told(str(number), status, datetime.now(UTC), ticket=ticket))
    assert await stage.rows("select key from deliveries") == []


@pytest.mark.parametrize("end", ["state = 'DONE', settled_at = now()", "state = 'HELD', due_at = now()"])
async def test_while_something_is_on_its_way_there_their_word_waits(stage: Stage, end: str) -> None:
    ticket = await stage.complaint("ANSWERED")
    await stage.run(DELIVERED.replace("HELD", "SENDING").replace("CREATE", "ANSWER"))
    await hear(stage, told("7", "IN_PROGRESS", datetime.now(UTC), ticket=ticket))
    await catch_up(stage)
    assert (await complaint_of(stage, ticket))[0] == "ANSWERED"
    await stage.run(f"update deliveries set {end}")
    await catch_up(stage)
    assert (await complaint_of(stage, ticket))[0] == "IN_PROGRESS"


async def test_what_is_told_twice_is_written_once(stage: Stage) -> None:
    tickets = await stage.complaints("IN_PROGRESS", [{}] * 5)
    words = [told(ticket, "CLOSED", datetime.now(UTC), ticket=ticket) for ticket in tickets]
    await hear(stage, *words)
    before = await stage.rows("select count(*), max(id) from complaint_steps")
    written = await stage.rows("select count(*), max(xmin::text::bigint) from shared_fields")
    with counted() as statements:
        await hear(stage, *words)
    assert await stage.rows("select count(*), max(id) from complaint_steps") == before
    assert await stage.rows("select count(*), max(xmin::text::bigint) from shared_fields") == written
    assert sum("shared_fields" in statement for statement in statements) == 1


async def test_merging_many_costs_no_more_statements_than_merging_a_few(stage: Stage) -> None:
    costs = []
    for count in (3, 40):
        tickets = await stage.complaints("IN_PROGRESS", [{}] * count)
        words = [told(ticket, "CLOSED", datetime.now(UTC), ticket=ticket) for ticket in tickets]
        with counted() as statements:
            await hear(stage, *words)
        costs.append(len([each for each in statements if "into complaint_steps" not in each.lower()]))
    assert costs[0] == costs[1]


async def test_a_hearing_and_an_act_at_once_wait_for_each_other(stage: Stage) -> None:
    tickets = await stage.complaints("ANSWERED", [{}] * 12)
    words = [told(ticket, "FOLLOWED_UP", NOW, ticket=ticket) for ticket in tickets]
    newer = [told(ticket, "IN_PROGRESS", datetime.now(UTC) - LATER, ticket=ticket) for ticket in tickets]
    await hear(stage, *words)
    await asyncio.gather(
        hear(stage, *newer), *(stage.act(ticket, Action.CLOSE) for ticket in reversed(tickets)), hear(stage, *words)
    )
    assert await stage.rows("select distinct status from complaints") == [("CLOSED",)]


class Wordy(Centre):
    """Says a category too."""

    def theirs(self, record: Record) -> Mapping[str, Told]:
        return {**super().theirs(record), "category": Told(record.updated_at, "HEALTH")}
