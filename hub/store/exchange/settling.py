"""What a person decides on a delivery: send it again, give it up, or say that it is there. Each is kept as evidence."""

from __future__ import annotations

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
from hub.store import queue
from hub.store.database import Cause
from hub.store.exchange.deliveries import note
from hub.store.promises import Done
from hub.store.reading.delivery_entity import visible
from hub.store.reading.naming import nameable
from hub.store.tables_sync import counterparts, deliveries
from hub.viewer import Viewer


async def retry(db: AsyncConnection, cause: Cause, viewer: Viewer, key: str) -> Done | Refusal | None:
    """Have it sent again now, with a budget as at first. None when it is not there or not the viewer's to see."""
    row = await _open(db, viewer, key)
    if row is None or isinstance(row, Refusal):
        return row
    again = {"state": DeliveryState.WAITING.value, "attempts": 0, "due_at": func.now(), "trouble": None}
    await db.execute(update(deliveries).where(deliveries.c.id == row["id"]).values(again))
    await note(db, [row["id"]], AttemptOutcome.RETRIED, actor=cause.actor)
    await queue.nudge(db, [row["system"]])
    return Done(row["complaint_id"], row["ticket"])


async def give_up(db: AsyncConnection, cause: Cause, viewer: Viewer, key: str) -> Done | Refusal | None:
    """Never send it; with a complaint that never went out, what should have followed it is given up too."""
    row = await _open(db, viewer, key)
    if row is None or isinstance(row, Refusal):
        return row
    values = {"state": DeliveryState.GIVEN_UP.value, "settled_at": func.now()}
    ended = update(deliveries).where(await _ending(db, row)).values(values).returning(deliveries.c.id)
    await note(db, await db.scalars(ended), AttemptOutcome.GIVEN_UP, actor=cause.actor)
    await queue.nudge(db, [row["system"]])
    return Done(row["complaint_id"], row["ticket"])


async def confirm(
    db: AsyncConnection, cause: Cause, viewer: Viewer, key: str, external_id: str | None
) -> Done | Refusal | list[Problem] | None:
    """It is there, and what follows may go; ``external_id`` is the record a forwarded complaint became."""
    row = await _open(db, viewer, key)
    if row is None or isinstance(row, Refusal):
        return row
    action = DeliveryAction(row["action"])
    if problems := check_confirmation(action, external_id):
        return problems
    if action is DeliveryAction.CREATE and not await _link(db, row, external_id or ""):
        return linked_elsewhere()
    values = {"state": DeliveryState.DONE.value, "external_id": external_id, "settled_at": func.now(), "trouble": None}
    await db.execute(update(deliveries).where(deliveries.c.id == row["id"]).values(values))
    await note(db, [row["id"]], AttemptOutcome.CONFIRMED, actor=cause.actor)
    await queue.nudge(db, [row["system"]])
    return Done(row["complaint_id"], row["ticket"])


async def _open(db: AsyncConnection, viewer: Viewer, key: str) -> RowMapping | Refusal | None:
    if not nameable(key):
        return None
    found = select(deliveries).where(deliveries.c.key == key, visible(viewer)).with_for_update()
    row = (await db.execute(found)).mappings().one_or_none()
    if row is None or DeliveryState(row["state"]) in UNDECIDED:
        return row
    return wrong_state(DeliveryState(row["state"]))


async def _ending(db: AsyncConnection, row: RowMapping) -> ColumnElement[bool]:
    """Which deliveries end with this one."""
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
    """Link complaint and record; False when either is linked to another one."""
    link = {"system": row["system"], "external_id": external_id, "complaint_id": row["complaint_id"]}
    await db.execute(upsert(counterparts).values(**link, origin="SENT").on_conflict_do_nothing())
    return bool(await db.scalar(select(exists().where(*(counterparts.c[name] == each for name, each in link.items())))))
