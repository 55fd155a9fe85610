"""Merges the totals of complaints by month, which each write adds to, and compares them with the complaints."""

from __future__ import annotations

from hub.store.database import Cause, Database, execute

_LOCK = "select pg_advisory_xact_lock(hashtextextended('complaint totals', 0))"

# A value that is null and one that is empty are deleted together, and inserted apart.
_MERGE = """
with several as (
    select by, month, coalesce(value, '') as value, coalesce(agency_code, '') as agency_code, secret, public
    from complaint_totals group by 1, 2, 3, 4, 5, 6 having count(*) > 1 or sum(complaints) = 0
), parts as (
    delete from complaint_totals t using several s
    where t.by = s.by and t.month = s.month and coalesce(t.value, '') = s.value
      and coalesce(t.agency_code, '') = s.agency_code and t.secret = s.secret and t.public = s.public
    returning t.*
)
insert into complaint_totals
select by, month, value, agency_code, secret, public, sum(complaints)
from parts group by 1, 2, 3, 4, 5, 6 having sum(complaints) <> 0
"""

_CORRECT = "insert into complaint_totals select * from differing_complaint_totals() returning by"


async def merge(database: Database, cause: Cause) -> None:
    """Merge the rows of each total into one; writes go on meanwhile."""
    async with database.write(cause) as db:
        await execute(db, _LOCK, {})
        await db.exec_driver_sql(_MERGE)


async def correct(database: Database, cause: Cause) -> int:
    """Correct the totals that are not those of the complaints; return how many rows that took."""
    async with database.write(cause) as db:
        await execute(db, _LOCK, {})
        return len(await execute(db, _CORRECT, {}))
