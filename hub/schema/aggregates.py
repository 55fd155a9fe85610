"""The range of days and the query that all aggregates share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from typing import Annotated, TypeVar

import strawberry
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.complaints.calendar import JAKARTA
from hub.schema.arguments import BadArgument
from hub.schema.context import Info
from hub.viewer import Viewer

T = TypeVar("T")

Aggregation = Callable[[AsyncConnection, Viewer, str, datetime, datetime], Awaitable[T]]
"""A function of ``hub.store.queries.aggregates``: computes totals by group between two times."""

MAX_DAYS = 400


@strawberry.input(description="A range of calendar days in the time zone Asia/Jakarta. Both ends are included.")
class DateRange:
    """A range of days, with both ends."""

    start: date = strawberry.field(description="The first day.")
    end: date = strawberry.field(description="The last day.")


TotalsRange = Annotated[
    DateRange | None,
    strawberry.argument(description=f"The days to count, at most {MAX_DAYS}; the most recent days by default."),
]


async def aggregate(
    info: Info,
    total: Aggregation[T],
    group_by: Enum,
    date_range: DateRange | None,
    days: int,
    *,
    whole_months: bool = False,
) -> T:
    """Return the aggregate of a range of days, by default of the last ``days``, with one statement.

    With ``whole_months`` only complete past months are counted, and the range must be whole months.
    """
    start, end = _months(date_range) if whole_months else _range(date_range, days)
    async with info.context.read() as db:
        return await total(db, info.context.viewer, str(group_by.value), start, end)


def _range(date_range: DateRange | None, days: int) -> tuple[datetime, datetime]:
    """Return (start, end) of the range, by default of the last ``days`` with today; ``end`` is exclusive."""
    today = datetime.now(JAKARTA).date()
    first, last = (date_range.start, date_range.end) if date_range else (today - timedelta(days=days - 1), today)
    # The first and last days that Python has are refused: their midnight is out of range in another time zone.
    if not 0 <= (last - first).days < MAX_DAYS or first == date.min or last == date.max:
        raise BadArgument(
            f"`range` must hold 1 to {MAX_DAYS} days, the first not after the last.",
            f"`range` harus 1 sampai {MAX_DAYS} hari, yang pertama tidak setelah yang terakhir.",
        )
    return _start(first), _start(last + timedelta(days=1))


def _months(date_range: DateRange | None) -> tuple[datetime, datetime]:
    """Return (start, end) of whole past months, by default of the last twelve; ``end`` is exclusive."""
    this = datetime.now(JAKARTA).date().replace(day=1)
    if date_range is None:
        return _start(this.replace(year=this.year - 1)), _start(this)
    start, end = _range(date_range, 0)
    if date_range.start.day != 1 or (date_range.end + timedelta(days=1)).day != 1:
        raise BadArgument(
            "`range` must be whole months, such as 2026-01-01 to 2026-03-31.",
            "`range` harus bulan penuh, seperti 2026-01-01 sampai 2026-03-31.",
        )
    return min(start, _start(this)), min(end, _start(this))


def _start(day: date) -> datetime:
    return datetime.combine(day, time.min, JAKARTA).astimezone(UTC)
