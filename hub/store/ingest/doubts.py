"""Records of which their system said two last words that contradict each other, until a person decides.

A decision holds for as long as the system's last word is the one it was made on: told again, it changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.connectors.base import Connector
from hub.kinds import Kind
from hub.store.ingest.records import alone
from hub.store.ingest.rows import IN_DOUBT
from hub.store.tables import records


@dataclass(frozen=True, slots=True)
class Doubt:
    """One such record; ``told`` is the system's last word on its status."""

    system: str
    kind: str
    external_id: str
    told: str
    occurred_at: datetime


class Doubtful(NamedTuple):
    """A system, and a kind of its records that can be in doubt."""

    system: str
    kind: type[Kind]


def doubtful(connectors: Iterable[type[Connector]]) -> list[Doubtful]:
    """Where doubt is possible: which kinds have a status for it."""
    kinds = (Doubtful(connector.name, kind) for connector in connectors for kind in connector.kinds)
    return [each for each in kinds if IN_DOUBT in each.kind.statuses.__members__]


async def counts(db: AsyncConnection, where: Iterable[Doubtful]) -> Counter[str]:
    """How many records of each system are in doubt, 0 where none is."""
    found = Counter[str]()
    for each in where:
        found[each.system] += await db.scalar(select(func.count()).where(_in_doubt(each))) or 0
    return found


async def entries(db: AsyncConnection, where: Iterable[Doubtful], limit: int) -> list[Doubt]:
    """What is in doubt, the latest first."""
    found: list[Doubt] = []
    for each in where:
        wanted = select(*(records.c[name] for name in Doubt.__dataclass_fields__)).where(_in_doubt(each))
        latest = wanted.order_by(records.c.occurred_at.desc(), records.c.id.desc()).limit(limit)
        found += [Doubt(*row) for row in await db.execute(latest)]
    return sorted(found, key=lambda doubt: doubt.occurred_at, reverse=True)[:limit]


def _in_doubt(where: Doubtful) -> ColumnElement[bool]:
    # Written out, the kind tells PostgreSQL which of the partial indexes serves.
    kind = literal(where.kind.kind, literal_execute=True)
    its = records.c.system == where.system, records.c.kind == kind
    return and_(*its, records.c.status == IN_DOUBT, records.c.gone_at.is_(None))


async def decide(db: AsyncConnection, system: str, kinds: Iterable[str], external_id: str, status: str) -> bool:
    """Let ``status`` hold for a record that is in doubt; False when none of that name is."""
    await alone(db, system)
    doubtful = (
        records.c.system == system,
        records.c.kind.in_(list(kinds)),
        records.c.external_id == external_id,
        records.c.status == IN_DOUBT,
    )
    return (await db.execute(update(records).where(*doubtful).values(status=status))).rowcount > 0
