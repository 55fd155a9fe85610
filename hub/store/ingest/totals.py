"""Compares the numbers and sums of records with the records. Triggers keep them; nothing else should change them."""

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


_SYSTEMS = "select name from systems order by name"

# It counts all records of a system, which may take longer than other statements may.
_NO_TIME_LIMIT = "set local statement_timeout = 0"

# What differs is added, so that it is right whatever is written after the records were counted; in order, so that no
# number is locked while they are counted.
_CORRECT_COUNTS = """
insert into record_fact_counts as t
select * from differing_fact_counts(%(system)s) order by kind, by, system, status, secret, facts
on conflict (kind, by, system, status, secret, facts) do update set records = t.records + excluded.records
returning by
"""


async def correct(database: Database, cause: Cause) -> int:
    """Correct the totals by day and the counts that are not those of the records; return how many there were."""
    return await _correct_days(database, cause) + await _correct_counts(database, cause)


async def _correct_counts(database: Database, cause: Cause) -> int:
    """Correct the counts of each system while it is ingested; each record is read once."""
    corrected = 0
    async with database.read() as db:
        systems = [row["name"] for row in await execute(db, _SYSTEMS, {})]
    for system in systems:
        async with database.write(cause) as db:
            await execute(db, _NO_TIME_LIMIT, {})
            corrected += len(await execute(db, _CORRECT_COUNTS, {"system": system}))
    return corrected


async def _correct_days(database: Database, cause: Cause) -> int:
    """Correct the totals by day.

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
