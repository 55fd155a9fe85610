"""The local and remote values of a complaint's shared fields, and the decision of a person on a conflict."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import and_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.complaints.deadlines import TimelineEntry
from hub.complaints.enums import ComplaintStatus
from hub.complaints.field_authority import Value
from hub.complaints.shared_fields import FIELDS, ConflictResolution, no_conflict
from hub.complaints.workflow import Action, Refusal, check_decision
from hub.store.complaints import timeline
from hub.store.complaints.permissions import lock_complaint, role_of
from hub.store.database import Cause
from hub.store.idempotency import Completed
from hub.store.queries import visibility
from hub.store.queries.record_visibility import visible_shared_fields
from hub.store.reconciliation import field_states
from hub.store.reconciliation.field_states import FieldState
from hub.store.tables import complaints
from hub.store.tables.sync import shared_fields
from hub.store.use_cases import reconciliation
from hub.store.use_cases.remote_changes import RemoteUpdate, apply
from hub.viewer import Viewer


@dataclass(frozen=True, slots=True)
class Decision:
    """Which side's value one field of one complaint keeps."""

    ticket: str
    system: str
    field: str
    resolution: ConflictResolution


async def list_for_tickets(
    db: AsyncConnection, viewer: Viewer, tickets: Sequence[str]
) -> Mapping[str, list[FieldState]]:
    """Return the field states of the complaints among ``tickets`` that ``viewer`` sees in full, by system and field."""
    visible_fields = and_(shared_fields.c.complaint_id == complaints.c.id, visible_shared_fields(viewer))
    statement = (
        select(complaints.c.ticket, *shared_fields.c)
        .select_from(complaints.outerjoin(shared_fields, visible_fields))
        .where(complaints.c.ticket.in_(tickets), visibility.fully_visible(viewer))
        .order_by(shared_fields.c.system, shared_fields.c.field)
    )
    found: dict[str, list[FieldState]] = defaultdict(list)
    for row in (await db.execute(statement)).mappings():
        found[row["ticket"]] += [field_states.from_row(row)] if row["system"] else []
    return found


async def resolve(db: AsyncConnection, cause: Cause, viewer: Viewer, decision: Decision) -> Completed | Refusal | None:
    """Resolve a conflict; None if the complaint does not exist or the viewer may not act on it."""
    row = await lock_complaint(db, viewer, decision.ticket)
    if row is None:
        return None
    if refusal := check_decision(
        Action.ACCEPT_REMOTE if decision.resolution is ConflictResolution.ACCEPT_REMOTE else Action.KEEP_LOCAL,
        role_of(viewer),
    ):
        return refusal
    key = decision.system, decision.field
    found = (await list_for_tickets(db, viewer, [decision.ticket]))[decision.ticket]
    states = {(each.system, each.field): each for each in found}
    if key not in states or not states[key].conflict_since:
        return no_conflict()
    # Not before the latest step, even if the clock was set back: a timeline is in order.
    now = max(datetime.now(UTC), row["updated_at"])
    await (_accept_remote if decision.resolution is ConflictResolution.ACCEPT_REMOTE else _keep_local)(
        db, cause, viewer, row, states[key], now
    )
    return Completed(row["id"], row["ticket"])


async def _accept_remote(
    db: AsyncConnection, cause: Cause, viewer: Viewer, row: Mapping[Any, Any], state: FieldState, now: datetime
) -> None:
    """Make the remote value the local one too and write it to the complaint."""
    assert state.remote
    value, field = state.remote.value, FIELDS[state.field]
    state.set_local(Value(now, value))
    state.conflict_since = None
    await field_states.save(db, [state])
    remote = RemoteUpdate(row)
    remote.add(state.field, value, now)
    await apply(db, [remote], role_of(viewer), cause.actor, now)
    await reconciliation.apply_local(
        db, row, {field.column: field.parse(value), "updated_at": now}, {state.field}, state.system
    )


async def _keep_local(
    db: AsyncConnection, cause: Cause, viewer: Viewer, row: Mapping[Any, Any], state: FieldState, now: datetime
) -> None:
    """Decline the remote value. The same value later is no conflict again; another one is."""
    assert state.remote
    state.declined, state.conflict_since, state.changed = state.remote.value, None, True
    await field_states.save(db, [state])
    entry = TimelineEntry(ComplaintStatus(row["status"]), now)
    await timeline.add_step(db, row["id"], Action.KEEP_LOCAL, entry, role_of(viewer), cause.actor)
    await db.execute(update(complaints).where(complaints.c.id == row["id"]).values(updated_at=now))
