"""What the centre decides, the complaint follows, by who has the say; nothing comes twice of what is told twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hub.complaints.workflow import Action
from tests.schema.stage import Stage
from tests.sync.centre import hear, told

NOW = datetime.now(UTC)
LATER = timedelta(minutes=1)


async def complaint_of(stage: Stage, ticket: str) -> tuple[object, ...]:
    """Status, agency, and when it was closed."""
    (row,) = await stage.rows("select status, agency_code, closed_at from complaints where ticket = :t", t=ticket)
    return tuple(row)


async def timeline_of(stage: Stage, ticket: str) -> list[tuple[str, str, str, str]]:
    """Action, status, role and actor of each step."""
    return await stage.rows(
        "select s.action, s.status, s.role, s.actor from complaint_steps s join complaints c on c.id = s.complaint_id"
        " where c.ticket = :t order by s.id",
        t=ticket,
    )


async def links_of(stage: Stage) -> list[tuple[str, str, str]]:
    """Record, ticket and origin of each link."""
    return await stage.rows(
        "select p.external_id, c.ticket, p.origin from counterparts p join complaints c on c.id = p.complaint_id"
        " order by p.external_id"
    )


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
