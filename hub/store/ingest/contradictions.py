"""Contradictions: records whose system reported two final statuses that cannot both be true, until a person decides.

A decision applies until the system reports another status; the same status again changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.contract import SystemDeclaration
from hub.kinds import Kind
from hub.store.ingest.records import lock_system
from hub.store.ingest.rows import IN_DOUBT
from hub.store.tables import records

_COLUMNS = (records.c.system, records.c.kind, records.c.external_id, records.c.told, records.c.occurred_at)


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A record with contradictory final statuses; ``source_status`` is the latest one as the system names it."""

    system: str
    kind: str
    external_id: str
    source_status: str
    occurred_at: datetime


class ContradictableKind(NamedTuple):
    """A system and one of its kinds that has a status for contradictions."""

    system: str
    kind: type[Kind]


def contradictable_kinds(systems: Iterable[SystemDeclaration]) -> list[ContradictableKind]:
    """Return the kinds of these connectors that have a status for contradictions."""
    kinds = (ContradictableKind(system.name, kind) for system in systems for kind in system.kinds)
    return [each for each in kinds if IN_DOUBT in each.kind.statuses.__members__]


async def counts(db: AsyncConnection, kinds: Iterable[ContradictableKind]) -> Counter[str]:
    """Return how many records of each system are contradictory; 0 if there are none."""
    found = Counter[str]()
    for each in kinds:
        found[each.system] += await db.scalar(select(func.count()).where(_is_contradictory(each))) or 0
    return found


async def entries(db: AsyncConnection, kinds: Iterable[ContradictableKind], limit: int) -> list[Contradiction]:
    """Return the contradictory records, the latest first."""
    found: list[Contradiction] = []
    for each in kinds:
        statement = select(*_COLUMNS).where(_is_contradictory(each))
        latest = statement.order_by(records.c.occurred_at.desc(), records.c.id.desc()).limit(limit)
        found += [Contradiction(*row) for row in await db.execute(latest)]
    return sorted(found, key=lambda each: each.occurred_at, reverse=True)[:limit]


def _is_contradictory(of: ContradictableKind) -> ColumnElement[bool]:
    # As a literal, so that PostgreSQL can choose the partial index of the kind.
    kind = literal(of.kind.kind, literal_execute=True)
    return and_(
        records.c.system == of.system,
        records.c.kind == kind,
        records.c.status == IN_DOUBT,
        records.c.gone_at.is_(None),
    )


async def resolve(db: AsyncConnection, system: str, kinds: Iterable[str], external_id: str, status: str) -> bool:
    """Set the status of a contradictory record; False if there is none of that id."""
    await lock_system(db, system)
    contradictory = (
        records.c.system == system,
        records.c.kind.in_(list(kinds)),
        records.c.external_id == external_id,
        records.c.status == IN_DOUBT,
    )
    return (await db.execute(update(records).where(*contradictory).values(status=status))).rowcount > 0
