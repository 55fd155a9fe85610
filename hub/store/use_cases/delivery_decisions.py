"""A person's decision on a delivery: retry, give up, or confirm that it arrived. Each is recorded as an attempt."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import ColumnElement, RowMapping, and_, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.complaints.forwarding import (
    UNDECIDED,
    AttemptOutcome,
    DeliveryAction,
    DeliveryState,
    check_confirmation,
    linked_elsewhere,
    wrong_state,
)
from hub.complaints.problems import Problem
from hub.complaints.workflow import Refusal
from hub.store import audit, job_queue
from hub.store.database import Cause
from hub.store.idempotency import Completed
from hub.store.outbox.deliveries import record_attempt
from hub.store.queries.delivery_entity import visible
from hub.store.queries.lookup import is_storable_text
from hub.store.tables.sync import counterparts, deliveries
from hub.viewer import Viewer

_ACTIONS = {
    AttemptOutcome.RETRIED: "deliveries:retry",
    AttemptOutcome.GIVEN_UP: "deliveries:give-up",
    AttemptOutcome.CONFIRMED: "deliveries:confirm",
}
"""The action of each decision in the audit trail."""


async def retry(db: AsyncConnection, cause: Cause, viewer: Viewer, key: str) -> Completed | Refusal | None:
    """Make a delivery due now, with a new budget of attempts; None if it does not exist or is not visible."""
    row = await _undecided(db, viewer, key)
    if row is None or isinstance(row, Refusal):
        return row
    values = {"state": DeliveryState.WAITING.value, "attempts": 0, "due_at": func.now(), "trouble": None}
    await db.execute(update(deliveries).where(deliveries.c.id == row["id"]).values(values))
    return await _record_decision(db, cause, row, [row["id"]], AttemptOutcome.RETRIED)


async def give_up(db: AsyncConnection, cause: Cause, viewer: Viewer, key: str) -> Completed | Refusal | None:
    """Give up a delivery, and if it would have created the record, also the deliveries that depend on it."""
    row = await _undecided(db, viewer, key)
    if row is None or isinstance(row, Refusal):
        return row
    values = {"state": DeliveryState.GIVEN_UP.value, "settled_at": func.now()}
    ended = update(deliveries).where(await _ended_with(db, row)).values(values).returning(deliveries.c.id)
    return await _record_decision(db, cause, row, await db.scalars(ended), AttemptOutcome.GIVEN_UP)


async def confirm(
    db: AsyncConnection, cause: Cause, viewer: Viewer, key: str, external_id: str | None
) -> Completed | Refusal | list[Problem] | None:
    """Mark a delivery as delivered, so that the next one can be sent.

    ``external_id`` is the record that a forwarded complaint became.
    """
    row = await _undecided(db, viewer, key)
    if row is None or isinstance(row, Refusal):
        return row
    action = DeliveryAction(row["action"])
    if problems := check_confirmation(action, external_id):
        return problems
    if action is DeliveryAction.CREATE and not await _link(db, row, external_id or ""):
        return linked_elsewhere()
    values = {"state": DeliveryState.DONE.value, "external_id": external_id, "settled_at": func.now(), "trouble": None}
    await db.execute(update(deliveries).where(deliveries.c.id == row["id"]).values(values))
    return await _record_decision(db, cause, row, [row["id"]], AttemptOutcome.CONFIRMED)


async def _record_decision(
    db: AsyncConnection, cause: Cause, row: RowMapping, ids: Iterable[int], outcome: AttemptOutcome
) -> Completed:
    """Record the decision as an attempt and in the audit trail, and enqueue the deliveries that waited for it."""
    await record_attempt(db, ids, outcome, actor=cause.actor)
    await audit.record(db, _ACTIONS[outcome], f"delivery:{row['key']}")
    await job_queue.enqueue_deliveries(db, [row["system"]])
    return Completed(row["complaint_id"], row["ticket"])


async def _undecided(db: AsyncConnection, viewer: Viewer, key: str) -> RowMapping | Refusal | None:
    if not is_storable_text(key):
        return None
    found = select(deliveries).where(deliveries.c.key == key, visible(viewer)).with_for_update()
    row = (await db.execute(found)).mappings().one_or_none()
    if row is None or DeliveryState(row["state"]) in UNDECIDED:
        return row
    return wrong_state(DeliveryState(row["state"]))


async def _ended_with(db: AsyncConnection, row: RowMapping) -> ColumnElement[bool]:
    """Return the deliveries that are given up together with this one."""
    this: ColumnElement[bool] = deliveries.c.id == row["id"]
    same = and_(counterparts.c.system == row["system"], counterparts.c.complaint_id == row["complaint_id"])
    if row["action"] != DeliveryAction.CREATE or await db.scalar(select(exists().where(same))):
        return this
    return and_(
        deliveries.c.complaint_id == row["complaint_id"],
        deliveries.c.system == row["system"],
        deliveries.c.sequence >= row["sequence"],
        deliveries.c.state.in_([state.value for state in UNDECIDED]),
    )


async def _link(db: AsyncConnection, row: RowMapping, external_id: str) -> bool:
    """Link complaint and record; False if either is linked to another one."""
    link = {"system": row["system"], "external_id": external_id, "complaint_id": row["complaint_id"]}
    await db.execute(upsert(counterparts).values(**link, origin="SENT").on_conflict_do_nothing())
    return bool(await db.scalar(select(exists().where(*(counterparts.c[name] == each for name, each in link.items())))))
