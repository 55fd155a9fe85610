"""Allocates ticket numbers: none is used twice, even if the database was restored from a backup.

A restore resets the counter, and the next citizen would get a ticket that somebody else has. Therefore a number is
never below the number of minutes that have passed of its year. The numbers used after the backup are skipped in this
way, if fewer than one complaint a minute was submitted since then.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.complaints.calendar import JAKARTA
from hub.complaints.tickets import Ticket

_ALLOCATE = """
insert into ticket_numbers as n (year, last) values (:year, :lowest + :count)
on conflict (year) do update set last = greatest(n.last, :lowest) + :count returning last
"""


async def allocate(db: AsyncConnection, year: int, now: datetime, count: int = 1) -> list[Ticket]:
    """Return the next tickets of a year, in order; other transactions that allocate wait until this one ends."""
    params = {"year": year, "lowest": _minutes_of(year, now), "count": count}
    last = int((await db.execute(text(_ALLOCATE), params)).scalar_one())
    return [Ticket(year, number) for number in range(last - count + 1, last + 1)]


def _minutes_of(year: int, now: datetime) -> int:
    """Return the minutes since the year began, which fit into six digits."""
    return max(0, int((now - datetime(year, 1, 1, tzinfo=JAKARTA)).total_seconds()) // 60)
