"""Snapshots: everything a viewer may see of a system at one moment, with the cursor from which its changes follow.

Both are read in one REPEATABLE READ transaction, so nothing is missed between them. A change that is in the snapshot
and got its position later appears again after the cursor. That is harmless: a change has values, not increments.
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
from hub.store.feed import pages, sequence, serialization
from hub.store.feed.cursors import Positions, encode
from hub.store.feed.sequence import HUB, Head
from hub.store.queries import visibility
from hub.store.queries.record_entities import DISPLAYABLE
from hub.store.queries.record_visibility import unless_secret
from hub.store.tables import complaints, records
from hub.viewer import Viewer

BATCH = 500
"""Rows in memory at once."""

_START: Positions = MappingProxyType({})

IDLE_TIMEOUT = "60s"
"""How long the database waits for a reader that has stopped reading."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """``cursor`` leads to the changes since ``at``; ``rows`` come in batches, once, while the snapshot is open."""

    system: str
    cursor: str
    at: datetime
    rows: AsyncGenerator[list[Mapping[str, Any]], None]


@asynccontextmanager
async def open_snapshot(
    database: Database, viewer: Viewer, system: str, after: Positions = _START
) -> AsyncIterator[Snapshot | None]:
    """Yield a snapshot of ``system``; None if it does not exist or ``viewer`` may not read it.

    Its cursor keeps the positions of ``after`` for the other systems, so that a reader of several loses none.
    """
    async with database.dedicated() as plain:
        db = await plain.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        async with db.begin():
            await db.execute(text(f"set local idle_in_transaction_session_timeout = '{IDLE_TIMEOUT}'"))
            if not pages.may_follow(viewer, system) or system not in await sequence.list_systems(db):
                yield None
                return
            head = (await sequence.heads(db)).get(system, Head())
            at = (await db.execute(text("select now()"))).scalar_one()
            async with aclosing(_rows(db, viewer, system)) as rows:
                others = {name: position for name, position in after.items() if pages.may_follow(viewer, name)}
                yield Snapshot(system, encode({**others, system: head.last}), at, rows)


async def _rows(db: AsyncConnection, viewer: Viewer, system: str) -> AsyncGenerator[list[Mapping[str, Any]], None]:
    statement = _complaints(viewer) if system == HUB else _records(viewer, system)
    serialize = _complaint if system == HUB else _record
    found = await db.stream(statement.execution_options(yield_per=BATCH))
    # As a context manager it would stay open when this generator is closed early.
    try:
        async for batch in found.mappings().partitions():
            yield [serialize(row) for row in batch]
    finally:
        await found.close()


def _complaints(viewer: Viewer) -> Select[Any]:
    facts = literal_column("complaint_facts(complaints)", JSONB).label("facts")
    minimal = (~visibility.fully_visible(viewer)).label("minimal")
    return select(complaints.c.ticket, facts, minimal).where(visibility.followable(viewer))


def _complaint(row: Mapping[Any, Any]) -> Mapping[str, Any]:
    facts = serialization.serialize(row["facts"], "complaint", minimal=row["minimal"])
    return {"kind": "complaint", "subject": row["ticket"], "facts": facts}


def _records(viewer: Viewer, system: str) -> Select[Any]:
    """Return the statement for the records of a system.

    Records that are gone are left out: a change that restores one has all its facts.
    """
    facts = serialization.with_exact_amount(literal_column("record_facts(records)", JSONB)).label("facts")
    here = records.c.system == system, records.c.gone_at.is_(None), DISPLAYABLE
    named = records.c.kind, records.c.external_id, records.c.version
    return select(*named, facts).where(*here, unless_secret(viewer))


def _record(row: Mapping[Any, Any]) -> Mapping[str, Any]:
    return {
        "kind": row["kind"],
        "subject": row["external_id"],
        "version": row["version"],
        "facts": serialization.serialize(row["facts"], row["kind"]),
    }
