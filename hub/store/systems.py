"""The state of each system: its cursor, its last complete pull, and since when it is down or stopped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.contract import Cursor
from hub.errors import MAX_RETRY_AFTER
from hub.store.database import execute

MAX_BACKOFF = 40
"""Maximum seconds between two pulls of a system that is down, unless it requests more, before they are spread by a
quarter: so that within a minute of its return what waits for it is sent."""
MIN_STOP, MAX_STOP = 60, 21_600
"""Minimum and maximum seconds until a stopped system is pulled again; the wait doubles with each stop that follows
within twice the maximum."""
MAX_DELAY = "make_interval(secs => greatest(every, 43200) * 2)"
"""In SQL: no pull is delayed longer. A time further in the future is an error, or the clock was set back."""


@dataclass(frozen=True, slots=True)
class SystemState:
    """The state of one system, as the graph, ``/metrics`` and ``hub run`` show it.

    ``synced_at`` is the start of the last complete pull, up to which the hub has all changes; None before the first
    one. ``records`` excludes records that are gone, ``quarantined`` entries that were discarded.
    """

    name: str
    title: str
    owner: str
    coverage: str
    enabled: bool
    every: float
    synced_at: datetime | None
    full_at: datetime | None
    down_since: datetime | None
    stopped_at: datetime | None
    last_error: str | None
    records: int
    quarantined: int
    paused_at: datetime | None = None

    @property
    def state(self) -> str:
        """``UP``, ``DOWN``, ``STOPPED`` (it refuses the hub), ``STARTING`` (before the first pull) or ``DISABLED``."""
        if not self.enabled:
            return "DISABLED"
        if self.stopped_at:
            return "STOPPED"
        if self.down_since:
            return "DOWN"
        return "UP" if self.synced_at else "STARTING"


_OVERVIEW = """
select s.name, s.title, s.owner, s.coverage, s.enabled, s.every, s.synced_at, s.full_at, s.down_since, s.stopped_at,
       s.trouble as last_error, s.paused_at,
       coalesce((select sum(c.records) from record_counts c where c.system = s.name), 0)::bigint as records,
       (select count(*) from quarantine q where q.system = s.name and q.state = 'OPEN') as quarantined
from systems s
where %(names)s::text[] is null or s.name = any(%(names)s)
order by s.name
"""


async def overview(db: AsyncConnection, names: list[str] | None = None) -> list[SystemState]:
    """Return the state of all systems, or of those in ``names``."""
    return [SystemState(**row) for row in await execute(db, _OVERVIEW, {"names": names})]


async def visible_to(db: AsyncConnection) -> dict[str, str | None]:
    """Return to whom the records of each enabled system are visible, as declared at the last migration."""
    found = await db.execute(text("select name, visible_to from systems where enabled"))
    return {row.name: row.visible_to for row in found}


async def due(db: AsyncConnection) -> list[str]:
    """Return the systems whose next pull is due, including stopped ones, so that these recover by themselves."""
    found = await db.execute(
        text(
            "select name from systems where enabled and paused_at is null"  # noqa: S608
            f" and (next_pull_at <= now() or next_pull_at > now() + {MAX_DELAY}) order by next_pull_at"
        )
    )
    return list(found.scalars())


async def implausible_delays(db: AsyncConnection) -> dict[str, float]:
    """Return in how many days the next pull is due, for each enabled system where that is implausibly long."""
    found = await db.execute(
        text(
            "select name, extract(epoch from next_pull_at - now())::float / 86400 as days from systems"  # noqa: S608
            f" where enabled and next_pull_at > now() + {MAX_DELAY} order by name"
        )
    )
    return {row.name: row.days for row in found}


@dataclass(frozen=True, slots=True)
class PullPosition:
    """The start of a pull: the stored cursor, the last complete full run, and the start of an unfinished one.

    ``full_requested_at`` is when an operator requested a full run that has not begun.
    """

    cursor: Cursor
    full_at: datetime | None
    full_started_at: datetime | None
    full_requested_at: datetime | None


async def pull_position(db: AsyncConnection, name: str) -> PullPosition:
    """Return where the system's next pull begins."""
    found = await db.execute(
        text("select cursor, full_at, full_started_at, full_requested_at from systems where name = :name"),
        {"name": name},
    )
    return PullPosition(**found.mappings().one())


async def begin_full_run(db: AsyncConnection, name: str, at: datetime) -> None:
    """Record the start of a full run, which begins without a cursor."""
    await db.execute(
        text("update systems set full_started_at = :at, full_requested_at = null, cursor = '{}' where name = :name"),
        {"name": name, "at": at},
    )


async def save_cursor(db: AsyncConnection, name: str, to: Cursor) -> None:
    """Store the cursor, in the transaction that stored the page."""
    await db.execute(
        text("update systems set cursor = cast(:cursor as jsonb), attempted_at = now() where name = :name"),
        {"name": name, "cursor": orjson.dumps(to).decode()},
    )


async def mark_succeeded(db: AsyncConnection, name: str, began: datetime, *, full_since: datetime | None) -> bool:
    """Record a complete pull that began at ``began``; return whether the system had been down or stopped.

    ``full_since`` is when the full run that ends with this pull began; None if none ends.
    """
    found = await db.execute(
        text(
            "update systems s set synced_at = :began, full_started_at = null,"
            " full_at = coalesce(cast(:full as timestamptz), s.full_at),"
            " next_pull_at = now() + make_interval(secs => s.every), down_since = null, stopped_at = null,"
            " trouble = null, failures = 0, broken_since = null, attempted_at = now()"
            " from (select down_since, stopped_at from systems where name = :name for update) was"
            " where s.name = :name returning coalesce(was.down_since, was.stopped_at) is not null"
        ),
        {"name": name, "began": began, "full": full_since},
    )
    return bool(found.scalar_one())


async def mark_failed(db: AsyncConnection, name: str, error: str, wait: float | None, *, broken: bool = False) -> bool:
    """Record a failed pull and delay the next one; return whether the system was up before.

    The delay is a backoff, or ``wait`` seconds if the system requested more. ``broken``: a response violated the
    contract.
    """
    found = await db.execute(
        text(
            "update systems s set down_since = coalesce(s.down_since, now()), trouble = :trouble, attempted_at = now(),"
            " failures = s.failures + 1, broken_since = case when :broken then coalesce(s.broken_since, now()) end,"
            " next_pull_at = now() + make_interval(secs => greatest(:wait,"
            " least(:longest, s.every * power(2, least(s.failures, 10))) * (0.75 + random() / 2)))"
            " from (select down_since from systems where name = :name for update) was"
            " where s.name = :name returning was.down_since is null"
        ),
        {
            "name": name,
            "trouble": error,
            "wait": min(wait or 0.0, MAX_RETRY_AFTER),
            "longest": MAX_BACKOFF,
            "broken": broken,
        },
    )
    return bool(found.scalar_one())


async def postpone(db: AsyncConnection, name: str, wait: float | None) -> None:
    """Delay the next pull by ``wait`` seconds, or by its period; the state of the system stays as it is."""
    await db.execute(
        text(
            "update systems set next_pull_at = now() + make_interval(secs => greatest(:wait, every)),"
            " attempted_at = now() where name = :name"
        ),
        {"name": name, "wait": wait or 0.0},
    )


async def broken_for(db: AsyncConnection, name: str) -> timedelta:
    """Return how long every pull of the system has met responses that violate the contract."""
    found = await db.execute(
        text("select coalesce(now() - broken_since, interval '0') from systems where name = :name"), {"name": name}
    )
    duration: timedelta = found.scalar_one()
    return duration


async def mark_stopped(db: AsyncConnection, name: str, error: str) -> None:
    """Record that the system is stopped: nothing is sent, and pulls become rarer until one is complete.

    A person may have to act. Several jobs that meet the same error at once delay the next pull only once.
    """
    params = {"name": name, "first": MIN_STOP, "longest": MAX_STOP}
    await db.execute(
        text(
            "update systems s set stops = n.stops, last_stop_at = now(), next_pull_at = now() + make_interval("
            "secs => greatest(s.every, least(:longest, :first * power(2, least(n.stops - 1, 20)))) *"
            " (0.75 + random() / 2)) from (select case when last_stop_at > now() - make_interval(secs => 2 * :longest)"
            " then stops + 1 else 1 end as stops from systems where name = :name for update) n"
            " where s.name = :name and (s.stopped_at is null or s.next_pull_at <= now())"
        ),
        params,
    )
    await db.execute(
        text("update systems set stopped_at = coalesce(stopped_at, now()), trouble = :trouble where name = :name"),
        {"name": name, "trouble": error},
    )


async def resume_stopped(db: AsyncConnection) -> None:
    """Make stopped systems due at once: a worker that starts may have corrected settings."""
    await db.execute(
        text("update systems set stopped_at = null, stops = 0, next_pull_at = now() where stopped_at is not null")
    )


async def mass_absence_since(db: AsyncConnection, name: str) -> datetime | None:
    """Return the start of the full run that missed so many records that it needs a confirmation; None without one."""
    at: datetime | None = await db.scalar(text("select absent_at from systems where name = :name"), {"name": name})
    return at


async def set_mass_absence(db: AsyncConnection, name: str, at: datetime | None) -> None:
    """Set or clear the start of the full run that needs a confirmation."""
    await db.execute(text("update systems set absent_at = :at where name = :name"), {"name": name, "at": at})
