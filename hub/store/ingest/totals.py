"""Compares the totals of records by day with the records. Triggers keep the totals; nothing else should change them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from hub.store.database import Cause, Database, execute
from hub.store.ingest.records import lock_system

_DAYS = """
select least(min(day), (select jakarta_day(min(occurred_at)) from records r where is_totalled(r))) as first,
       greatest(max(day), (select jakarta_day(max(occurred_at)) from records r where is_totalled(r))) as last
from record_totals
"""

_DIFFERING = "select distinct system from differing_totals(%(first)s, %(after)s) order by system"

_CORRECT = """
insert into record_totals select * from differing_totals(%(first)s, %(after)s)
on conflict (kind, day, system, status, secret, facts)
do update set records = excluded.records, amount = excluded.amount
returning kind
"""


async def correct(database: Database, cause: Cause) -> int:
    """Correct the totals that are not those of the records; return how many there were.

    A month at a time, so that no statement takes long. Systems with a difference are not ingested meanwhile.
    """
    corrected = 0
    async with database.read() as db:
        (days,) = await execute(db, _DAYS, {})
    for first, after in _months(days["first"], days["last"]):
        month = {"first": first, "after": after}
        async with database.read() as db:
            systems = [row["system"] for row in await execute(db, _DIFFERING, month)]
        if systems:
            async with database.write(cause) as db:
                for system in systems:
                    await lock_system(db, system)
                corrected += len(await execute(db, _CORRECT, month))
    return corrected


def _months(first: date | None, last: date | None) -> Iterator[tuple[date, date]]:
    """Yield the first day of each month, and the first day after it."""
    if first is None or last is None:
        return
    month = first.replace(day=1)
    while month <= last:
        after = (month + timedelta(days=31)).replace(day=1)
        yield month, after
        month = after
