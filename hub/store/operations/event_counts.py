"""Counts events that no other table has, by minute, so that all processes of the hub know how many there were."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

KEPT = timedelta(days=2)


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
    """Delete counts older than ``KEPT``."""
    await db.execute(text("delete from event_counts where minute < now() - cast(:kept as interval)"), {"kept": KEPT})
