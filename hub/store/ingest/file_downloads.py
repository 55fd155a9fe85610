"""The files that records refer to: which are due for download, how the attempts ended, and how long files are kept.

A missing file has a due time until it is given up. Its address is never stored, because it is signed and expires: the
record is fetched again for a new one.
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

from hub.store.ingest.rows import RecordKey
from hub.store.tables.sync import files, record_files

NAME_MAX = 255
KEPT = timedelta(days=90)
"""How long the files of a record are kept after the record is gone."""

Sources = Mapping[RecordKey, Collection[str]]
"""For each record, the sources of its files: the paths in the record that refer to a file."""


_REMOVE_UNLISTED = """
delete from record_files f
using unnest(cast(:kinds as text[]), cast(:ids as text[]), cast(cast(:sources as text[]) as jsonb[]))
    as listed(kind, external_id, sources)
where f.system = :system and f.kind = listed.kind and f.external_id = listed.external_id
  and not listed.sources ? f.source
"""

_DUE_AMONG = """
select f.kind, f.external_id, f.source, f.name, f.attempts
from record_files f
join unnest(cast(:kinds as text[]), cast(:ids as text[]), cast(cast(:sources as text[]) as jsonb[]))
    as listed(kind, external_id, sources)
  on f.system = :system and f.kind = listed.kind and f.external_id = listed.external_id and listed.sources ? f.source
where f.due_at <= now()
"""

_LONGEST_DUE = """
select kind, external_id, source, name, attempts from record_files
where system = :system and due_at <= now() order by due_at limit :limit
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
class DueFile:
    """A file that is due: the record and the source that refer to it, its name, and the number of failed attempts."""

    kind: str
    external_id: str
    source: str
    name: str
    attempts: int

    @property
    def key(self) -> RecordKey:
        """The record that refers to it."""
        return self.kind, self.external_id


@dataclass(frozen=True, slots=True)
class MissingFiles:
    """How many files of a system are missing: those to be retried, and those given up."""

    waiting: int
    given_up: int


async def missing(db: AsyncConnection) -> dict[str, MissingFiles]:
    """Return the missing files of each system that has any."""
    found = await db.execute(text(_MISSING))
    return {row.system: MissingFiles(row.waiting, row.given_up) for row in found}


async def add(db: AsyncConnection, system: str, listed: Mapping[RecordKey, Mapping[str, str]]) -> None:
    """Add the files that records refer to, by source and name; known ones stay as they are."""
    values = [
        {"system": system, "kind": kind, "external_id": external_id, "source": source, "name": name[:NAME_MAX]}
        for (kind, external_id), names in listed.items()
        for source, name in names.items()
    ]
    if values:
        await db.execute(postgresql.insert(record_files).on_conflict_do_nothing(), values)


async def remove_unlisted(db: AsyncConnection, system: str, listed: Sources) -> int:
    """Remove the files that records no longer refer to; ``listed`` has all their sources. Return how many."""
    return (await db.execute(text(_REMOVE_UNLISTED), _params(system, listed))).rowcount


async def due_among(db: AsyncConnection, system: str, listed: Sources) -> list[DueFile]:
    """Return the due files among ``listed``."""
    return [DueFile(*row) for row in await db.execute(text(_DUE_AMONG), _params(system, listed))]


async def longest_due(db: AsyncConnection, system: str, limit: int) -> list[DueFile]:
    """Return at most ``limit`` due files of a system, the longest due first."""
    found = await db.execute(text(_LONGEST_DUE), {"system": system, "limit": limit})
    return [DueFile(*row) for row in found]


async def store(db: AsyncConnection, system: str, file: DueFile, name: str, media_type: str, content: bytes) -> None:
    """Store a file's name and its content, once for all records that refer to it."""
    digest = hashlib.sha256(content).digest()
    values = {"sha256": digest, "media_type": media_type, "size": len(content), "content": content}
    await db.execute(postgresql.insert(files).values(values).on_conflict_do_nothing())
    await _update(db, system, file, name=name, sha256=digest, trouble=None, due_at=None)


async def record_failure(
    db: AsyncConnection, system: str, file: DueFile, error: str, retry_in: timedelta | None
) -> None:
    """Record why a file is missing and when it is due again; it is given up if ``retry_in`` is None."""
    due_at = func.now() + retry_in if retry_in is not None else null()
    await _update(db, system, file, attempts=file.attempts + 1, trouble=error, due_at=due_at)


async def retry_all(db: AsyncConnection, system: str) -> None:
    """Make every missing file due, also those given up."""
    missing = record_files.c.system == system, record_files.c.sha256.is_(None)
    await db.execute(update(record_files).where(*missing).values(attempts=0, due_at=func.now()))


async def expire(db: AsyncConnection) -> int:
    """Delete the files of records gone for ``KEPT`` and contents without a record; return how many."""
    await db.execute(text(_DROP_OF_GONE), {"kept": KEPT})
    # Writers wait, so that a content that is being stored again is not deleted.
    await db.execute(text("lock table files in share mode"))
    return (await db.execute(text(_DROP_ORPHANS))).rowcount


async def _update(db: AsyncConnection, system: str, file: DueFile, **values: object) -> None:
    c = record_files.c
    key = c.system == system, c.kind == file.kind, c.external_id == file.external_id, c.source == file.source
    await db.execute(update(record_files).where(*key).values(values))


def _params(system: str, listed: Sources) -> dict[str, object]:
    kinds, ids = [kind for kind, _ in listed], [external_id for _, external_id in listed]
    sources = [orjson.dumps(list(each)).decode() for each in listed.values()]
    return {"system": system, "kinds": kinds, "ids": ids, "sources": sources}
