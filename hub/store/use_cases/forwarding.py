"""Plans deliveries in the transaction that causes them.

The complaint desk or a rule forwards a complaint to a system. From then on each later step that the system accepts
becomes a delivery to it, except for steps the system reported itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.complaints.deadlines import TimelineEntry
from hub.complaints.forwarding import AttemptOutcome, DeliveryAction, DeliveryState, choose_destination, delivery_action
from hub.complaints.workflow import Action, Refusal, RejectionReason
from hub.store import job_queue
from hub.store.database import Cause
from hub.store.outbox.deliveries import record_attempt
from hub.store.reconciliation import counterparts
from hub.store.tables import systems
from hub.store.tables.sync import counterparts as links
from hub.store.tables.sync import deliveries


@dataclass(frozen=True, slots=True, kw_only=True)
class StepEvent:
    """One step of a complaint. ``source_system`` is the system that reported it; ``facts`` hold nothing personal."""

    complaint_id: int
    ticket: str
    action: Action
    entry: TimelineEntry
    step_id: int
    reason: RejectionReason | None = None
    source_system: str | None = None
    has_text: bool = False
    """Whether the step has a note."""
    facts: dict[str, Any] = field(default_factory=dict)


async def choose_target(db: AsyncConnection, complaint_id: int, system: str | None) -> str | Refusal:
    """Return the system that the complaint desk forwards a complaint to, or why it cannot."""
    return choose_destination(system, await _accepting_systems(db), await _holding_systems(db, complaint_id))


async def not_yet_forwarded(db: AsyncConnection, complaint_id: int, to: Iterable[str]) -> list[str]:
    """Return those of ``to`` that accept complaints and neither have this one nor have a delivery of it."""
    candidates = list(to)
    if not candidates:
        return []
    accepting, present = set(await _accepting_systems(db)), await _holding_systems(db, complaint_id)
    return [system for system in candidates if system in accepting and system not in present]


async def forward(db: AsyncConnection, cause: Cause, event: StepEvent, to: str) -> None:
    """Plan the delivery that creates the complaint as a record of ``to``."""
    await _plan(db, cause, event, DeliveryAction.CREATE, [to])


async def withdraw_rejected(
    db: AsyncConnection, cause: Cause, complaint_id: int, reason: RejectionReason | None
) -> None:
    """Drop the claims of a complaint that is being rejected, and give up the deliveries of an invalid one.

    Called before the rejection is reconciled, so that a record that is no longer linked is not compared.
    """
    await counterparts.drop_claims(db, complaint_id)
    if reason is not RejectionReason.NOT_OUR_AUTHORITY:
        await _give_up_untried(db, cause, complaint_id)


async def plan_follow_ups(db: AsyncConnection, cause: Cause, event: StepEvent) -> None:
    """Plan the deliveries of a step to the systems that have the complaint."""
    action = delivery_action(event.action, event.reason)
    # A follow-up without text is not delivered.
    if action is None or (action is DeliveryAction.FOLLOW_UP and not event.has_text):
        return
    holders = [each for each in await _holding_systems(db, event.complaint_id) if each != event.source_system]
    targets = await db.scalars(
        select(systems.c.name).where(systems.c.name.in_(holders), systems.c.sends.contains([action.value]))
    )
    await _plan(db, cause, event, action, sorted(targets))


async def _plan(db: AsyncConnection, cause: Cause, event: StepEvent, action: DeliveryAction, to: Iterable[str]) -> None:
    # The caller has locked the complaint's row, so nobody else numbers its deliveries now.
    last = select(func.coalesce(func.max(deliveries.c.sequence), 0)).where(
        deliveries.c.complaint_id == event.complaint_id
    )
    targets = list(to)
    if not targets:
        return
    first = int(await db.scalar(last) or 0) + 1
    common = {
        "complaint_id": event.complaint_id,
        "ticket": event.ticket,
        "action": action.value,
        "step_id": event.step_id,
        "facts": event.facts,
        "actor": cause.actor,
        "correlation": cause.correlation,
    }
    rows = [
        {**common, "system": system, "sequence": number, "key": f"{event.ticket}/{number}"}
        for number, system in enumerate(targets, first)
    ]
    await db.execute(insert(deliveries), rows)
    await job_queue.enqueue_deliveries(db, targets)


async def _accepting_systems(db: AsyncConnection) -> list[str]:
    """Return the enabled systems that accept complaints, by name."""
    takes = systems.c.sends.contains([DeliveryAction.CREATE.value])
    found = await db.scalars(select(systems.c.name).where(systems.c.enabled, takes).order_by(systems.c.name))
    return list(found)


async def _holding_systems(db: AsyncConnection, complaint_id: int) -> set[str]:
    """Return the systems that have the complaint or have a delivery that creates it."""
    linked = exists().where(links.c.complaint_id == complaint_id, links.c.system == systems.c.name)
    coming = exists().where(_is_creation(complaint_id), deliveries.c.system == systems.c.name)
    return set(await db.scalars(select(systems.c.name).where(or_(linked, coming))))


def _is_creation(complaint_id: int) -> ColumnElement[bool]:
    return and_(
        deliveries.c.complaint_id == complaint_id,
        deliveries.c.action == DeliveryAction.CREATE.value,
        deliveries.c.state != DeliveryState.GIVEN_UP.value,
    )


async def _give_up_untried(db: AsyncConnection, cause: Cause, complaint_id: int) -> None:
    """Give up what was never attempted. What was attempted may have arrived, so it continues."""
    untried = and_(deliveries.c.state == DeliveryState.WAITING.value, deliveries.c.attempts == 0)
    creating = select(deliveries.c.system).where(_is_creation(complaint_id), untried).with_for_update(skip_locked=True)
    of = [*await db.scalars(creating), *await counterparts.unlink_confirmed(db, complaint_id)]
    reason = "the complaint was rejected here before it was sent"
    given_up = (
        update(deliveries)
        .where(deliveries.c.complaint_id == complaint_id, deliveries.c.system.in_(of), untried)
        .values(state=DeliveryState.GIVEN_UP.value, settled_at=func.now(), trouble=reason)
        .returning(deliveries.c.id)
    )
    await record_attempt(db, await db.scalars(given_up), AttemptOutcome.GIVEN_UP, reason, actor=cause.actor)
