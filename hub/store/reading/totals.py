"""Totals: each one SQL statement over what the viewer may see; for the public a group under five is not told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, case, func, literal_column, select
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.reading import sight
from hub.store.reading.entity import Entity
from hub.store.reading.record_entities import ORDER, PAYMENT, fact
from hub.store.tables import complaints, records
from hub.viewer import Viewer

SMALLEST_PUBLIC_GROUP = 5


def _day(column: ColumnElement[Any], form: str) -> ColumnElement[Any]:
    """A day or month in Asia/Jakarta, as text; ``form`` is written out, so that select and group by are the same."""
    local = func.timezone(literal_column("'Asia/Jakarta'"), column)
    return func.to_char(local, literal_column(f"'{form}'"))


_COMPLAINTS_BY: dict[str, ColumnElement[Any]] = {
    "month": _day(complaints.c.received_at, "YYYY-MM"),
    "channel": complaints.c.channel,
    "status": complaints.c.status,
    "agency": complaints.c.agency_code,
}
_PAYMENTS_BY: dict[str, ColumnElement[Any]] = {
    "day": _day(records.c.occurred_at, "YYYY-MM-DD"),
    "merchant": fact("merchant"),
    "corridor": fact("corridor"),
}
_ORDERS_BY: dict[str, ColumnElement[Any]] = {
    "agency": fact("agency_code"),
    "marketplace": fact("marketplace"),
}


async def complaints_by(
    db: AsyncConnection, viewer: Viewer, by: str, start: datetime, end: datetime
) -> Sequence[tuple[str | None, int | None]]:
    """(group, how many) of complaints received from ``start`` to before ``end``; None where the public may not know.

    Who does not handle complaints counts what the public sees: a difference to it would tell of single ones.
    """
    group = _COMPLAINTS_BY[by]
    when = complaints.c.received_at
    rows = await db.execute(
        select(group, func.count()).where(_counted(viewer), when >= start, when < end).group_by(group).order_by(group)
    )
    hides = not sight.handles(viewer)
    return [(name, None if hides and n < SMALLEST_PUBLIC_GROUP else n) for name, n in rows]


async def payments(
    db: AsyncConnection, viewer: Viewer, by: str, start: datetime, end: datetime
) -> Sequence[tuple[str | None, int, Decimal]]:
    """(group, how many, what they add up to) of payments; only what was paid and stayed paid adds up."""
    return await _valued(db, PAYMENT, viewer, _PAYMENTS_BY[by], ("SUCCESS", "CLOSED"), start, end)


async def orders(
    db: AsyncConnection, viewer: Viewer, by: str, start: datetime, end: datetime
) -> Sequence[tuple[str | None, int, Decimal]]:
    """(group, how many, what they add up to) of orders; only completed ones add up."""
    return await _valued(db, ORDER, viewer, _ORDERS_BY[by], ("COMPLETED",), start, end)


async def _valued(
    db: AsyncConnection,
    entity: Entity,
    viewer: Viewer,
    group: ColumnElement[Any],
    counts: tuple[str, ...],
    start: datetime,
    end: datetime,
) -> Sequence[tuple[str | None, int, Decimal]]:
    when = records.c.occurred_at
    value = func.coalesce(func.sum(case((records.c.status.in_(counts), records.c.amount), else_=0)), 0)
    rows = await db.execute(
        select(group, func.count(), value)
        .where(entity.allowed(viewer), when >= start, when < end)
        .group_by(group)
        .order_by(group)
    )
    return [(name, n, Decimal(amount)) for name, n, amount in rows]


def _counted(viewer: Viewer) -> ColumnElement[bool]:
    return sight.in_full(viewer) if sight.handles(viewer) else sight.for_everybody()
