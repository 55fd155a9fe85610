"""Moving a complaint along the workflow, in one transaction.

The rules are in ``hub.complaints``; here they meet the stored complaint. Every act takes the row's
lock, asks the rules, writes the complaint and its timeline, and says a refusal as a value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import RowMapping, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.complaints.adopting import FIELDS, STATUS
from hub.complaints.codes import ComplaintClass, ComplaintStatus
from hub.complaints.deadlines import Reached
from hub.complaints.forwarding import Rule, forwards_to
from hub.complaints.workflow import Action, Refusal, RejectReason, Role, move
from hub.store.complaints import timeline
from hub.store.complaints.lives import SILENT, STANDING, Life, lives
from hub.store.complaints.milestones import due, times
from hub.store.database import Cause
from hub.store.exchange import forwarding, hearing
from hub.store.exchange.forwarding import Happened
from hub.store.promises import Done
from hub.store.reading import sight
from hub.store.reading.naming import nameable
from hub.store.tables import complaints
from hub.viewer import Viewer, ViewerKind


@dataclass(frozen=True, slots=True)
class Act:
    """One move of one complaint. ``changes`` are columns that the act itself sets.

    ``reason`` and ``target`` (the institution that must answer, in the other system's id) belong to a rejection, ``to``
    (a system) to forwarding. ``told_by`` is the system whose word this is: it is never told so in return.
    """

    ticket: str
    action: Action
    note: str | None = None
    changes: Mapping[str, Any] | None = None
    reason: RejectReason | None = None
    target: str | None = None
    to: str | None = None
    told_by: str | None = None


async def act(
    db: AsyncConnection, cause: Cause, viewer: Viewer, wanted: Act, rules: Sequence[Rule] = ()
) -> Done | Refusal | None:
    """Move a complaint; None when it is not there or not the viewer's to act on. By ``rules`` it is forwarded then."""
    row = await locked(db, viewer, wanted.ticket)
    if row is None:
        return None
    life = (await lives(db, [row["id"]]))[row["id"]]
    role = Role.SYSTEM if wanted.told_by else role_of(viewer)
    reached = move(ComplaintStatus(row["status"]), wanted.action, role, returned_from=life.before_return)
    if isinstance(reached, Refusal):
        return reached
    to = await forwarding.chosen(db, row["id"], wanted.to) if wanted.action is Action.FORWARD else None
    if isinstance(to, Refusal):
        return to
    happened = await _moved(db, cause, row, life, reached, wanted, role)
    if to:
        await forwarding.forward(db, cause, happened, to)
    await forwarding.follow(db, cause, happened)
    await _forwarded(db, cause, row, wanted, rules, happened)
    return Done(row["id"], row["ticket"])


async def _forwarded(
    db: AsyncConnection, cause: Cause, row: RowMapping, wanted: Act, rules: Sequence[Rule], happened: Happened
) -> None:
    """What the rules forward, once it is verified or has its agency: a step of the hub's own for each system."""
    if wanted.action not in (Action.VERIFY, Action.ASSIGN):
        return
    now = {**row, **(wanted.changes or {})}
    for system in await forwarding.missing(db, row["id"], forwards_to(rules, now["category"], now["agency_code"])):
        step = Action.FORWARD, happened.reached, Role.SYSTEM
        step_id = await timeline.add_step(db, row["id"], *step, cause.actor)
        await forwarding.forward(db, cause, replace(happened, action=Action.FORWARD, step_id=step_id), system)


def role_of(viewer: Viewer) -> Role:
    """In what role a viewer acts: an officer for the desk or an agency, anybody else for the reporter."""
    if viewer.kind is ViewerKind.OFFICER and viewer.agency:
        return Role.AGENCY
    return Role.DESK if viewer.kind in (ViewerKind.OFFICER, ViewerKind.WORKER) else Role.REPORTER


async def _moved(
    db: AsyncConnection,
    cause: Cause,
    row: RowMapping,
    life: Life,
    reached: ComplaintStatus,
    wanted: Act,
    role: Role,
) -> Happened:
    # Two acts in one millisecond, or a clock that was set back, must not tear the timeline's order.
    now = max(datetime.now(UTC), row["updated_at"])
    stays = wanted.action in STANDING and reached.value == row["status"]
    moves = [] if stays else [Reached(reached, now)]
    values = {
        **(wanted.changes or {}),
        **(times(reached, now, dict(row)) if reached.value != row["status"] else {}),
        **due([*life.reached, *moves], ComplaintClass(row["class"]), row["inspection"]),
        "status": reached.value,
        "updated_at": now,
    }
    await db.execute(update(complaints).where(complaints.c.id == row["id"]).values(values))
    step = Reached(reached, now)
    step_id = await timeline.add_step(db, row["id"], wanted.action, step, role, cause.actor, wanted.note)
    await hearing.say(db, row, values, _decided(wanted, stays=reached.value == row["status"]), wanted.told_by)
    facts = {"target": wanted.target, "rating": values.get("rating")}
    return Happened(
        complaint_id=row["id"],
        ticket=row["ticket"],
        action=wanted.action,
        reached=step,
        step_id=step_id,
        reason=wanted.reason,
        told_by=wanted.told_by,
        said=wanted.note is not None,
        facts={name: value for name, value in facts.items() if value is not None},
    )


def _decided(wanted: Act, *, stays: bool) -> set[str]:
    """What another system has to hear of: also what was decided as it was, for that is a newer word."""
    columns = wanted.changes or {}
    status = set() if stays and wanted.action in SILENT else {STATUS}
    return status | {name for name, field in FIELDS.items() if field.column in columns}


async def locked(db: AsyncConnection, viewer: Viewer, ticket: str) -> RowMapping | None:
    """The complaint's row, locked until the end; None when it is not there or not the viewer's to act on."""
    if not nameable(ticket):
        return None
    statement = select(complaints).where(complaints.c.ticket == ticket, sight.in_full(viewer)).with_for_update()
    return (await db.execute(statement)).mappings().one_or_none()
