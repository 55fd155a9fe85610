"""What neither side may decide alone waits for a person: both words are kept, one is chosen, nobody is asked twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.complaints.workflow import Action
from hub.viewer import Viewer
from tests.schema.acting import MOVED
from tests.schema.stage import CLERK, OFFICER, Stage
from tests.sync.centre import complaint_of, hear, shares, timeline_of, told

NOW = datetime.now(UTC)
MINUTE = timedelta(minutes=1)
WAITING = "{conflicts {edges {node {ticket conflicts {system field ours theirs value authority why(language: EN)}}}}}"


@pytest.fixture(autouse=True)
async def _shares(stage: Stage) -> None:
    await shares(stage)


@pytest.fixture
async def ticket(stage: Stage) -> str:
    """A complaint given to DISHUB here, and to DINKES at the centre."""
    made = await stage.complaint("ASSIGNED")
    await hear(stage, told("7", "DISPOSED", NOW, ticket=made, agency="DINKES"))
    return made


async def waiting(stage: Stage, viewer: Viewer = OFFICER) -> list[Any]:
    return [edge["node"] for edge in (await stage.got(viewer, WAITING))["conflicts"]["edges"]]


async def decide(stage: Stage, ticket: str, keep: str, viewer: Viewer = OFFICER, **over: Any) -> Any:
    """What ``resolveConflict`` answers."""
    given = {"ticket": ticket, "system": "fake", "field": "agency", "keep": keep, **over}
    query = f"mutation($i: ResolveConflictInput!) {{resolveConflict(input: $i) {MOVED}}}"
    return (await stage.got(viewer, query, i=given))["resolveConflict"]


async def test_both_words_are_kept_and_shown_with_the_reason(stage: Stage, ticket: str) -> None:
    assert (await complaint_of(stage, ticket))[:2] == ("ASSIGNED", "DISHUB")
    assert await waiting(stage) == [
        {
            "ticket": ticket,
            "conflicts": [
                {
                    "system": "fake",
                    "field": "agency",
                    "ours": "DISHUB",
                    "theirs": "DINKES",
                    "value": "DISHUB",
                    "authority": "BOTH",
                    "why": "A reason.",
                }
            ],
        }
    ]


async def test_their_word_chosen_is_what_was_decided_here(stage: Stage, ticket: str) -> None:
    done = await decide(stage, ticket, "THEIRS")
    assert done["complaint"]["agency"] == {"code": "DINKES"}
    assert await waiting(stage) == []
    assert (await timeline_of(stage, ticket))[-1][:3] == ("ASSIGN", "ASSIGNED", "DESK")
    assert await stage.rows("select ours, theirs from shared_fields where field = 'agency'") == [("DINKES", "DINKES")]


async def test_our_word_chosen_stays_and_the_same_word_of_theirs_asks_nobody_again(stage: Stage, ticket: str) -> None:
    done = await decide(stage, ticket, "OURS")
    assert done["complaint"]["agency"] == {"code": "DISHUB"}
    assert (await timeline_of(stage, ticket))[-1][:3] == ("KEEP", "ASSIGNED", "DESK")
    await hear(stage, told("7", "DISPOSED", NOW + MINUTE, ticket=ticket, agency="DINKES"))
    assert await waiting(stage) == []
    await hear(stage, told("7", "DISPOSED", NOW + 2 * MINUTE, ticket=ticket, agency="DINSOS"))
    assert [row["conflicts"][0]["theirs"] for row in await waiting(stage)] == ["DINSOS"]


async def test_a_conflict_ends_when_the_two_agree_whoever_gave_way(stage: Stage, ticket: str) -> None:
    ((since,),) = await stage.rows("select conflict_since from shared_fields where field = 'agency'")
    await hear(stage, told("7", "DISPOSED", NOW + MINUTE, ticket=ticket, agency="DINSOS"))
    assert await stage.rows("select conflict_since from shared_fields where field = 'agency'") == [(since,)]
    await stage.act(ticket, Action.ASSIGN, agency="DINSOS")
    assert await waiting(stage) == []
    await stage.act(ticket, Action.ASSIGN, agency="DISHUB")
    assert len(await waiting(stage)) == 1
    await hear(stage, told("7", "DISPOSED", NOW + 2 * MINUTE, ticket=ticket, agency="DISHUB"))
    assert await waiting(stage) == []


async def test_what_is_decided_already_cannot_be_decided_again_but_a_repeat_is_harmless(
    stage: Stage, ticket: str
) -> None:
    first = await decide(stage, ticket, "OURS", idempotencyKey="decision-0001")
    assert await decide(stage, ticket, "OURS", idempotencyKey="decision-0001") == first
    assert (await decide(stage, ticket, "THEIRS", idempotencyKey="decision-0001"))[
        "__typename"
    ] == "IdempotencyConflict"
    again = await decide(stage, ticket, "THEIRS")
    assert (again["__typename"], again["code"]) == ("NotAllowed", "WRONG_STATE")
    for nothing in ({"field": "mood"}, {"system": "nobody"}, {"field": "\0"}, {"system": "\0"}):
        assert (await decide(stage, ticket, "OURS", **nothing))["__typename"] == "NotAllowed"
    assert (await decide(stage, "LG-2026-999999", "OURS"))["__typename"] == "ComplaintNotFound"


async def test_a_secret_complaints_conflict_reaches_those_who_see_it_only(stage: Stage) -> None:
    made = await stage.complaint("ASSIGNED", secret=True)
    await hear(stage, told("8", "DISPOSED", NOW, ticket=made, agency="DINKES"))
    assert [row["ticket"] for row in await waiting(stage)] == [made]
    assert await waiting(stage, CLERK) == []
    assert (await decide(stage, made, "THEIRS", CLERK))["__typename"] == "ComplaintNotFound"
