"""Assigns feed positions to changes after their transactions are committed (decision 0008).

The id of a change is drawn before its commit, so ids do not appear in order and a reader that pages by id would miss a
late one. A position is therefore assigned only once a change is settled: no transaction as old as its own is running
(``pg_snapshot_xmin``), so nothing can appear before it any more. Positions of a system have no gaps and never change.

A settled change still waits for a committed, unsettled change with a smaller id. Both may be of the same record, and
then the id alone tells which was first, because it is drawn while the row is locked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import psycopg
from psycopg import sql
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

HUB = "hub"
"""The complaint service, which counts as a system."""

BATCH_SIZE = 20_000
"""Changes that get their positions in one transaction."""

# A generic plan, or one made for a backlog, would read the whole history for the few recent changes.
_LOCK = """
select pg_try_advisory_xact_lock(hashtextextended('feed ' || :system, 0)),
       set_config('plan_cache_mode', 'force_custom_plan', true)
"""

_BEGIN = """
insert into feed_heads (system, cluster) select :system, system_identifier from pg_control_system()
on conflict do nothing
"""

# If the database was restored from the dump of another cluster, whose transactions had other numbers, the horizon is
# meaningless. Then changes whose positions were dropped are recognised by their ids, and changes with a transaction
# number in this cluster's future are settled.
_HEAD = """
select h.last, s.system_identifier as here,
       case when h.cluster = s.system_identifier then h.horizon else '0' end::text as horizon,
       case when h.cluster = s.system_identifier then 0 else h.dropped_change end as dropped_change
from feed_heads h cross join pg_control_system() s where h.system = :system
"""

_ASSIGN = """
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


async def assign_positions(db: AsyncConnection, system: str, limit: int = BATCH_SIZE) -> int:
    """Assign positions to at most ``limit`` settled changes of ``system``; return how many.

    Runs in a transaction of its own at READ COMMITTED, so that the snapshot that decides what is settled is taken after
    the lock. While another sequencer has the lock nothing is assigned.
    """
    params = {"system": system}
    if not await db.scalar(text(_LOCK), params):
        return 0
    head = (await db.execute(text(_HEAD), params)).mappings().one_or_none()
    if head is None:
        await db.execute(text(_BEGIN), params)
        head = (await db.execute(text(_HEAD), params)).mappings().one()
    return int(await db.scalar(text(_ASSIGN), {**params, **head, "limit": limit}) or 0)


async def list_systems(db: AsyncConnection) -> list[str]:
    """Return the systems that can have changes."""
    return [HUB, *(await db.execute(text("select name from systems order by name"))).scalars()]


# Nothing is dropped while a change that is as old has no position yet: it would be taken for one that was dropped.
_DROP = """
with gone as (
    select h.system, k.position, k.change_id
    from feed_heads h cross join lateral (
        select max(f.position) as position, max(f.change_id) as change_id from feed f
        where f.system = h.system and f.position > h.dropped and f.settled_at < now() - cast(:retention as interval)
    ) k where k.position is not null and not exists (
        select from changes c where c.system = h.system and c.transaction >= h.horizon
        and c.recorded_at < now() - cast(:retention as interval)
        and not exists (select from feed f where f.change_id = c.id))
)
update feed_heads h set dropped = gone.position, dropped_change = greatest(h.dropped_change, gone.change_id)
from gone where gone.system = h.system
returning h.system
"""

_COUNT = "select coalesce(sum(dropped), 0) from feed_heads"

# Rows of a month that had no partition.
_DELETE = "delete from feed_default f using feed_heads h where f.system = h.system and f.position <= h.dropped"


async def expire(db: AsyncConnection, retention: timedelta) -> int:
    """Drop the positions assigned longer than ``retention`` ago, and return how many; the changes stay.

    Nobody can read them any more. Their rows go with the partition of their month (``is_dropped``).
    """
    before = await db.scalar(text(_COUNT))
    await db.execute(text(_DROP), {"retention": retention})
    await db.execute(text(_DELETE))
    # Positions have no gaps.
    return int(await db.scalar(text(_COUNT)) - before)


def is_dropped(connection: psycopg.Connection, partition: str) -> bool:
    """Return whether all positions of a partition were dropped."""
    found = (
        "select from feed_heads h where exists (select from {} f where f.system = h.system and f.position > h.dropped)"
    )
    return not connection.execute(sql.SQL(found).format(sql.Identifier(partition))).rowcount


@dataclass(frozen=True, slots=True)
class Head:
    """The positions of a system that can be read: those after ``dropped``, up to ``last``."""

    dropped: int = 0
    last: int = 0


async def heads(db: AsyncConnection) -> Mapping[str, Head]:
    """Return the heads of all systems that have a position."""
    found = await db.execute(text("select system, dropped, last from feed_heads order by system"))
    return {system: Head(dropped, last) for system, dropped, last in found}


@dataclass(frozen=True, slots=True)
class SequencerStatus:
    """The last position of a system; ``lag`` is the age in seconds of its oldest change without a position."""

    system: str
    position: int
    lag: float


_OLDEST = """
select extract(epoch from now() - c.recorded_at)::float from changes c
where c.system = :system and c.transaction >= cast(:horizon as xid8) and c.id > :dropped_change
  and not exists (select from feed f where f.change_id = c.id)
order by c.transaction limit 1
"""


async def sequencer_status(db: AsyncConnection) -> list[SequencerStatus]:
    """Return the status of every system whose sequencer has begun."""
    found = []
    for name in await list_systems(db):
        head = (await db.execute(text(_HEAD), {"system": name})).mappings().one_or_none()
        if head:
            params = {"system": name, "horizon": head["horizon"], "dropped_change": head["dropped_change"]}
            found.append(SequencerStatus(name, head["last"], await db.scalar(text(_OLDEST), params) or 0.0))
    return found
