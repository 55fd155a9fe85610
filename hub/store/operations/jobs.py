"""The queue of jobs and the workers, as operators see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

WORKER_GONE_AFTER = 120
"""Seconds without a heartbeat after which a worker counts as gone."""
KEPT_HOURS = 72
"""How long a job that failed is kept; one that succeeded is deleted at once."""
BATCH = 5_000
"""Finished jobs that are looked at in one transaction."""


@dataclass(frozen=True, slots=True)
class JobGroup:
    """How many jobs of a task are in a state; ``since`` is when the oldest of them was queued, None if unknown."""

    task: str
    status: str
    number: int
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Workers:
    """How many workers have had a heartbeat of late, and the last heartbeat of any; None if none ever had one."""

    running: int
    last_heartbeat: datetime | None


_GROUPS = """
select j.task_name as task, j.status::text as status, count(*) as number, min(e.at) as since
from procrastinate_jobs j
left join lateral (select min(e.at) as at from procrastinate_events e where e.job_id = j.id) e on true
where j.status in ('todo', 'doing') group by j.task_name, j.status order by j.task_name, j.status
"""
_FAILED = """
select j.task_name as task, j.status::text as status, count(*) as number, min(e.at) as since
from procrastinate_jobs j join procrastinate_events e on e.job_id = j.id and e.type = 'failed'
where j.status = 'failed' and e.at > now() - interval '1 day' group by j.task_name, j.status order by j.task_name
"""
_WORKERS = """
select count(*) filter (where last_heartbeat > now() - make_interval(secs => :gone)) as running,
       max(last_heartbeat) as last_heartbeat from procrastinate_workers
"""


async def groups(db: AsyncConnection) -> list[JobGroup]:
    """Return the jobs that wait or run, and those that failed in the last day, by task and state."""
    waiting = [JobGroup(**row) for row in (await db.execute(text(_GROUPS))).mappings()]
    return [*waiting, *(JobGroup(**row) for row in (await db.execute(text(_FAILED))).mappings())]


async def workers(db: AsyncConnection) -> Workers:
    """Return whether workers run."""
    row = (await db.execute(text(_WORKERS), {"gone": WORKER_GONE_AFTER})).one()
    return Workers(row.running, row.last_heartbeat)


# In the order of their ids, so that no batch comes by what the batches before it have deleted.
_EXPIRE = """
with old as materialized (
    select id from procrastinate_jobs where id > :after and status in ('succeeded', 'failed', 'cancelled', 'aborted')
    order by id limit :limit
), gone as (
    delete from procrastinate_jobs j using old where j.id = old.id and not exists (
        select from procrastinate_events e where e.job_id = j.id and e.at > now() - make_interval(hours => :hours))
    returning 1
)
select max(id) as last, (select count(*) from gone) as deleted from old
"""

_FORGET = """
delete from procrastinate_workers w where last_heartbeat < now() - interval '1 day'
and not exists (select from procrastinate_jobs j where j.worker_id = w.id)
"""


async def expire(db: AsyncConnection, after: int) -> tuple[int | None, int]:
    """Delete those of the next ``BATCH`` finished jobs after an id that ended more than ``KEPT_HOURS`` ago.

    Return the last id that was looked at, None if there was none, and how many were deleted.
    """
    params = {"after": after, "limit": BATCH, "hours": KEPT_HOURS}
    row = (await db.execute(text(_EXPIRE), params)).one()
    return row.last, row.deleted


async def forget_workers(db: AsyncConnection) -> None:
    """Delete the workers that have been gone for a day and have no jobs."""
    await db.execute(text(_FORGET))
