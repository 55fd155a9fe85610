"""Counts events that no other table has, by minute, so that all processes of the hub know how many there were.

What clients use is kept by day afterwards: the rows of an ``Event`` with the ending ``_DAY``, whose minute is midnight
in Jakarta.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

KEPT = timedelta(days=2)
DAYS_KEPT = timedelta(days=90)


class Event(StrEnum):
    """An event that is counted; its subject is a system, a client, or empty."""

    OPERATION_FAILED = "OPERATION_FAILED"
    HOOK_REFUSED = "HOOK_REFUSED"
    HOOK_TAKEN = "HOOK_TAKEN"
    CLIENT_OPERATION = "CLIENT_OPERATION"
    CLIENT_COST = "CLIENT_COST"
    """Its number is the charged cost."""


class EventSum(NamedTuple):
    """How often an event happened in a period, and the first minute in which it did."""

    number: int
    since: datetime


class DayUse(NamedTuple):
    """What a client used on a day in Jakarta: requests, and their cost."""

    day: date
    requests: int
    cost: int


_BY_DAY = (Event.CLIENT_OPERATION, Event.CLIENT_COST)
_DAILY = tuple(f"{event}_DAY" for event in _BY_DAY)
_ADD = """
insert into event_counts (event, subject, minute, number)
select e, s, date_trunc('minute', now()), n
from unnest(cast(:events as text[]), cast(:subjects as text[]), cast(:numbers as bigint[])) as added(e, s, n)
on conflict (event, subject, minute) do update set number = event_counts.number + excluded.number
"""
_SUMS = """
select event, subject, sum(number)::bigint as number, min(minute) as since from event_counts
where minute > now() - cast(:period as interval) group by event, subject
"""

_END = """
with ended as (
    delete from event_counts where minute < now() - cast(:kept as interval) and not event = any(:daily)
    returning event, subject, minute, number)
insert into event_counts (event, subject, minute, number)
select event || '_DAY', subject, date_trunc('day', minute, 'Asia/Jakarta'), sum(number)::bigint from ended
where event = any(:by_day) group by 1, 2, 3
on conflict (event, subject, minute) do update set number = event_counts.number + excluded.number
"""
_END_DAYS = "delete from event_counts where minute < now() - cast(:kept as interval) and event = any(:daily)"
_USE = """
select subject, (minute at time zone 'Asia/Jakarta')::date as day,
       coalesce(sum(number) filter (where event like 'CLIENT_OPERATION%'), 0)::bigint as requests,
       coalesce(sum(number) filter (where event like 'CLIENT_COST%'), 0)::bigint as cost
from event_counts where event = any(:events) and subject = any(:subjects)
and minute >= date_trunc('day', now(), 'Asia/Jakarta') - make_interval(days => :days - 1)
group by 1, 2 order by 1, 2
"""


async def add(db: AsyncConnection, numbers: Mapping[tuple[Event, str], int]) -> None:
    """Add how often each event happened to each subject just now."""
    events, subjects = [event.value for event, _ in numbers], [subject for _, subject in numbers]
    params = {"events": events, "subjects": subjects, "numbers": list(numbers.values())}
    await db.execute(text(_ADD), params)


async def sums(db: AsyncConnection, period: timedelta) -> dict[tuple[Event, str], EventSum]:
    """Return how often each event happened in the last ``period``, by event and subject."""
    found = await db.execute(text(_SUMS), {"period": period})
    return {(Event(row.event), row.subject): EventSum(row.number, row.since) for row in found}


async def expire(db: AsyncConnection) -> None:
    """Delete counts older than ``KEPT``; what clients used is added to their days, which end after ``DAYS_KEPT``."""
    daily = list(_DAILY)
    await db.execute(text(_END), {"kept": KEPT, "daily": daily, "by_day": list(_BY_DAY)})
    await db.execute(text(_END_DAYS), {"kept": DAYS_KEPT, "daily": daily})


async def use_by_day(db: AsyncConnection, clients: Sequence[str], days: int) -> dict[str, list[DayUse]]:
    """Return what each client used in the last ``days``, the earliest first; a day without use is left out."""
    params = {"events": [*_BY_DAY, *_DAILY], "subjects": list(clients), "days": days}
    found: dict[str, list[DayUse]] = defaultdict(list)
    for subject, *values in await db.execute(text(_USE), params):
        found[subject].append(DayUse(*values))
    return found
