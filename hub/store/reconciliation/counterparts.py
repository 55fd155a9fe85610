"""Counterparts: the links between records and complaints that are the same matter.

A link exists because the hub created the record, because intake created the complaint, or because the desk confirmed a
claim. A mere reference, such as a record's number or a ticket, is a claim: see ``hub.store.reconciliation.claims``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


class Origin(StrEnum):
    """Why they are linked."""

    SENT = "SENT"
    """The hub created the record from the complaint."""
    INTAKE = "INTAKE"
    """The hub created the complaint from the record."""
    CONFIRMED = "CONFIRMED"
    """The complaint desk confirmed a claim."""


class Counterpart(NamedTuple):
    """A record and a complaint that are the same matter."""

    external_id: str
    complaint_id: int


async def complaint_ids(db: AsyncConnection, system: str, external_ids: Sequence[str]) -> dict[str, int]:
    """Return the complaints of the records that have one, by external id."""
    statement = "select external_id, complaint_id from counterparts where system = :system and external_id = any(:ids)"
    found = await db.execute(text(statement), {"system": system, "ids": list(external_ids)})
    return {row.external_id: row.complaint_id for row in found}


_LINK = """
insert into counterparts (system, external_id, complaint_id, origin)
select :system, * from unnest(cast(:ids as text[]), cast(:complaints as bigint[]), cast(:origins as text[]))
on conflict do nothing returning external_id, complaint_id
"""


async def link(db: AsyncConnection, system: str, rows: Iterable[tuple[str, int, Origin]]) -> list[Counterpart]:
    """Link records and complaints, with the reason; where either is linked already, the existing link stays."""
    ids, complaint_ids, origins = (list(each) for each in zip(*rows, strict=True))
    params = {"system": system, "ids": ids, "complaints": complaint_ids, "origins": origins}
    return [Counterpart(*row) for row in await db.execute(text(_LINK), params)]


_UNLINK = """
with gone as (
    delete from counterparts where complaint_id = :complaint_id and origin = 'CONFIRMED'
    returning system, complaint_id),
unshared as (
    delete from shared_fields f using gone where f.system = gone.system and f.complaint_id = gone.complaint_id)
select system from gone
"""


async def unlink_confirmed(db: AsyncConnection, complaint_id: int) -> list[str]:
    """Remove the links that the desk confirmed for a complaint that is now rejected; return their systems."""
    return list(await db.scalars(text(_UNLINK), {"complaint_id": complaint_id}))


async def drop_claims(db: AsyncConnection, complaint_id: int) -> None:
    """Remove the open claims that a rejected complaint has by a record's number."""
    await db.execute(
        text("delete from claims where complaint_id = :complaint_id and source = 'NUMBER' and dismissed_at is null"),
        {"complaint_id": complaint_id},
    )


_UNCOMPARED = """
select p.external_id, p.complaint_id from counterparts p
where p.system = :system
  and p.linked_at > (select coalesce(synced_at, '-infinity') from systems where name = :system) - interval '1 hour'
  and not exists (select from shared_fields f where f.system = p.system and f.complaint_id = p.complaint_id)
order by p.complaint_id
"""

# A delivery that waits for a person has no ``settled_at``; its last ``due_at`` is used.
_RECENTLY_DELIVERED = """
select distinct d.complaint_id from deliveries d
where d.system = :system and d.state not in ('WAITING', 'SENDING')
  and coalesce(d.settled_at, d.due_at)
      > (select coalesce(synced_at, '-infinity') from systems where name = :system) - interval '1 hour'
"""


async def uncompared_links(db: AsyncConnection, system: str) -> list[Counterpart]:
    """Return links made since the last pull whose fields have not been compared yet."""
    return [Counterpart(*row) for row in await db.execute(text(_UNCOMPARED), {"system": system})]


async def recently_delivered(db: AsyncConnection, system: str) -> list[int]:
    """Return the complaints with a delivery to ``system`` that ended since the last pull."""
    return list(await db.scalars(text(_RECENTLY_DELIVERED), {"system": system}))
