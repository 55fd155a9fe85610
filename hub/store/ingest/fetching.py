"""Which files records point to are still wanted, what came of fetching each, and how long they are kept.

A file that is not here has a time when it is due, until it is given up. Its address is never stored: it is
signed, and dies; the record it belongs to is asked for anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta

import orjson
from sqlalchemy import func, null, text, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.ingest.rows import Place
from hub.store.tables_sync import files, record_files

NAME_MAX = 255
KEPT = timedelta(days=90)
"""How long the files of a record that is gone stay."""

Sources = Mapping[Place, Collection[str]]
"""Of records, where in them each of their files is pointed to."""


_WITHDRAW = """
delete from record_files f
using unnest(cast(:kinds as text[]), cast(:ids as text[]), cast(cast(:sources as text[]) as jsonb[]))
    as told(kind, external_id, sources)
where f.system = :system and f.kind = told.kind and f.external_id = told.external_id
  and not told.sources ? f.source
"""

_WANTED_OF = """
select f.kind, f.external_id, f.source, f.name, f.attempts
from record_files f
join unnest(cast(:kinds as text[]), cast(:ids as text[]), cast(cast(:sources as text[]) as jsonb[]))
    as told(kind, external_id, sources)
  on f.system = :system and f.kind = told.kind and f.external_id = told.external_id and told.sources ? f.source
where f.due_at <= now()
"""

_LONGEST_WANTED = """
select kind, external_id, source, name, attempts from record_files
where system = :system and due_at <= now() order by due_at limit :most
"""

_MISSING = """
select system, count(due_at) as waiting, count(*) - count(due_at) as given_up
from record_files where sha256 is null group by system
"""

_DROP_OF_GONE = """
delete from record_files f where not exists (
    select from records r where r.system = f.system and r.kind = f.kind and r.external_id = f.external_id
    and (r.gone_at is null or r.gone_at > now() - cast(:kept as interval)))
"""

_DROP_ORPHANS = "delete from files where not exists (select from record_files f where f.sha256 = files.sha256)"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file that is due: where it is pointed to, what it is called there, and how often it was tried in vain."""

    kind: str
    external_id: str
    source: str
    name: str
    attempts: int

    @property
    def place(self) -> Place:
        """The record that points to it."""
        return self.kind, self.external_id


@dataclass(frozen=True, slots=True)
class Missing:
    """How many files of a system are not here: those to be tried again, and those that are not."""

    waiting: int
    given_up: int


async def missing(db: AsyncConnection) -> dict[str, Missing]:
    """The files that are not here, of each system that has such."""
    found = await db.execute(text(_MISSING))
    return {row.system: Missing(row.waiting, row.given_up) for row in found}


async def note(db: AsyncConnection, system: str, told: Mapping[Place, Mapping[str, str]]) -> None:
    """Note the files that records point to, by source and name; those that are known stay as they are."""
    values = [
        {"system": system, "kind": kind, "external_id": external_id, "source": source, "name": name[:NAME_MAX]}
        for (kind, external_id), pointed in told.items()
        for source, name in pointed.items()
    ]
    if values:
        await db.execute(postgresql.insert(record_files).on_conflict_do_nothing(), values)


async def withdraw(db: AsyncConnection, system: str, told: Sources) -> int:
    """Forget the files of records that their system points to no more; ``told`` are all it does; how many."""
    return (await db.execute(text(_WITHDRAW), _given(system, told))).rowcount


async def wanted_of(db: AsyncConnection, system: str, told: Sources) -> list[Wanted]:
    """The files among ``told`` that are due."""
    return [Wanted(*row) for row in await db.execute(text(_WANTED_OF), _given(system, told))]


async def longest_wanted(db: AsyncConnection, system: str, most: int) -> list[Wanted]:
    """At most ``most`` files of a system that are due, the longest due first."""
    found = await db.execute(text(_LONGEST_WANTED), {"system": system, "most": most})
    return [Wanted(*row) for row in found]


async def keep(db: AsyncConnection, system: str, wanted: Wanted, name: str, media_type: str, content: bytes) -> None:
    """Store a file's content, once however many records point to it, and what it may be called."""
    digest = hashlib.sha256(content).digest()
    values = {"sha256": digest, "media_type": media_type, "size": len(content), "content": content}
    await db.execute(postgresql.insert(files).values(values).on_conflict_do_nothing())
    await _set(db, system, wanted, name=name, sha256=digest, trouble=None, due_at=None)


async def miss(db: AsyncConnection, system: str, wanted: Wanted, trouble: str, again: timedelta | None) -> None:
    """Note why a file is not here, and when it is due again; never where ``again`` is None."""
    due_at = func.now() + again if again is not None else null()
    await _set(db, system, wanted, attempts=wanted.attempts + 1, trouble=trouble, due_at=due_at)


async def seek_all(db: AsyncConnection, system: str) -> None:
    """Want every file that is not here anew, also those that were given up."""
    missing = record_files.c.system == system, record_files.c.sha256.is_(None)
    await db.execute(update(record_files).where(*missing).values(attempts=0, due_at=func.now()))


async def expire(db: AsyncConnection) -> int:
    """Drop the files of records that have been gone for ``KEPT``, and contents nothing points to; how many."""
    await db.execute(text(_DROP_OF_GONE), {"kept": KEPT})
    # A content that is just being pointed to anew must not be dropped: those who store wait, and then store it again.
    await db.execute(text("lock table files in share mode"))
    return (await db.execute(text(_DROP_ORPHANS))).rowcount


async def _set(db: AsyncConnection, system: str, wanted: Wanted, **values: object) -> None:
    c = record_files.c
    its = c.system == system, c.kind == wanted.kind, c.external_id == wanted.external_id, c.source == wanted.source
    await db.execute(update(record_files).where(*its).values(values))


def _given(system: str, told: Sources) -> dict[str, object]:
    kinds, ids = [kind for kind, _ in told], [external_id for _, external_id in told]
    sources = [orjson.dumps(list(each)).decode() for each in told.values()]
    return {"system": system, "kinds": kinds, "ids": ids, "sources": sources}
