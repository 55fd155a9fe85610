"""The queue of jobs and the workers, as operators see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

WORKER_GONE_AFTER = 120
"""Seconds without a heartbeat after which a worker counts as gone."""


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
