"""What is told, compared with what is held of the same records; the caller keeps others from writing meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.ingest.joining import with_held
from hub.store.ingest.outcomes import Outcome
from hub.store.ingest.rows import Place, Row

# The limit keeps PostgreSQL from reading the whole partition for a batch, which it deems cheaper up to a million rows.
_HELD = """
select r.*
from unnest(cast(:kinds as text[]), cast(:ids as text[])) as asked(kind, external_id)
cross join lateral (
    select id, kind, external_id, version, facts_version, digest, final, status
    from records where system = :system and kind = asked.kind and external_id = asked.external_id limit 1) r
"""
_NEW = "select nextval('record_ids') from generate_series(1, :count)"


class Compared(NamedTuple):
    """A row as it is to be stored, under which id, and what becomes of it."""

    record_id: int
    outcome: Outcome
    row: Row


async def compare(connection: AsyncConnection, system: str, rows: Sequence[Row], *, settle: bool) -> list[Compared]:
    """``rows``, at most one of each record, beside what is held; new ones get their ids. ``settle`` as in ingest."""
    held = await _held(connection, system, rows)
    news = [row for row in rows if not _same(row, held.get(row.place))]
    joined = {row.place: row for row in await with_held(connection, system, news)}
    fresh = iter(await _ids(connection, len(rows) - len(held)))
    return [_compared(joined.get(row.place, row), held.get(row.place), fresh, settle=settle) for row in rows]


async def _held(connection: AsyncConnection, system: str, rows: Sequence[Row]) -> dict[Place, Mapping[Any, Any]]:
    kinds, ids = zip(*(row.place for row in rows), strict=True)
    found = await connection.execute(text(_HELD), {"system": system, "kinds": list(kinds), "ids": list(ids)})
    return {(each["kind"], each["external_id"]): each for each in found.mappings()}


async def _ids(connection: AsyncConnection, count: int) -> Sequence[int]:
    return (await connection.execute(text(_NEW), {"count": count})).scalars().all() if count else []


def _same(row: Row, held: Mapping[Any, Any] | None) -> bool:
    """Whether the very words of ``row`` are held, so that joining them with what is held would say nothing else."""
    record = row.record
    return held is not None and (row.digest, record.version, record.facts_version) == (
        bytes(held["digest"]),
        held["version"],
        held["facts_version"],
    )


def _compared(row: Row, held: Mapping[Any, Any] | None, fresh: Iterator[int], *, settle: bool) -> Compared:
    if held is None:
        return Compared(next(fresh), Outcome.CREATED, row)
    record = row.record
    if record.version < held["version"]:
        outcome = Outcome.STALE
    elif row.digest == bytes(held["digest"]):
        outcome = Outcome.UNCHANGED
    elif not settle and (record.version, record.facts_version) == (held["version"], held["facts_version"]):
        outcome = Outcome.PENDING
    else:
        outcome = Outcome.UPDATED
    return Compared(held["id"], outcome, row.doubted(held["version"], held["final"], held["status"]))
