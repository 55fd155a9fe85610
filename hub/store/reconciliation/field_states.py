"""The state of each field that a complaint shares with a record of another system.

``local`` is the value last decided here, never one that the complaint took over from this system; ``remote`` is the
value the system last reported. Both carry the time of the decision. The merged value depends on these two alone, not on
the order in which they arrived.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.complaints.field_authority import MergeResult, SharedField, Value, latest, merge
from hub.complaints.shared_fields import FIELDS
from hub.store.arrays import any_of
from hub.store.tables import systems
from hub.store.tables.sync import shared_fields

SharedFields = Mapping[str, SharedField]
"""The fields one system shares: field → its authority."""


@dataclass(slots=True)
class FieldState:
    """Both sides' values of one field of a complaint. ``declined`` is a remote value that a person did not accept."""

    system: str
    complaint_id: int
    field: str
    local: Value | None = None
    remote: Value | None = None
    declined: str | None = None
    conflict_since: datetime | None = None
    changed: bool = False
    """Whether it has to be saved."""

    def set_remote(self, value: Value) -> None:
        """Keep the remote value if it is later than the one before."""
        self.remote, self.changed = latest(self.remote, value), True

    def set_local(self, value: Value) -> None:
        """Keep the local value if it is later than the one before."""
        self.local, self.changed = latest(self.local, value), True

    def merge(self, shared: SharedField, now: datetime) -> MergeResult:
        """Return the merged value; sets or clears ``conflict_since``."""
        merged = merge(shared.authority, self.local, self.remote, shared.does_not_override)
        undecided = merged.conflict and self.remote is not None and self.remote.value != self.declined
        since = (self.conflict_since or now) if undecided else None
        self.changed |= since != self.conflict_since
        self.conflict_since = since
        return merged


async def declared(db: AsyncConnection) -> Mapping[str, SharedFields]:
    """Return the fields each system shares, as registered by the migration."""
    found = await db.execute(select(systems.c.name, systems.c.shared))
    return {name: {each["field"]: SharedField.from_json(each) for each in fields} for name, fields in found}


async def load(db: AsyncConnection, complaint_ids: Iterable[int], system: str | None = None) -> list[FieldState]:
    """Return the field states of these complaints, for one ``system`` or for all."""
    of = any_of(shared_fields.c.complaint_id, complaint_ids)
    statement = select(shared_fields).where(of if system is None else of & (shared_fields.c.system == system))
    return [from_row(row) for row in (await db.execute(statement)).mappings()]


def from_row(row: Mapping[Any, Any]) -> FieldState:
    """Return the state of a row of ``shared_fields``, where ``ours`` is the local and ``theirs`` the remote value."""
    return FieldState(
        row["system"],
        row["complaint_id"],
        row["field"],
        _value(row["ours_at"], row["ours"]),
        _value(row["theirs_at"], row["theirs"]),
        row["declined"],
        row["conflict_since"],
    )


def initial_value(row: Mapping[Any, Any], field: str, since: Mapping[str, datetime]) -> Value | None:
    """Return the local value when a complaint is first compared.

    ``since`` has the times of fields decided after receipt.
    """
    value = FIELDS[field].serialize(row)
    return None if value is None else Value(since.get(field, row["received_at"]), value)


_SAVE = """
insert into shared_fields (system, complaint_id, field, ours, ours_at, theirs, theirs_at, declined, conflict_since)
select * from unnest(cast(:system as text[]), cast(:complaint_id as bigint[]), cast(:field as text[]),
                     cast(:ours as text[]), cast(:ours_at as timestamptz[]), cast(:theirs as text[]),
                     cast(:theirs_at as timestamptz[]), cast(:declined as text[]), cast(:since as timestamptz[]))
on conflict (system, complaint_id, field) do update set
    ours = excluded.ours, ours_at = excluded.ours_at, theirs = excluded.theirs, theirs_at = excluded.theirs_at,
    declined = excluded.declined, conflict_since = excluded.conflict_since
"""


async def save(db: AsyncConnection, states: Iterable[FieldState]) -> None:
    """Save the states that have changed; the caller holds the lock of the complaints' rows."""
    changed = [each for each in states if each.changed]
    if not changed:
        return
    params = {
        "system": [each.system for each in changed],
        "complaint_id": [each.complaint_id for each in changed],
        "field": [each.field for each in changed],
        "ours": [each.local and each.local.value for each in changed],
        "ours_at": [each.local and each.local.at for each in changed],
        "theirs": [each.remote and each.remote.value for each in changed],
        "theirs_at": [each.remote and each.remote.at for each in changed],
        "declined": [each.declined for each in changed],
        "since": [each.conflict_since for each in changed],
    }
    await db.execute(text(_SAVE), params)


_PROPAGATE = """
update shared_fields f set ours = applied.value, ours_at = :at
from unnest(cast(:ids as bigint[]), cast(:fields as text[]), cast(:values as text[])) as applied(id, field, value)
where f.complaint_id = applied.id and f.field = applied.field and f.system <> :system
  and (f.ours_at is null or f.ours_at < :at)
"""


async def propagate(db: AsyncConnection, system: str, applied: Sequence[tuple[int, str, str]], at: datetime) -> None:
    """Make values that complaints took over from ``system`` (id, field, value) local values for all other systems."""
    if applied:
        ids, fields, values = (list(each) for each in zip(*applied, strict=True))
        await db.execute(text(_PROPAGATE), {"system": system, "ids": ids, "fields": fields, "values": values, "at": at})


def _value(at: datetime | None, value: str | None) -> Value | None:
    return None if at is None else Value(at, value or "")
