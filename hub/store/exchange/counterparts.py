"""Which record and which complaint are one matter: sent by us, taken in from there, told by tag or by key."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


class Origin(StrEnum):
    """How it is known."""

    SENT = "SENT"
    """The hub brought the complaint there."""
    INTAKE = "INTAKE"
    """The complaint was taken in from there."""
    TAG = "TAG"
    """The record names the ticket."""
    KEY = "KEY"
    """The complaint was submitted with the record's number."""


class Claim(NamedTuple):
    """A key of a record, which may be a complaint's too."""

    external_id: str
    name: str
    value: str


class Match(NamedTuple):
    """A record and a complaint that belong together."""

    external_id: str
    complaint_id: int


CLAIMS = ("ticket", "report")
"""The keys that say that a record and a complaint are one matter."""


async def linked(db: AsyncConnection, system: str, external_ids: Sequence[str]) -> dict[str, int]:
    """The complaints of those records that have one."""
    statement = "select external_id, complaint_id from counterparts where system = :system and external_id = any(:ids)"
    found = await db.execute(text(statement), {"system": system, "ids": list(external_ids)})
    return {row.external_id: row.complaint_id for row in found}


# A rejected complaint claims nothing: whoever submits rubbish with a record's number must not keep the matter away.
_MATCHING = """
with told as (
    select * from unnest(cast(:ids as text[]), cast(:names as text[]), cast(:values as text[])) with ordinality
        as t(external_id, name, value, place))
select t.external_id, c.id as complaint_id, 'TAG' as origin, t.place from told t
join complaints c on c.ticket = t.value where t.name = 'ticket'
union all
select t.external_id, k.complaint_id, 'KEY', t.place from told t
join complaint_keys k on k.name = t.name and k.value = t.value
join complaints c on c.id = k.complaint_id and c.status <> 'REJECTED'
where t.name = 'report'
order by origin desc, place, complaint_id
"""

_LINK = """
insert into counterparts (system, external_id, complaint_id, origin)
select :system, * from unnest(cast(:ids as text[]), cast(:complaints as bigint[]), cast(:origins as text[]))
on conflict do nothing returning external_id, complaint_id
"""


async def match(db: AsyncConnection, system: str, claims: Sequence[Claim]) -> tuple[list[Match], set[str]]:
    """Link the records that claim a complaint; those linked now, and all that claim one.

    A complaint that has its record keeps it: another record that claims it is a double, and no matter of its own.
    """
    if not claims:
        return [], set()
    ids, names, values = (list(each) for each in zip(*claims, strict=True))
    found = (await db.execute(text(_MATCHING), {"ids": ids, "names": names, "values": values})).all()
    if not found:
        return [], set()
    rows = [(row.external_id, row.complaint_id, row.origin) for row in found]
    return await link(db, system, rows), {row.external_id for row in found}


async def link(db: AsyncConnection, system: str, rows: Iterable[tuple[str, int, str]]) -> list[Match]:
    """Note which record is which complaint, and how that is known; of a record or a complaint the first holds."""
    ids, complaint_ids, origins = (list(each) for each in zip(*rows, strict=True))
    given = {"system": system, "ids": ids, "complaints": complaint_ids, "origins": origins}
    return [Match(*row) for row in await db.execute(text(_LINK), given)]


# What a pull has told while a complaint was being submitted, or linked by a person, was told too early for it.
_LATE = """
insert into counterparts (system, external_id, complaint_id, origin)
select r.system, r.external_id, k.complaint_id, 'KEY'
from complaints c
join complaint_keys k on k.complaint_id = c.id and k.name = 'report'
join record_keys rk on rk.system = :system and rk.name = k.name and rk.value = k.value
join records r on r.system = rk.system and r.id = rk.record_id
where c.received_at > (select coalesce(synced_at, '-infinity') from systems where name = :system) - interval '1 hour'
  and c.status <> 'REJECTED'
  and not exists (select from counterparts p where p.system = :system and p.complaint_id = c.id)
order by c.id
on conflict do nothing
"""

_UNHEARD = """
select p.external_id, p.complaint_id from counterparts p
where p.system = :system
  and p.linked_at > (select coalesce(synced_at, '-infinity') from systems where name = :system) - interval '1 hour'
  and not exists (select from shared_fields f where f.system = p.system and f.complaint_id = p.complaint_id)
order by p.complaint_id
"""

# One that waits for a person is not settled: it was due when it came to that.
_TOLD = """
select distinct d.complaint_id from deliveries d
where d.system = :system and d.state not in ('WAITING', 'SENDING')
  and coalesce(d.settled_at, d.due_at)
      > (select coalesce(synced_at, '-infinity') from systems where name = :system) - interval '1 hour'
"""


async def link_late(db: AsyncConnection, system: str) -> list[Match]:
    """Link complaints submitted with a record's number since the last pull; returns all links that say nothing yet."""
    await db.execute(text(_LATE), {"system": system})
    return [Match(*row) for row in await db.execute(text(_UNHEARD), {"system": system})]


async def told_lately(db: AsyncConnection, system: str) -> list[int]:
    """The complaints of which ``system`` was told, or to be told, something since the last pull that is over now."""
    return list(await db.scalars(text(_TOLD), {"system": system}))
