"""The feed's positions: each change gets one when its transaction is settled, in an order that never has to be mended.

The numbers of changes are drawn before they are committed, so whoever read by them could miss a late one. A
transaction is settled when no older one runs (``pg_snapshot_xmin``): from then on nothing can appear before it. Of the
settled changes those are held back that have a greater number than one which is committed and not settled yet,
because both may be of one record, and the number alone tells which was first: it is drawn while the row is locked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

HUB = "hub"
"""The complaint service, which counts as a system."""

AT_ONCE = 20_000
"""Changes that get their positions in one transaction."""

# A plan that was made for a backlog, and one for any horizon, would read the whole history for the few changes of now.
_LOCK = """
select pg_try_advisory_xact_lock(hashtextextended('feed ' || :system, 0)),
       set_config('plan_cache_mode', 'force_custom_plan', true)
"""

_BEGIN = """
insert into feed_heads (system, cluster) select :system, system_identifier from pg_control_system()
on conflict do nothing
"""

# Where the database was restored from the dump of another cluster, whose transactions had other numbers, the horizon
# says nothing: there the changes whose positions were dropped are told by their own numbers, and those whose
# transaction is still to come here are settled.
_HEAD = """
select h.last, s.system_identifier as here,
       case when h.cluster = s.system_identifier then h.horizon else '0' end::text as horizon,
       case when h.cluster = s.system_identifier then 0 else h.dropped_change end as dropped_change
from feed_heads h cross join pg_control_system() s where h.system = :system
"""

_PLACE = """
with present as materialized (
    select pg_snapshot_xmin(s) as oldest, pg_snapshot_xmax(s) as next from pg_current_snapshot() s
), waiting as materialized (
    select c.id, c.transaction, c.transaction < oldest or c.transaction >= next as settled
    from present cross join changes c
    where c.system = :system and c.transaction >= cast(:horizon as xid8) and c.id > :dropped_change
      and not exists (select from feed f where f.change_id = c.id)
), taken as materialized (
    select id, row_number() over (order by id) as number from waiting
    where settled and id < coalesce((select min(id) from waiting where not settled), 9223372036854775807)
    order by id limit :limit
), placed as (
    insert into feed (system, position, change_id, settled_at)
    select :system, :last + number, taken.id, greatest(h.settled_at, statement_timestamp())
    from taken cross join feed_heads h where h.system = :system
)
update feed_heads h set
    cluster = :here,
    horizon = least(oldest, (select min(transaction) from waiting
                             where not settled or id > (select max(id) from taken))),
    last = :last + (select count(*) from taken),
    settled_at = greatest(h.settled_at, statement_timestamp())
from present where h.system = :system and exists (select from taken)
returning h.last - :last
"""


async def place(db: AsyncConnection, system: str, limit: int = AT_ONCE) -> int:
    """Give positions to up to ``limit`` settled changes of ``system``; returns how many.

    In a transaction of its own, at READ COMMITTED: what is settled is told by one snapshot, taken after the lock. While
    another sequencer has the lock there is nothing to do.
    """
    given = {"system": system}
    if not await db.scalar(text(_LOCK), given):
        return 0
    head = (await db.execute(text(_HEAD), given)).mappings().one_or_none()
    if head is None:
        await db.execute(text(_BEGIN), given)
        head = (await db.execute(text(_HEAD), given)).mappings().one()
    return int(await db.scalar(text(_PLACE), {**given, **head, "limit": limit}) or 0)


async def systems(db: AsyncConnection) -> list[str]:
    """Whose changes there can be."""
    return [HUB, *(await db.execute(text("select name from systems order by name"))).scalars()]


# A change that has waited for as long itself keeps what is there, lest it were taken for one that was dropped.
_DROP = """
with gone as (
    select h.system, k.position, k.change_id
    from feed_heads h cross join lateral (
        select max(f.position) as position, max(f.change_id) as change_id from feed f
        where f.system = h.system and f.settled_at < now() - cast(:kept as interval)
    ) k where k.position is not null and not exists (
        select from changes c where c.system = h.system and c.transaction >= h.horizon
        and c.recorded_at < now() - cast(:kept as interval)
        and not exists (select from feed f where f.change_id = c.id))
), dropped as (
    delete from feed f using gone where f.system = gone.system and f.position <= gone.position returning 1
), moved as (
    update feed_heads h set dropped = gone.position, dropped_change = greatest(h.dropped_change, gone.change_id)
    from gone where gone.system = h.system
)
select count(*) from dropped
"""


async def expire(db: AsyncConnection, kept: timedelta) -> int:
    """Drop positions given longer than ``kept`` ago; the changes themselves stay. Returns how many."""
    return int(await db.scalar(text(_DROP), {"kept": kept}) or 0)


@dataclass(frozen=True, slots=True)
class Head:
    """The positions of a system that can be read: those after ``dropped``, up to ``last``."""

    dropped: int = 0
    last: int = 0


async def heads(db: AsyncConnection) -> Mapping[str, Head]:
    """How far the feed of each system goes; without those that have no position yet."""
    found = await db.execute(text("select system, dropped, last from feed_heads order by system"))
    return {system: Head(dropped, last) for system, dropped, last in found}


@dataclass(frozen=True, slots=True)
class Figures:
    """How far a system's feed is; ``lag`` is how many seconds its oldest change without a position is old."""

    system: str
    position: int
    lag: float


_OLDEST = """
select extract(epoch from now() - c.recorded_at)::float from changes c
where c.system = :system and c.transaction >= cast(:horizon as xid8) and c.id > :dropped_change
  and not exists (select from feed f where f.change_id = c.id)
order by c.transaction limit 1
"""


async def figures(db: AsyncConnection) -> list[Figures]:
    """Of every system whose sequencer has begun."""
    found = []
    for name in await systems(db):
        head = (await db.execute(text(_HEAD), {"system": name})).mappings().one_or_none()
        if head:
            since = {"system": name, "horizon": head["horizon"], "dropped_change": head["dropped_change"]}
            found.append(Figures(name, head["last"], await db.scalar(text(_OLDEST), since) or 0.0))
    return found
