"""Applies a workflow transition to a complaint, in one transaction.

The rules are in ``hub.complaints.workflow``. A transition locks the complaint's row, checks the rules, writes the
complaint and its timeline, reconciles the fields that it decided and plans the deliveries that follow. A refusal by the
rules is a return value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import RowMapping, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.complaints.deadlines import TimelineEntry
from hub.complaints.enums import ComplaintClass, ComplaintStatus
from hub.complaints.forwarding import ForwardingRule, forwarding_targets
from hub.complaints.shared_fields import FIELDS, STATUS
from hub.complaints.workflow import Action, Refusal, RejectionReason, Role, next_status
from hub.store.complaints import timeline
from hub.store.complaints.milestones import deadline_columns, milestone_times
from hub.store.complaints.permissions import lock_complaint, role_of
from hub.store.complaints.status_history import CLOCK_NEUTRAL, STATUS_NEUTRAL, StatusHistory, status_histories
from hub.store.database import Cause
from hub.store.idempotency import Completed
from hub.store.tables import complaints
from hub.store.use_cases import forwarding, reconciliation
from hub.store.use_cases.forwarding import StepEvent
from hub.viewer import Viewer


@dataclass(frozen=True, slots=True)
class Transition:
    """One transition of one complaint. ``changes`` are the columns it sets.

    ``reason`` and ``target`` (the institution that must answer, by its id in the other system) belong to a rejection,
    ``to`` (a system) to forwarding. ``source_system`` is the system that reported the transition: it gets no delivery.
    """

    ticket: str
    action: Action
    note: str | None = None
    changes: Mapping[str, Any] | None = None
    reason: RejectionReason | None = None
    target: str | None = None
    to: str | None = None
    source_system: str | None = None


async def transition(
    db: AsyncConnection, cause: Cause, viewer: Viewer, requested: Transition, rules: Sequence[ForwardingRule] = ()
) -> Completed | Refusal | None:
    """Apply a transition, and forward the complaint if one of ``rules`` matches.

    None when the complaint does not exist or the viewer may not act on it.
    """
    row = await lock_complaint(db, viewer, requested.ticket)
    if row is None:
        return None
    history = (await status_histories(db, [row["id"]]))[row["id"]]
    role = Role.SYSTEM if requested.source_system else role_of(viewer)
    status = next_status(ComplaintStatus(row["status"]), requested.action, role, returned_from=history.before_return)
    if isinstance(status, Refusal):
        return status
    to = await forwarding.choose_target(db, row["id"], requested.to) if requested.action is Action.FORWARD else None
    if isinstance(to, Refusal):
        return to
    if requested.action is Action.REJECT:
        await forwarding.withdraw_rejected(db, cause, row["id"], requested.reason)
    event = await _apply(db, cause, row, history, status, requested, role)
    if to:
        await forwarding.forward(db, cause, event, to)
    await forwarding.plan_follow_ups(db, cause, event)
    await _forward_by_rules(db, cause, row, requested, rules, event)
    return Completed(row["id"], row["ticket"])


async def _forward_by_rules(
    db: AsyncConnection,
    cause: Cause,
    row: RowMapping,
    requested: Transition,
    rules: Sequence[ForwardingRule],
    event: StepEvent,
) -> None:
    """Forward a complaint by the rules once it is verified or assigned, with one step of the hub for each system."""
    if requested.action not in (Action.VERIFY, Action.ASSIGN):
        return
    now = {**row, **(requested.changes or {})}
    for system in await forwarding.not_yet_forwarded(
        db, row["id"], forwarding_targets(rules, now["category"], now["agency_code"])
    ):
        step = Action.FORWARD, event.entry, Role.SYSTEM
        step_id = await timeline.add_step(db, row["id"], *step, cause.actor)
        await forwarding.forward(db, cause, replace(event, action=Action.FORWARD, step_id=step_id), system)


async def _apply(
    db: AsyncConnection,
    cause: Cause,
    row: RowMapping,
    history: StatusHistory,
    status: ComplaintStatus,
    requested: Transition,
    role: Role,
) -> StepEvent:
    # Not before the latest step, even if the clock was set back: a timeline is in order.
    now = max(datetime.now(UTC), row["updated_at"])
    is_neutral = requested.action in CLOCK_NEUTRAL and status.value == row["status"]
    latest = [] if is_neutral else [TimelineEntry(status, now)]
    values = {
        **(requested.changes or {}),
        **(milestone_times(status, now, dict(row)) if status.value != row["status"] else {}),
        **deadline_columns([*history.entries, *latest], ComplaintClass(row["class"]), row["inspection"]),
        "status": status.value,
        "updated_at": now,
    }
    await db.execute(update(complaints).where(complaints.c.id == row["id"]).values(values))
    step = TimelineEntry(status, now)
    step_id = await timeline.add_step(db, row["id"], requested.action, step, role, cause.actor, requested.note)
    await reconciliation.apply_local(
        db, row, values, _decided_fields(requested, same_status=status.value == row["status"]), requested.source_system
    )
    facts = {"target": requested.target, "rating": values.get("rating")}
    return StepEvent(
        complaint_id=row["id"],
        ticket=row["ticket"],
        action=requested.action,
        entry=step,
        step_id=step_id,
        reason=requested.reason,
        source_system=requested.source_system,
        has_text=requested.note is not None,
        facts={name: value for name, value in facts.items() if value is not None},
    )


def _decided_fields(requested: Transition, *, same_status: bool) -> set[str]:
    """Return the shared fields this transition decides; also those it confirms, because the confirmation is newer."""
    columns = requested.changes or {}
    status = set() if same_status and requested.action in STATUS_NEUTRAL else {STATUS}
    return status | {name for name, field in FIELDS.items() if field.column in columns}
