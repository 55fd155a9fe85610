"""How many matters agreed on each day, by pair and by field."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

KEPT_DAYS = 730
"""How many days are kept."""

_RECORD = """
insert into agreement_days (day, pair, field, matters, open)
with counted as (select pair, count(*) as matters, count(*) filter (where state <> 'AGREED') as open
                 from matters group by pair)
select jakarta_day(now()), pair, '', matters, open from counted
union all
select jakarta_day(now()), c.pair, d.field, c.matters, count(*) from differences d
join matters m on m.id = d.matter_id and m.state <> 'AGREED' join counted c on c.pair = m.pair
group by c.pair, d.field, c.matters
"""
_DELETE = """
delete from agreement_days where day = jakarta_day(now()) or day < jakarta_day(now()) - cast(:kept as int)
"""
_READ = """
select day, pair, nullif(field, '') as field, matters, open from agreement_days
where day > jakarta_day(now()) - cast(:days as int) order by day, pair, agreement_days.field
"""


@dataclass(frozen=True, slots=True)
class AgreementDay:
    """The state of a pair at the end of a day in Jakarta, today's as it is now.

    ``open`` of ``matters`` did not agree, or did not agree on ``field``.
    """

    day: date
    pair: str
    field: str | None
    matters: int
    open: int


async def record(db: AsyncConnection) -> None:
    """Record the present state as that of today, in place of an earlier one, and delete days that are too old."""
    await db.execute(text(_DELETE), {"kept": KEPT_DAYS})
    await db.execute(text(_RECORD))


async def read(db: AsyncConnection, days: int) -> list[AgreementDay]:
    """Return the last ``days`` days that were recorded, the earliest first."""
    return [AgreementDay(**row) for row in (await db.execute(text(_READ), {"days": days})).mappings()]
