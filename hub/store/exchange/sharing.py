"""Each side's word on the fields that a complaint and a record both hold, and what holds between them.

Each word is a register (see ``hub.connectors.sharing``): ``ours`` is what was decided here last, never what the
complaint took over from the other side. So what it says is what the two words come to, in whatever order they came.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.complaints.adopting import FIELDS
from hub.connectors.sharing import Merged, Shared, Told, later, merge
from hub.store.tables import systems
from hub.store.tables_sync import shared_fields

SharedFields = Mapping[str, Shared]
"""What one system shares: field → who has the say."""


@dataclass(slots=True)
class Words:
    """What both sides say of one field of a complaint. ``declined``: a word of theirs that a person did not follow."""

    system: str
    complaint_id: int
    field: str
    ours: Told | None = None
    theirs: Told | None = None
    declined: str | None = None
    conflict_since: datetime | None = None
    new: bool = False
    """Whether it has to be stored."""

    def hears(self, word: Told) -> None:
        """The other side said something, now or long ago."""
        self.theirs, self.new = later(self.theirs, word), True

    def says(self, word: Told) -> None:
        """Something was decided here."""
        self.ours, self.new = later(self.ours, word), True

    def settle(self, shared: Shared, now: datetime) -> Merged:
        """What holds; notes since when a person has to decide, if one has to."""
        merged = merge(shared.authority, self.ours, self.theirs, shared.leaves)
        waits = merged.conflict and self.theirs is not None and self.theirs.value != self.declined
        since = (self.conflict_since or now) if waits else None
        self.new |= since != self.conflict_since
        self.conflict_since = since
        return merged


async def declared(db: AsyncConnection) -> Mapping[str, SharedFields]:
    """What each system shares, as it was registered."""
    found = await db.execute(select(systems.c.name, systems.c.shared))
    return {name: {each["field"]: Shared.read(each) for each in told} for name, told in found}


async def words(db: AsyncConnection, complaint_ids: Iterable[int], system: str | None = None) -> list[Words]:
    """All that was said of these complaints, by one ``system`` or by any."""
    of = shared_fields.c.complaint_id.in_(list(complaint_ids))
    statement = select(shared_fields).where(of if system is None else of & (shared_fields.c.system == system))
    return [words_of(row) for row in (await db.execute(statement)).mappings()]


def words_of(row: Mapping[Any, Any]) -> Words:
    """From ``shared_fields``."""
    return Words(
        row["system"],
        row["complaint_id"],
        row["field"],
        _told(row["ours_at"], row["ours"]),
        _told(row["theirs_at"], row["theirs"]),
        row["declined"],
        row["conflict_since"],
    )


def first_word(row: Mapping[Any, Any], field: str, since: Mapping[str, datetime]) -> Told | None:
    """What a complaint says of ``field`` when it is first compared; ``since`` tells times other than its receipt."""
    value = FIELDS[field].word(row)
    return None if value is None else Told(since.get(field, row["received_at"]), value)


_KEEP = """
insert into shared_fields (system, complaint_id, field, ours, ours_at, theirs, theirs_at, declined, conflict_since)
select * from unnest(cast(:system as text[]), cast(:complaint_id as bigint[]), cast(:field as text[]),
                     cast(:ours as text[]), cast(:ours_at as timestamptz[]), cast(:theirs as text[]),
                     cast(:theirs_at as timestamptz[]), cast(:declined as text[]), cast(:since as timestamptz[]))
on conflict (system, complaint_id, field) do update set
    ours = excluded.ours, ours_at = excluded.ours_at, theirs = excluded.theirs, theirs_at = excluded.theirs_at,
    declined = excluded.declined, conflict_since = excluded.conflict_since
"""


async def keep(db: AsyncConnection, every: Iterable[Words]) -> None:
    """Store what is new of what was said; the complaints' rows are locked by who calls this."""
    said = [each for each in every if each.new]
    if not said:
        return
    given = {
        "system": [each.system for each in said],
        "complaint_id": [each.complaint_id for each in said],
        "field": [each.field for each in said],
        "ours": [each.ours and each.ours.value for each in said],
        "ours_at": [each.ours and each.ours.at for each in said],
        "theirs": [each.theirs and each.theirs.value for each in said],
        "theirs_at": [each.theirs and each.theirs.at for each in said],
        "declined": [each.declined for each in said],
        "since": [each.conflict_since for each in said],
    }
    await db.execute(text(_KEEP), given)


_OVERHEAR = """
update shared_fields f set ours = told.word, ours_at = :at
from unnest(cast(:ids as bigint[]), cast(:fields as text[]), cast(:words as text[])) as told(id, field, word)
where f.complaint_id = told.id and f.field = told.field and f.system <> :system
  and (f.ours_at is null or f.ours_at < :at)
"""


async def overhear(db: AsyncConnection, system: str, followed: Sequence[tuple[int, str, str]], at: datetime) -> None:
    """What a complaint took over from ``system`` (id, field, word) is what the hub says to the other systems."""
    if followed:
        ids, fields, said = (list(each) for each in zip(*followed, strict=True))
        await db.execute(text(_OVERHEAR), {"system": system, "ids": ids, "fields": fields, "words": said, "at": at})


def _told(at: datetime | None, value: str | None) -> Told | None:
    return None if at is None else Told(at, value or "")
