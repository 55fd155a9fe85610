"""Reconciles a complaint with the records of other systems, field by field.

A shared field has two values for each system: the remote one, which the system reported, and the local one, which was
decided here. Both are last-writer-wins registers: a value replaces the one before only when its time is later, so the
order of arrival does not matter and a repeat changes nothing. ``hub.complaints.field_authority`` merges the two:

- the authority of the field decides which side wins; with ``LATEST`` it is the side with the later time;
- where a person has to decide and the sides differ, the field is in conflict and the complaint keeps its value;
- a remote value that wins is written to the complaint, unless a delivery to that system is still pending: the system
  has then not seen what was decided here, so its value waits until ``recheck``;
- a remote value that was written is a local value for every other system, so that it reaches those too.

Every function here locks the rows of the complaints, or is called with the lock held: one merge of a complaint at a
time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.complaints.field_authority import Value, latest
from hub.complaints.forwarding import DeliveryState
from hub.complaints.shared_fields import FIELDS
from hub.complaints.workflow import Role
from hub.store.arrays import any_of
from hub.store.complaints.status_history import status_histories
from hub.store.reconciliation import field_states
from hub.store.reconciliation.field_states import FieldState, SharedFields
from hub.store.tables.sync import deliveries
from hub.store.use_cases.remote_changes import RemoteUpdate, apply, lock_complaints

RemoteValues = Mapping[int, Mapping[str, Value]]
"""The values a system reports: complaint id → field → value with its time."""


async def apply_remote(
    db: AsyncConnection, system: str, shared: SharedFields, remote: RemoteValues, *, new_complaints: bool = False
) -> None:
    """Store the values ``system`` reports and merge them into the complaints.

    With ``new_complaints`` nothing was decided here yet: the complaints were just created from these records, so they
    have no local value. Values that are already known cost one statement; the number of statements for the others does
    not depend on how many there are.
    """
    updates = _newer_values(remote, await field_states.load(db, remote, system))
    if not updates:
        return
    rows = await lock_complaints(db, updates)
    states = {(each.complaint_id, each.field): each for each in await field_states.load(db, updates, system)}
    uncompared = [id_ for id_, values in updates.items() if any((id_, name) not in states for name in values)]
    histories = {} if new_complaints else await status_histories(db, uncompared)
    for row in rows:
        for name, value in updates[row["id"]].items():
            key = row["id"], name
            if key not in states:
                local = None if new_complaints else field_states.initial_value(row, name, histories[row["id"]].since)
                states[key] = FieldState(system, *key, local)
            states[key].set_remote(value)
    await _merge(db, system, shared, rows, states.values())


async def apply_local(
    db: AsyncConnection,
    row: Mapping[Any, Any],
    new: Mapping[str, Any],
    decided: Collection[str],
    source_system: str | None = None,
) -> None:
    """Store what was decided here and merge it for every system that shares the field.

    ``row`` is the locked complaint, ``new`` its changed columns, and ``decided`` the fields that were decided, whether
    or not their value changed. ``source_system`` reported this value itself, so its state stays as it is.
    """
    now = {**row, **new}
    by_system: dict[str, list[FieldState]] = defaultdict(list)
    for each in await field_states.load(db, [row["id"]]) if decided else []:
        if each.system != source_system:
            by_system[each.system].append(each)
            if each.field in decided:
                each.set_local(Value(now["updated_at"], FIELDS[each.field].serialize(now) or ""))
    if by_system:
        declared = await field_states.declared(db)
        for system, states in sorted(by_system.items()):
            await _merge(db, system, declared[system], [now], states)


async def recheck(db: AsyncConnection, system: str, shared: SharedFields, complaint_ids: Iterable[int]) -> None:
    """Merge all shared fields of these complaints again, such as after a delivery that a remote value waited for."""
    rows = await lock_complaints(db, complaint_ids)
    if rows:
        states = await field_states.load(db, [row["id"] for row in rows], system)
        await _merge(db, system, shared, rows, states)


async def _merge(
    db: AsyncConnection,
    system: str,
    shared: SharedFields,
    rows: Sequence[Mapping[Any, Any]],
    states: Collection[FieldState],
) -> None:
    now = datetime.now(UTC)
    awaiting = await _awaiting_delivery(db, system, [row["id"] for row in rows])
    complaints = {row["id"]: RemoteUpdate(row) for row in rows}
    # By name, so that the agency is merged before the status ASSIGNED, which needs one.
    for each in sorted(states, key=lambda each: each.field):
        if each.field not in shared:
            continue
        merged = each.merge(shared[each.field], now)
        # While a delivery is pending, the system has not seen what was decided here: its value waits.
        if merged.value is not None and each.remote is not None and each.complaint_id not in awaiting:
            complaints[each.complaint_id].add(each.field, merged.value, each.remote.at)
    await field_states.save(db, states)
    await apply(db, complaints.values(), Role.SYSTEM, system, now)
    applied = [(id_, name, value) for id_, each in complaints.items() for name, value in each.values.items()]
    await field_states.propagate(db, system, applied, now)


async def _awaiting_delivery(db: AsyncConnection, system: str, complaint_ids: Sequence[int]) -> set[int]:
    """Return the complaints with a delivery to ``system`` that is pending or being sent."""
    under_way = deliveries.c.state.in_([DeliveryState.WAITING.value, DeliveryState.SENDING.value])
    found = await db.scalars(
        select(deliveries.c.complaint_id).where(
            any_of(deliveries.c.complaint_id, complaint_ids), deliveries.c.system == system, under_way
        )
    )
    return set(found)


def _newer_values(remote: RemoteValues, states: Iterable[FieldState]) -> dict[int, dict[str, Value]]:
    """Return the values that are later than the stored ones."""
    before = {(each.complaint_id, each.field): each.remote for each in states}
    found = {
        complaint: {name: value for name, value in values.items() if _is_newer(before.get((complaint, name)), value)}
        for complaint, values in remote.items()
    }
    return {complaint: values for complaint, values in found.items() if values}


def _is_newer(known: Value | None, value: Value) -> bool:
    return latest(known, value) != known
