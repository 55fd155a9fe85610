"""Records of which their system said two last words that contradict each other, until a person decides.

A decision holds for as long as the system's last word is the one it was made on: told again, it changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

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


async def entries(db: AsyncConnection, kinds: Iterable[tuple[str, str]], limit: int) -> list[Doubt]:
    """What is in doubt among records of these systems and kinds, the latest first."""
    found: list[Doubt] = []
    for system, kind in kinds:
        # Written out, the kind tells PostgreSQL which of the partial indexes serves.
        its = records.c.system == system, records.c.kind == literal(kind, literal_execute=True)
        wanted = select(*(records.c[name] for name in Doubt.__dataclass_fields__)).where(
            *its, records.c.status == IN_DOUBT, records.c.gone_at.is_(None)
        )
        latest = wanted.order_by(records.c.occurred_at.desc(), records.c.id.desc()).limit(limit)
        found += [Doubt(*row) for row in await db.execute(latest)]
    return sorted(found, key=lambda doubt: doubt.occurred_at, reverse=True)[:limit]


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
