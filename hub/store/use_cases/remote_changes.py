"""Writes values that other systems decided to complaints: columns, deadlines and timeline, for many complaints at once.

The workflow restricts what people may do here. What another system has decided has already happened, so it is written
whatever the status of the complaint, and no delivery to that system results from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.complaints.deadlines import TimelineEntry
from hub.complaints.enums import ComplaintClass, ComplaintStatus
from hub.complaints.shared_fields import AGENCY, FIELDS, STATUS
from hub.complaints.workflow import Action, Role
from hub.store.arrays import any_of
from hub.store.complaints.milestones import deadline_columns, milestone_times
from hub.store.complaints.status_history import StatusHistory, status_histories
from hub.store.tables import complaint_steps, complaints

_COLUMNS = (
    *(field.column for field in FIELDS.values()),
    *("verified_at", "answered_at", "closed_at", "due_at", "due_estimated", "updated_at"),
)


@dataclass(slots=True)
class RemoteUpdate:
    """The remote values (field → value) to write to a locked complaint. ``at`` is the time of the latest one."""

    row: Mapping[Any, Any]
    values: dict[str, str] = field(default_factory=dict)
    at: datetime | None = None

    def add(self, name: str, value: str, at: datetime) -> None:
        """Add ``value`` unless the complaint has it already, or it would assign the complaint without an agency."""
        if FIELDS[name].serialize(self.row) == value or (value == ComplaintStatus.ASSIGNED and not self._agency):
            return
        self.values[name] = value
        self.at = max(self.at or at, at)

    @property
    def _agency(self) -> str | None:
        return self.values.get(AGENCY) or self.row["agency_code"]


async def apply(db: AsyncConnection, updates: Iterable[RemoteUpdate], role: Role, actor: str, now: datetime) -> None:
    """Write the updates, in three statements however many there are."""
    changed = [each for each in updates if each.values]
    if not changed:
        return
    histories = await status_histories(db, [each.row["id"] for each in changed])
    written = [(each, _new_values(each, histories[each.row["id"]], _step_time(each, now))) for each in changed]
    columns: dict[str, Any] = {name: bindparam(f"new_{name}") for name in _COLUMNS}
    statement = update(complaints).where(complaints.c.id == bindparam("complaint")).values(columns)
    await db.execute(statement, [{"complaint": each.row["id"], **_bound(new)} for each, new in written])
    by = {"role": role.value, "actor": actor, "note": None}
    steps = [step | by for each, new in written for step in _steps(each, new)]
    await db.execute(insert(complaint_steps), steps)


def _step_time(remote: RemoteUpdate, now: datetime) -> datetime:
    """Return the time of the decision, but not after ``now`` and not before the latest step: a timeline is in order."""
    before: datetime = remote.row["updated_at"]
    return max(min(remote.at or now, now), before)


def _steps(remote: RemoteUpdate, new: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    step = {"complaint_id": remote.row["id"], "status": new["status"], "at": new["updated_at"]}
    if AGENCY in remote.values:
        yield {**step, "action": Action.ASSIGN.value}
    if remote.values.keys() - {AGENCY}:
        yield {**step, "action": Action.ACCEPT_REMOTE.value}


def _new_values(remote: RemoteUpdate, history: StatusHistory, at: datetime) -> dict[str, Any]:
    row = remote.row
    new = dict(row) | {FIELDS[name].column: FIELDS[name].parse(value) for name, value in remote.values.items()}
    entry = TimelineEntry(ComplaintStatus(new["status"]), at)
    status_changed = STATUS in remote.values
    latest = [entry] if status_changed or AGENCY in remote.values else []
    return {
        **new,
        **(_milestones(entry, row) if status_changed else {}),
        **deadline_columns([*history.entries, *latest], ComplaintClass(new["class"]), new["inspection"]),
        "updated_at": at,
    }


def _milestones(entry: TimelineEntry, row: Mapping[Any, Any]) -> dict[str, datetime | None]:
    """Return the milestones. Only the complaint desk makes a complaint public, so ``verified_at`` is never set here."""
    found = milestone_times(entry.status, entry.at, row)
    return {**found, "verified_at": found["verified_at"] and row["verified_at"]}


def _bound(values: Mapping[str, Any]) -> dict[str, Any]:
    return {f"new_{name}": values[name] for name in _COLUMNS}


async def lock_complaints(db: AsyncConnection, complaint_ids: Iterable[int]) -> Sequence[RowMapping]:
    """Return the complaints' rows, locked in the order of their ids, so that two transactions cannot deadlock."""
    condition = any_of(complaints.c.id, complaint_ids)
    found = await db.execute(select(complaints).where(condition).order_by(complaints.c.id).with_for_update())
    return found.mappings().all()
