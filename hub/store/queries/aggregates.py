"""Aggregates over what the viewer may see. Small groups are suppressed for the public."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    case,
    column,
    func,
    literal_column,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.complaints.calendar import JAKARTA
from hub.store.queries import visibility
from hub.store.queries.complaint_cells import Cell, count_cells, local_time_as
from hub.store.queries.entity import Entity
from hub.store.queries.record_entities import ORDER, PAYMENT
from hub.store.queries.record_visibility import fact
from hub.store.tables import records
from hub.viewer import Viewer

MIN_PUBLIC_GROUP_SIZE = 5


_PAYMENTS_BY: dict[str, ColumnElement[Any]] = {
    "day": local_time_as(records.c.occurred_at, "YYYY-MM-DD"),
    "merchant": fact("merchant"),
    "corridor": fact("corridor"),
}
_ORDERS_BY: dict[str, ColumnElement[Any]] = {
    "agency": fact("agency_code"),
    "marketplace": fact("marketplace"),
    "month": local_time_as(records.c.occurred_at, "YYYY-MM"),
    "supplier": fact("supplier"),
}


async def complaint_totals(
    db: AsyncConnection, viewer: Viewer, by: str, start: datetime, end: datetime
) -> Sequence[tuple[str | None, int | None]]:
    """Return (group, count) of complaints received from ``start`` to before ``end``; the count is None if suppressed.

    Viewers who do not handle complaints get the counts of public complaints: a difference between the two would
    disclose single complaints.
    """
    cells = await count_cells(db, viewer, by, start, end)
    suppressed = set() if visibility.handles_complaints(viewer) else suppressed_cells(cells)
    totals: dict[str | None, int | None] = {}
    for name, at, n in cells:
        before = totals.setdefault(name, None)
        totals[name] = before if (name, at) in suppressed else (before or 0) + n
    return list(totals.items())


def suppressed_cells(cells: Sequence[Cell]) -> set[tuple[str | None, str]]:
    """Return the (group, month) pairs to suppress: groups that are too small, and groups that would disclose them.

    Each month is suppressed by itself, so that the difference of two ranges discloses no more than the months do. If
    all suppressed groups of a month together are too small, the month's total would disclose them; then the smallest
    other group is suppressed as well.
    """
    suppressed: set[tuple[str | None, str]] = set()
    for month in {month for _, month, _ in cells}:
        suppressed |= {(name, month) for name in small_groups({name: n for name, at, n in cells if at == month})}
    return suppressed


def small_groups(counts: Mapping[str | None, int]) -> set[str | None]:
    """Return the groups that are too small for the public.

    If their sum is too small as well, the total would disclose it: then the smallest other group is among them.
    """
    groups = sorted(counts.items(), key=lambda each: each[1])
    small = [each for each in groups if each[1] < MIN_PUBLIC_GROUP_SIZE]
    if small and sum(n for _, n in small) < MIN_PUBLIC_GROUP_SIZE:
        small = groups[: len(small) + 1]
    return {name for name, _ in small}


async def payment_totals(
    db: AsyncConnection, viewer: Viewer, by: str, start: datetime, end: datetime
) -> Sequence[tuple[str | None, int, Decimal]]:
    """Return (group, count, sum) of payments; the sum includes only payments that were made and not refunded."""
    return await _value_totals(db, PAYMENT, viewer, _PAYMENTS_BY[by], ("SUCCESS", "CLOSED"), (start, end))


async def order_totals(
    db: AsyncConnection, viewer: Viewer, by: str, start: datetime, end: datetime, largest: int | None = None
) -> Sequence[tuple[str | None, int, Decimal]]:
    """Return (group, count, sum) of orders; the sum includes only completed ones.

    With ``largest`` only so many groups are returned, those with the largest sums first.
    """
    return await _value_totals(db, ORDER, viewer, _ORDERS_BY[by], ("COMPLETED",), (start, end), largest)


async def _value_totals(
    db: AsyncConnection,
    entity: Entity,
    viewer: Viewer,
    group: ColumnElement[Any],
    counts: tuple[str, ...],
    times: tuple[datetime, datetime],
    largest: int | None = None,
) -> Sequence[tuple[str | None, int, Decimal]]:
    """Return (group, count, sum) between two midnights in Asia/Jakarta; the totals by day give them if possible."""
    start, end = times
    value = func.coalesce(func.sum(case((records.c.status.in_(counts), records.c.amount), else_=0)), 0)
    if group is _ORDERS_BY["supplier"]:
        # There are almost as many as there are orders in a day, so totals of a day would be no shorter than the orders.
        when = records.c.occurred_at
        counted = select(group, func.count(), value).where(when >= start, when < end)
    else:
        first, last = (at.astimezone(JAKARTA).date() for at in (start, end))
        counted = select(group, _RECORDS, value).add_cte(_TOTALS).where(first <= _DAY, last > _DAY)
        counted = counted.having(_RECORDS > 0)
    counted = counted.where(entity.allowed(viewer)).group_by(group)
    ordered = counted.order_by(group) if largest is None else counted.order_by(value.desc(), group).limit(largest)
    rows = await db.execute(ordered)
    return [(name, n, Decimal(amount)) for name, n, amount in rows]


_TOTALS = (
    text("""
select kind, system, status, secret, facts as body, amount, records, day,
       midnight as occurred_at, midnight as updated_at, null::timestamptz as gone_at
from record_totals, lateral (select day::timestamp at time zone 'Asia/Jakarta' as midnight) of_day
""")
    .columns(column("day", Date))
    .cte("records")
)
"""The totals of each day in the form of records, and under their name: so the conditions of visibility are the same."""

_DAY: ColumnElement[date] = literal_column("records.day", Date)
_RECORDS = func.sum(literal_column("records.records", BigInteger))
