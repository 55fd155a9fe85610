"""A snapshot: all that a viewer may see of a system, at one moment, with the cursor to follow its changes from there.

Both are read in one transaction that sees one state of the database, so nothing lies between them. What got its
position by then is in the snapshot. What is in the snapshot and got its position later is told again after the cursor:
harmless, because a change tells what is, and is not added to anything.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import Select, literal_column, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.database import Database
from hub.store.feed import facts, pages, positions
from hub.store.feed.cursors import Positions, encode
from hub.store.feed.positions import HUB, Head
from hub.store.reading import sight
from hub.store.reading.record_entities import unless_secret
from hub.store.tables import complaints, records
from hub.viewer import Viewer

BATCH = 500
"""Rows that are in memory at once."""

_NOWHERE: Positions = MappingProxyType({})

PATIENCE = "60s"
"""How long the database waits for a reader that has stopped reading."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """``cursor`` leads to what changed since ``at``; ``rows`` come in batches, once, while the snapshot is open."""

    system: str
    cursor: str
    at: datetime
    rows: AsyncGenerator[list[Mapping[str, Any]], None]


@asynccontextmanager
async def opened(
    database: Database, viewer: Viewer, system: str, after: Positions = _NOWHERE
) -> AsyncIterator[Snapshot | None]:
    """A snapshot of ``system``; None where there is no such system, or not for ``viewer``.

    Its cursor stands in the other systems where ``after`` does, so that one who follows several loses no place.
    """
    async with database.hold() as plain:
        db = await plain.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        async with db.begin():
            await db.execute(text(f"set local idle_in_transaction_session_timeout = '{PATIENCE}'"))
            if not pages.may_follow(viewer, system) or system not in await positions.systems(db):
                yield None
                return
            head = (await positions.heads(db)).get(system, Head())
            at = (await db.execute(text("select now()"))).scalar_one()
            async with aclosing(_rows(db, viewer, system)) as rows:
                others = {name: position for name, position in after.items() if pages.may_follow(viewer, name)}
                yield Snapshot(system, encode({**others, system: head.last}), at, rows)


async def _rows(db: AsyncConnection, viewer: Viewer, system: str) -> AsyncGenerator[list[Mapping[str, Any]], None]:
    statement = _complaints(viewer) if system == HUB else _records(viewer, system)
    tell = _complaint if system == HUB else _record
    found = await db.stream(statement.execution_options(yield_per=BATCH))
    # As a context manager it would stay open when this generator is closed early.
    try:
        async for batch in found.mappings().partitions():
            yield [tell(row) for row in batch]
    finally:
        await found.close()


def _complaints(viewer: Viewer) -> Select[Any]:
    told = literal_column("complaint_facts(complaints)", JSONB).label("facts")
    bare = (~sight.in_full(viewer)).label("bare")
    return select(complaints.c.ticket, told, bare).where(sight.followed(viewer))


def _complaint(row: Mapping[Any, Any]) -> Mapping[str, Any]:
    return {"kind": "complaint", "subject": row["ticket"], "facts": facts.told(row["facts"], bare=row["bare"])}


def _records(viewer: Viewer, system: str) -> Select[Any]:
    """What is gone is told too: a change that brings it back tells no more than that."""
    told = facts.exact(literal_column("record_facts(records)", JSONB)).label("facts")
    named = records.c.kind, records.c.external_id, records.c.version, records.c.gone_at.is_not(None).label("removed")
    return select(*named, told).where(records.c.system == system, unless_secret(viewer))


def _record(row: Mapping[Any, Any]) -> Mapping[str, Any]:
    return {
        "kind": row["kind"],
        "subject": row["external_id"],
        "version": row["version"],
        "removed": row["removed"],
        "facts": facts.told(row["facts"]),
    }
