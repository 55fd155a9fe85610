"""Conflicts: a value that neither side may decide alone waits for an officer, who decides once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.complaints.workflow import Action
from hub.viewer import Viewer, ViewerKind
from tests.fake_central_system import central_report, complaint_of, ingest_reports, register_system, timeline_of
from tests.schema.complaint_mutations import MOVED
from tests.schema.harness import CLERK, OFFICER, Stage

NOW = datetime.now(UTC)
MINUTE = timedelta(minutes=1)
WAITING = """{complaintsWithConflicts {edges {node {ticket conflicts {
    system field localValue remoteValue value authority rationale(language: EN)}}}}}"""


@pytest.fixture(autouse=True)
async def _shares(stage: Stage) -> None:
    await register_system(stage)


@pytest.fixture
async def ticket(stage: Stage) -> str:
    """A complaint assigned to DISHUB here and to DINKES at the central system."""
    made = await stage.complaint("ASSIGNED")
    await ingest_reports(stage, central_report("7", "DISPOSED", NOW, ticket=made, agency="DINKES"))
    return made


async def waiting(stage: Stage, viewer: Viewer = OFFICER) -> list[Any]:
    return [edge["node"] for edge in (await stage.got(viewer, WAITING))["complaintsWithConflicts"]["edges"]]


async def decide(stage: Stage, ticket: str, keep: str, viewer: Viewer = OFFICER, **over: Any) -> Any:
    """Return the response of ``resolveConflict``."""
    given = {"ticket": ticket, "system": "fake", "field": "AGENCY", "resolution": keep, **over}
    query = f"mutation($i: ResolveConflictInput!) {{resolveConflict(input: $i) {MOVED}}}"
    return (await stage.got(viewer, query, i=given))["resolveConflict"]


async def test_both_values_are_kept_and_shown_with_the_reason(stage: Stage, ticket: str) -> None:
    assert (await complaint_of(stage, ticket))[:2] == ("ASSIGNED", "DISHUB")
    assert await waiting(stage) == [
        {
            "ticket": ticket,
            "conflicts": [
                {
                    "system": "fake",
                    "field": "AGENCY",
                    "localValue": "DISHUB",
                    "remoteValue": "DINKES",
                    "value": "DISHUB",
                    "authority": "MANUAL",
                    "rationale": "A reason.",
                }
            ],
        }
    ]


async def test_accepting_the_remote_value_is_a_local_decision(stage: Stage, ticket: str) -> None:
    done = await decide(stage, ticket, "ACCEPT_REMOTE")
    assert done["complaint"]["agency"] == {"code": "DINKES"}
    assert await waiting(stage) == []
    assert (await timeline_of(stage, ticket))[-1][:3] == ("ASSIGN", "ASSIGNED", "DESK")
    assert await stage.rows("select ours, theirs from shared_fields where field = 'agency'") == [("DINKES", "DINKES")]


async def test_keeping_our_value_stays_and_does_not_conflict_again(stage: Stage, ticket: str) -> None:
    done = await decide(stage, ticket, "KEEP_LOCAL")
    assert done["complaint"]["agency"] == {"code": "DISHUB"}
    assert (await timeline_of(stage, ticket))[-1][:3] == ("KEEP_LOCAL", "ASSIGNED", "DESK")
    await ingest_reports(stage, central_report("7", "DISPOSED", NOW + MINUTE, ticket=ticket, agency="DINKES"))
    assert await waiting(stage) == []
    await ingest_reports(stage, central_report("7", "DISPOSED", NOW + 2 * MINUTE, ticket=ticket, agency="DINSOS"))
    assert [row["conflicts"][0]["remoteValue"] for row in await waiting(stage)] == ["DINSOS"]


async def test_a_conflict_ends_when_both_sides_agree(stage: Stage, ticket: str) -> None:
    ((since,),) = await stage.rows("select conflict_since from shared_fields where field = 'agency'")
    await ingest_reports(stage, central_report("7", "DISPOSED", NOW + MINUTE, ticket=ticket, agency="DINSOS"))
    assert await stage.rows("select conflict_since from shared_fields where field = 'agency'") == [(since,)]
    await stage.act(ticket, Action.ASSIGN, agency="DINSOS")
    assert await waiting(stage) == []
    await stage.act(ticket, Action.ASSIGN, agency="DISHUB")
    assert len(await waiting(stage)) == 1
    await ingest_reports(stage, central_report("7", "DISPOSED", NOW + 2 * MINUTE, ticket=ticket, agency="DISHUB"))
    assert await waiting(stage) == []


async def test_a_resolved_conflict_stays_and_a_repeat_is_harmless(stage: Stage, ticket: str) -> None:
    first = await decide(stage, ticket, "KEEP_LOCAL", idempotencyKey="decision-0001")
    assert await decide(stage, ticket, "KEEP_LOCAL", idempotencyKey="decision-0001") == first
    assert (await decide(stage, ticket, "ACCEPT_REMOTE", idempotencyKey="decision-0001"))[
        "__typename"
    ] == "IdempotencyConflict"
    again = await decide(stage, ticket, "ACCEPT_REMOTE")
    assert (again["__typename"], again["code"]) == ("NotAllowed", "WRONG_STATE")
    unknown: list[dict[str, Any]] = [{"field": "AREA"}, {"system": "nobody"}, {"system": "\0"}]
    for nothing in unknown:
        assert (await decide(stage, ticket, "KEEP_LOCAL", **nothing))["__typename"] == "NotAllowed"
    assert (await decide(stage, "LG-2026-999999", "KEEP_LOCAL"))["__typename"] == "ComplaintNotFound"


async def test_a_secret_complaints_conflict_is_for_its_viewers_only(stage: Stage) -> None:
    made = await stage.complaint("ASSIGNED", secret=True)
    await ingest_reports(stage, central_report("8", "DISPOSED", NOW, ticket=made, agency="DINKES"))
    assert [row["ticket"] for row in await waiting(stage)] == [made]
    assert await waiting(stage, CLERK) == []
    assert (await decide(stage, made, "ACCEPT_REMOTE", CLERK))["__typename"] == "ComplaintNotFound"


AGENCY = Viewer(ViewerKind.OFFICER, "dishub", OFFICER.scopes, agency="DISHUB")


async def test_an_agency_cannot_open_a_secret_complaint_by_a_conflict(stage: Stage) -> None:
    made = await stage.complaint("ASSIGNED", secret=True)
    await stage.run(
        """insert into shared_fields (system, complaint_id, field, ours, ours_at, theirs, theirs_at, conflict_since)
           select 'fake', id, 'secret', 'true', now(), 'false', now(), now() from complaints"""
    )
    refused = await decide(stage, made, "ACCEPT_REMOTE", AGENCY, field="SECRET")
    assert (refused["__typename"], refused["code"]) == ("NotAllowed", "WRONG_ROLE")
    assert await stage.rows("select secret, c.conflict_since is null from complaints, shared_fields c") == [
        (True, False)
    ]
