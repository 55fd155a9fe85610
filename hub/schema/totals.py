"""The range of days that totals are counted over."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import strawberry

from hub.schema.listing import BadArgument

JAKARTA = ZoneInfo("Asia/Jakarta")
DAYS_MAX = 400


@strawberry.input(description="A range of days in Asia/Jakarta.")
class DayRange:
    """Both ends belong to it."""

    first: date = strawberry.field(description="The first day.")
    last: date = strawberry.field(description="The last day.")


TotalsRange = Annotated[
    DayRange | None, strawberry.argument(description=f"Which days, at most {DAYS_MAX}; the latest by default.")
]


def total_range(asked: DayRange | None, days: int) -> tuple[datetime, datetime]:
    """(from, to) of the days asked for, or of the last ``days`` with today; ``to`` is not in it."""
    today = datetime.now(JAKARTA).date()
    first, last = (asked.first, asked.last) if asked else (today - timedelta(days=days - 1), today)
    # The first and last days there are have no midnight in another zone that a time could hold.
    if not 0 <= (last - first).days < DAYS_MAX or first == date.min or last == date.max:
        raise BadArgument(f"`range` must hold 1 to {DAYS_MAX} days, the first not after the last.")
    return _start(first), _start(last + timedelta(days=1))


def _start(day: date) -> datetime:
    return datetime.combine(day, time.min, JAKARTA).astimezone(UTC)
