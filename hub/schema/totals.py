"""What all totals share: the range of days they are counted over, and how they are asked for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from typing import Annotated, TypeVar

import strawberry
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.complaints.calendar import JAKARTA
from hub.schema.context import Info
from hub.schema.listing import BadArgument
from hub.viewer import Viewer

T = TypeVar("T")

Totalling = Callable[[AsyncConnection, Viewer, str, datetime, datetime], Awaitable[T]]
"""One of ``hub.store.reading.totals``."""

DAYS_MAX = 400


@strawberry.input(description="A range of days in Asia/Jakarta.")
class DayRange:
    """Both ends belong to it."""

    first: date = strawberry.field(description="The first day.")
    last: date = strawberry.field(description="The last day.")


TotalsRange = Annotated[
    DayRange | None, strawberry.argument(description=f"Which days, at most {DAYS_MAX}; the latest by default.")
]


async def totalled(info: Info, total: Totalling[T], by: Enum, asked: DayRange | None, days: int) -> T:
    """What the store counts of the days asked for, or of the last ``days``, in one statement."""
    start, end = _range(asked, days)
    async with info.context.database.read() as db:
        return await total(db, info.context.viewer, str(by.value), start, end)


def _range(asked: DayRange | None, days: int) -> tuple[datetime, datetime]:
    """(from, to) of the days asked for, or of the last ``days`` with today; ``to`` is not in it."""
    today = datetime.now(JAKARTA).date()
    first, last = (asked.first, asked.last) if asked else (today - timedelta(days=days - 1), today)
    # The first and last days there are have no midnight in another zone that a time could hold.
    if not 0 <= (last - first).days < DAYS_MAX or first == date.min or last == date.max:
        raise BadArgument(f"`range` must hold 1 to {DAYS_MAX} days, the first not after the last.")
    return _start(first), _start(last + timedelta(days=1))


def _start(day: date) -> datetime:
    return datetime.combine(day, time.min, JAKARTA).astimezone(UTC)
