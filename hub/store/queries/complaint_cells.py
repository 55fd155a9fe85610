"""How many complaints each month has, by group, as a viewer may count them.

Whole months come from the totals that triggers keep in the transaction of each write, the parts of months at both ends
from the complaints.
"""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Text,
    cast,
    column,
    func,
    literal,
    literal_column,
    null,
    select,
    text,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.complaints.calendar import JAKARTA
from hub.store.queries import visibility
from hub.store.tables import complaints
from hub.viewer import Viewer

Cell = tuple[str | None, str, int]
"""A group, a month such as 2026-01, and a number."""


def local_time_as(at: ColumnElement[Any], form: str) -> ColumnElement[Any]:
    """Return a day or month in Asia/Jakarta as text.

    ``form`` is a literal, so that SELECT and GROUP BY are the same.
    """
    local = func.timezone(literal_column("'Asia/Jakarta'"), at)
    return func.to_char(local, literal_column(f"'{form}'"))


COMPLAINT_GROUPS: dict[str, ColumnElement[Any]] = {
    "all": cast(null(), Text),
    "month": local_time_as(complaints.c.received_at, "YYYY-MM"),
    "channel": complaints.c.channel,
    "status": complaints.c.status,
    "agency": complaints.c.agency_code,
    "area": complaints.c.area_code,
    "category": complaints.c.category,
}


def countable_complaints(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition for the complaints that totals count for ``viewer``."""
    return visibility.fully_visible(viewer) if visibility.handles_complaints(viewer) else visibility.public()


async def count_cells(db: AsyncConnection, viewer: Viewer, by: str, start: datetime, end: datetime) -> list[Cell]:
    """Return the cells of complaints received from ``start`` to before ``end``, in the order of group and month."""
    months = [each for each in _month_starts(start, end) if start <= each <= end]
    parts = [(start, months[0]), (months[-1], end)] if months else [(start, end)]
    pieces = [_of_complaints(viewer, by, low, high) for low, high in parts if low < high]
    if len(months) > 1:
        pieces.append(_of_whole_months(viewer, by, months[0].date(), months[-1].date()))
    cells = [(name, month, int(n)) for name, month, n in await db.execute(union_all(*pieces))]
    return sorted(cells, key=lambda cell: (cell[0] is None, cell[0] or "", cell[1]))


def _month_starts(start: datetime, end: datetime) -> list[datetime]:
    """Return the first midnight in Jakarta of each month from that of ``start`` to that of ``end``."""
    first, last = (at.astimezone(JAKARTA) for at in (start, end))
    numbers = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    return [datetime.combine(date(number // 12, number % 12 + 1, 1), time(), JAKARTA) for number in numbers]


def _of_complaints(viewer: Viewer, by: str, start: datetime, end: datetime) -> Select[Any]:
    """Return a statement for the cells of one month, or of a part of it, from the complaints themselves."""
    month = literal(f"{start.astimezone(JAKARTA):%Y-%m}", Text)
    group, when = month if by == "month" else COMPLAINT_GROUPS[by], complaints.c.received_at
    counted = select(group.label("group"), month, func.count()).select_from(complaints)
    counted = counted.where(countable_complaints(viewer), when >= start, when < end)
    # Without a group there would be one row of nothing.
    return counted.group_by("group") if by not in ("all", "month") else counted.having(func.count() > 0)


_TOTALS = """
select to_char(month, 'YYYY-MM') as month, value, complaints as number, agency_code, secret,
       case when public then 'CLOSED' else 'RECEIVED' end as status, case when public then now() end as verified_at
from complaint_totals where by = :by and month >= :first and month < :last
"""
"""The totals in the form of complaints: so the conditions of visibility are the same."""


def _of_whole_months(viewer: Viewer, by: str, first: date, last: date) -> Select[Any]:
    """Return a statement for the cells of the months from ``first`` to before ``last`` from the totals."""
    kept = "agency" if by in ("all", "month") else by
    totals = text(_TOTALS).bindparams(by=kept, first=first, last=last).columns(column("month", Text))
    month = literal_column("complaints.month", Text)
    number = func.sum(literal_column("complaints.number", BigInteger))
    group = {"all": cast(null(), Text), "month": month}.get(by, literal_column("complaints.value", Text))
    counted = (
        select(group.label("group"), month.label("at"), number.label("number"))
        .select_from(complaints)
        .add_cte(totals.cte("complaints", nesting=True))
        .where(countable_complaints(viewer))
        .group_by("group", "at")
        .having(number != 0)
        .subquery("kept")
    )
    return select(counted)
