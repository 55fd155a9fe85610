"""What has to leave the hub because of what was done to a complaint, planned in the transaction that does it.

A complaint goes to a system by the desk's word or by rule; from then on that system is told what follows. What a
system itself said is never told to it again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.complaints.deadlines import Reached
from hub.complaints.forwarding import AttemptOutcome, DeliveryAction, DeliveryState, destination, follows
from hub.complaints.workflow import Action, Refusal, RejectReason
from hub.store import queue
from hub.store.database import Cause
from hub.store.exchange.counterparts import Origin
from hub.store.exchange.deliveries import note
from hub.store.tables import complaints, systems
from hub.store.tables_sync import counterparts, deliveries


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """One step of a complaint's life. ``told_by`` is the system whose word it is; ``facts`` hold nothing personal."""

    complaint_id: int
    ticket: str
    action: Action
    reached: Reached
    step_id: int
    reason: RejectReason | None = None
    told_by: str | None = None
    said: bool = False
    """Whether the step has words."""
    facts: dict[str, Any] = field(default_factory=dict)


async def chosen(db: AsyncConnection, complaint_id: int, wanted: str | None) -> str | Refusal:
    """Where the desk's word forwards a complaint to."""
    return destination(wanted, await _taking(db), await _there(db, complaint_id))


async def missing(db: AsyncConnection, complaint_id: int, to: Iterable[str]) -> list[str]:
    """Those of ``to`` that take complaints and have not got this one, nor are about to get it."""
    wanted = list(to)
    if not wanted:
        return []
    taking, there = set(await _taking(db)), await _there(db, complaint_id)
    return [system for system in wanted if system in taking and system not in there]


async def forward(db: AsyncConnection, cause: Cause, happened: Happened, to: str) -> None:
    """Plan that the complaint becomes a record of ``to``."""
    await _plan(db, cause, happened, DeliveryAction.CREATE, [to])


async def follow(db: AsyncConnection, cause: Cause, happened: Happened) -> None:
    """Plan what the systems that have the complaint are told of a step; rubbish that has not left yet stays here."""
    if happened.action is Action.REJECT and happened.reason is not RejectReason.NOT_OUR_AUTHORITY:
        await _withdraw(db, cause, happened.complaint_id)
    action = follows(happened.action, happened.reason)
    # A follow-up without words says nothing.
    if action is None or (action is DeliveryAction.FOLLOW_UP and not happened.said):
        return
    there = [each for each in await _vouched(db, happened.complaint_id) if each != happened.told_by]
    told = await db.scalars(
        select(systems.c.name).where(systems.c.name.in_(there), systems.c.sends.contains([action.value]))
    )
    await _plan(db, cause, happened, action, sorted(told))


async def _plan(
    db: AsyncConnection, cause: Cause, happened: Happened, action: DeliveryAction, to: Iterable[str]
) -> None:
    # The complaint's row is locked by who acts on it, so nobody else numbers its deliveries now.
    last = select(func.coalesce(func.max(deliveries.c.sequence), 0)).where(
        deliveries.c.complaint_id == happened.complaint_id
    )
    planned = list(to)
    if not planned:
        return
    first = int(await db.scalar(last) or 0) + 1
    common = {
        "complaint_id": happened.complaint_id,
        "ticket": happened.ticket,
        "action": action.value,
        "step_id": happened.step_id,
        "facts": happened.facts,
        "actor": cause.actor,
        "correlation": cause.correlation,
    }
    rows = [
        {**common, "system": system, "sequence": number, "key": f"{happened.ticket}/{number}"}
        for number, system in enumerate(planned, first)
    ]
    await db.execute(insert(deliveries), rows)
    await queue.nudge(db, planned)


async def _taking(db: AsyncConnection) -> list[str]:
    """The enabled systems that take complaints, by name."""
    takes = systems.c.sends.contains([DeliveryAction.CREATE.value])
    found = await db.scalars(select(systems.c.name).where(systems.c.enabled, takes).order_by(systems.c.name))
    return list(found)


async def _there(db: AsyncConnection, complaint_id: int, *links: ColumnElement[bool]) -> set[str]:
    """The systems that have the complaint, by a link that fits ``links``, or will once its delivery is through."""
    linked = exists().where(
        counterparts.c.complaint_id == complaint_id, counterparts.c.system == systems.c.name, *links
    )
    coming = exists().where(_creating(complaint_id), deliveries.c.system == systems.c.name)
    return set(await db.scalars(select(systems.c.name).where(or_(linked, coming))))


async def _vouched(db: AsyncConnection, complaint_id: int) -> set[str]:
    """Those of them that may be told more.

    Anybody can submit a complaint with the number of somebody else's report: until the desk has verified it, nothing
    is written below that report in its name.
    """
    verified = exists().where(complaints.c.id == complaint_id, complaints.c.verified_at.is_not(None))
    return await _there(db, complaint_id, or_(counterparts.c.origin != Origin.KEY.value, verified))


def _creating(complaint_id: int) -> ColumnElement[bool]:
    return and_(
        deliveries.c.complaint_id == complaint_id,
        deliveries.c.action == DeliveryAction.CREATE.value,
        deliveries.c.state != DeliveryState.GIVEN_UP.value,
    )


async def _withdraw(db: AsyncConnection, cause: Cause, complaint_id: int) -> None:
    """What was never tried of a complaint that is nothing is not sent; what was tried may be there, and goes on."""
    untried = and_(deliveries.c.state == DeliveryState.WAITING.value, deliveries.c.attempts == 0)
    creating = select(deliveries.c.system).where(_creating(complaint_id), untried).with_for_update(skip_locked=True)
    of = list(await db.scalars(creating))
    reason = "the complaint was rejected here before it was sent"
    given_up = (
        update(deliveries)
        .where(deliveries.c.complaint_id == complaint_id, deliveries.c.system.in_(of), untried)
        .values(state=DeliveryState.GIVEN_UP.value, settled_at=func.now(), trouble=reason)
        .returning(deliveries.c.id)
    )
    await note(db, await db.scalars(given_up), AttemptOutcome.GIVEN_UP, reason, actor=cause.actor)
