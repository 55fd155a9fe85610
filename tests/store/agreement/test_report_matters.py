"""A complaint and its counterpart: their matter is compared again when a transaction that wrote either commits."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import text

from hub.complaints.field_authority import Authority, SharedField
from hub.complaints.workflow import Action
from tests.schema.conftest import shared, stage, stage_database
from tests.schema.harness import CAUSE, Stage

__all__ = ["shared", "stage", "stage_database"]

SHARED = [
    SharedField("agency", Authority.MANUAL, "Alasan.", "A reason."),
    SharedField("category", Authority.LATEST, "Alasan.", "A reason."),
    SharedField("area", Authority.REMOTE, "Alasan.", "A reason."),
    SharedField("status", Authority.LOCAL, "Alasan.", "A reason.", {"IN_PROGRESS": ["ANSWERED"]}),
]
DECLARED = "update systems set shared = cast(:shared as jsonb) where name = 'fake'"
LINKED = """insert into counterparts (system, external_id, complaint_id, origin)
    select 'fake', 'R-1', id, 'SENT' from complaints"""
REPORTED = """insert into shared_fields (system, complaint_id, field, ours, ours_at, theirs, theirs_at)
    select 'fake', id, :field, 'x', received_at, :value, received_at + make_interval(mins => :after) from complaints
    on conflict (system, complaint_id, field) do update set theirs = excluded.theirs, theirs_at = excluded.theirs_at"""
PLANNED = """insert into deliveries (system, complaint_id, ticket, sequence, action, key, state, attempts, actor,
                                     correlation, settled_at)
    select 'fake', id, ticket, :sequence, :action, ticket || '/' || :sequence, :state, :attempts, 'test', 'run-1',
           case when :state = 'DONE' then now() end from complaints"""
MATTER = "select state, cause, decider, next_step from matters"


@pytest.fixture
async def linked(stage: Stage) -> Stage:
    """One complaint with a counterpart at a system that shares four fields."""
    await stage.run(DECLARED, shared=json.dumps([each.to_json() for each in SHARED]))
    await stage.complaint("ASSIGNED")
    await stage.run(LINKED)
    return stage


async def plan(stage: Stage, state: str, *, action: str = "FOLLOW_UP", sequence: int = 1, attempts: int = 0) -> None:
    await stage.run(PLANNED, action=action, state=state, sequence=sequence, attempts=attempts)


async def test_a_complaint_without_counterpart_has_no_matter(stage: Stage) -> None:
    await stage.complaint("ASSIGNED")
    assert await stage.rows("select * from matters") == []


async def test_a_linked_complaint_without_reported_fields_agrees(linked: Stage) -> None:
    assert await linked.rows(MATTER) == [("AGREED", None, None, None)]
    assert await linked.rows("select * from agreement_events") == []
    assert await linked.rows("select * from matters_due") == []


@pytest.mark.parametrize(
    ("field", "value", "decider", "cause"),
    [
        ("agency", "DINKES", None, "CONFLICT"),
        ("area", "33.01", "RIGHT", "NOT_TAKEN"),
        ("status", "RECEIVED", "LEFT", "NOT_TOLD"),
        ("category", "JALAN", "RIGHT", "NOT_TAKEN"),
    ],
)
async def test_a_field_is_decided_by_its_authority(
    linked: Stage, field: str, value: str, decider: str | None, cause: str
) -> None:
    await linked.run(REPORTED, field=field, value=value, after=5)
    assert await linked.rows(MATTER) == [("DIFFERS", cause, decider, "PERSON")]
    assert await linked.rows("select field, right_value, decider, cause from differences") == [
        (field, value, decider, cause)
    ]
    assert await linked.rows("select since = right_at from matters, differences") == [(True,)]


async def test_a_value_that_leaves_the_local_one_is_no_difference(linked: Stage) -> None:
    await linked.run(REPORTED, field="status", value="IN_PROGRESS", after=5)
    assert await linked.rows(MATTER) == [("DIFFERS", "NOT_TOLD", "LEFT", "PERSON")]
    ticket = (await linked.rows("select ticket from complaints"))[0][0]
    await linked.act(ticket, Action.START, Action.ANSWER)
    assert await linked.rows(MATTER) == [("AGREED", None, None, None)]
    assert await linked.rows("select state, seconds is not null from agreement_events order by id") == [
        ("DIFFERS", False),
        ("AGREED", True),
    ]


@pytest.mark.parametrize(
    ("state", "attempts", "cause", "step", "waits"),
    [
        ("WAITING", 0, "NOT_TOLD", "DELIVERY", True),
        ("SENDING", 1, "NOT_TOLD", "DELIVERY", True),
        ("WAITING", 2, "NOT_TAKEN", "DELIVERY", True),
        ("BLOCKED", 9, "NOT_TAKEN", "PERSON", False),
        ("DONE", 1, "TOLD_LATE", "READ", True),
        ("GIVEN_UP", 0, "NOT_TOLD", "PERSON", False),
    ],
)
async def test_the_delivery_gives_the_cause(
    linked: Stage, state: str, attempts: int, cause: str, step: str, *, waits: bool
) -> None:
    await linked.run(REPORTED, field="status", value="RECEIVED", after=0)
    await plan(linked, state, attempts=attempts)
    assert await linked.rows(MATTER) == [("DIFFERS", cause, "LEFT", step)]
    assert await linked.rows("select pending_until is not null from matters") == [(waits,)]


async def test_what_changed_after_a_delivery_was_changed_back(linked: Stage) -> None:
    await plan(linked, "DONE", attempts=1)
    await linked.run(REPORTED, field="status", value="RECEIVED", after=600)
    assert await linked.rows(MATTER) == [("DIFFERS", "CHANGED_BACK", "LEFT", "PERSON")]


async def test_a_complaint_on_its_way_is_one_sided(stage: Stage) -> None:
    await stage.complaint("ASSIGNED")
    await plan(stage, "WAITING", action="CREATE")
    assert await stage.rows(MATTER) == [("ONE_SIDED", "NOT_TOLD", "LEFT", "DELIVERY")]
    await stage.run(LINKED)
    assert await stage.rows(MATTER) == [("AGREED", None, None, None)]
    await stage.run("delete from counterparts")
    await stage.run("update deliveries set state = 'GIVEN_UP'")
    assert await stage.rows("select * from matters") == []


async def test_a_value_that_a_person_declined_is_no_difference(linked: Stage) -> None:
    await linked.run(REPORTED, field="agency", value="DINKES", after=5)
    await linked.run("update shared_fields set declined = theirs")
    assert await linked.rows(MATTER) == [("AGREED", None, None, None)]


async def test_a_transaction_compares_a_complaint_once(linked: Stage) -> None:
    async with linked.database.write(CAUSE) as db:
        for value in ("DINKES", "DINSOS", "DISHUB"):
            await db.execute(text(REPORTED), {"field": "agency", "value": value, "after": 5})
    assert await linked.rows(MATTER) == [("AGREED", None, None, None)]
    assert await linked.rows("select * from agreement_events") == []
