"""Counts the orders whose agency is unknown, and lists the names of their units."""

from __future__ import annotations

from sqlalchemy import String, func, literal_column, select
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.kinds import Order
from hub.store.tables import records

# In the form of the partitions' indexes.
_UNMATCHED = (
    records.c.kind == literal_column(f"'{Order.kind}'"),
    records.c.gone_at.is_(None),
    literal_column("(records.body ->> 'agency_code')", String).is_(None),
)


async def counts(db: AsyncConnection) -> dict[str, int]:
    """Return their number by system; systems without any are left out."""
    found = await db.execute(select(records.c.system, func.count()).where(*_UNMATCHED).group_by(records.c.system))
    return {row.system: row[1] for row in found}


async def units(db: AsyncConnection, limit: int) -> list[tuple[str, int]]:
    """Return at most ``limit`` units without an agency and the number of their orders, the largest first."""
    unit = literal_column("coalesce(records.body ->> 'unit', '-')", String)
    counted = func.count().label("orders")
    found = await db.execute(
        select(unit, counted).where(*_UNMATCHED).group_by(unit).order_by(counted.desc(), unit).limit(limit)
    )
    return [(name, count) for name, count in found]
