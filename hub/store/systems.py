"""Where each system stands: its cursor, when it was last in step, since when it is down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.connectors.base import Cursor


@dataclass(frozen=True, slots=True)
class SystemState:
    """One system as the graph, ``/metrics`` and ``hub run`` show it.

    ``synced_at`` is the instant up to which the hub has heard everything the system tells; None
    before the first complete pull. ``records`` leaves out what is gone, ``quarantined`` what was discarded.
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
    trouble: str | None
    records: int
    quarantined: int

    @property
    def state(self) -> str:
        """``UP``, ``DOWN``, ``STOPPED`` (a person has to act), ``STARTING`` (first pull not done) or ``DISABLED``."""
        if not self.enabled:
            return "DISABLED"
        if self.stopped_at:
            return "STOPPED"
        if self.down_since:
            return "DOWN"
        return "UP" if self.synced_at else "STARTING"


_OVERVIEW = """
select s.name, s.title, s.owner, s.coverage, s.enabled, s.every, s.synced_at, s.full_at, s.down_since, s.stopped_at,
       s.trouble,
       coalesce((select sum(c.records) from record_counts c where c.system = s.name), 0)::bigint as records,
       (select count(*) from quarantine q where q.system = s.name and q.state = 'OPEN') as quarantined
from systems s
where cast(:names as text[]) is null or s.name = any(:names)
order by s.name
"""


async def overview(connection: AsyncConnection, names: list[str] | None = None) -> list[SystemState]:
    """All systems, or those named, in one statement."""
    found = await connection.execute(text(_OVERVIEW), {"names": names})
    return [SystemState(**row) for row in found.mappings()]


async def due(connection: AsyncConnection) -> list[str]:
    """Systems whose next pull is due; stopped ones rest until a person acts."""
    found = await connection.execute(
        text(
            "select name from systems where enabled and stopped_at is null and next_pull_at <= now()"
            " order by next_pull_at"
        )
    )
    return list(found.scalars())


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a pull begins: the stored cursor, and the full run that was last complete or is under way."""

    cursor: Cursor
    full_at: datetime | None
    full_started_at: datetime | None


async def standing(connection: AsyncConnection, name: str) -> Standing:
    """Where the system's next pull begins."""
    found = await connection.execute(
        text("select cursor, full_at, full_started_at from systems where name = :name"), {"name": name}
    )
    return Standing(**found.mappings().one())


async def start_full(connection: AsyncConnection, name: str, at: datetime) -> None:
    """A full run begins: whatever it has not listed at its end, seen before ``at``, is gone."""
    await connection.execute(
        text("update systems set full_started_at = :at, cursor = '{}' where name = :name"), {"name": name, "at": at}
    )


async def advance(connection: AsyncConnection, name: str, to: Cursor) -> None:
    """Store the cursor, in the transaction that stored the page."""
    await connection.execute(
        text("update systems set cursor = cast(:cursor as jsonb), attempted_at = now() where name = :name"),
        {"name": name, "cursor": orjson.dumps(to).decode()},
    )


async def succeeded(connection: AsyncConnection, name: str, began: datetime, *, full_since: datetime | None) -> bool:
    """A run is complete: the hub is in step as of ``began``. Says whether the system had been down.

    ``full_since`` is when the full run that ends with it began, if one does.
    """
    found = await connection.execute(
        text(
            "update systems s set synced_at = :began, full_started_at = null,"
            " full_at = coalesce(cast(:full as timestamptz), s.full_at),"
            " next_pull_at = now() + make_interval(secs => s.every), down_since = null, stopped_at = null,"
            " trouble = null, failures = 0, attempted_at = now()"
            " from (select down_since from systems where name = :name for update) was"
            " where s.name = :name returning was.down_since is not null"
        ),
        {"name": name, "began": began, "full": full_since},
    )
    return bool(found.scalar_one())


async def failed(connection: AsyncConnection, name: str, trouble: str, wait: timedelta | None) -> bool:
    """A pull ended early: back off, or as long as the system asked. Says whether it has just gone down."""
    found = await connection.execute(
        text(
            "update systems s set down_since = coalesce(s.down_since, now()), trouble = :trouble, attempted_at = now(),"
            " failures = s.failures + 1, next_pull_at = now() + greatest(cast(:wait as interval),"
            " make_interval(secs => least(900, s.every * power(2, least(s.failures, 10))) * (0.75 + random() / 2)))"
            " from (select down_since from systems where name = :name for update) was"
            " where s.name = :name returning was.down_since is null"
        ),
        {"name": name, "trouble": trouble, "wait": wait or timedelta(0)},
    )
    return bool(found.scalar_one())


async def stopped(connection: AsyncConnection, name: str, trouble: str) -> None:
    """A person has to act; no pull until ``resume``."""
    await connection.execute(
        text("update systems set stopped_at = coalesce(stopped_at, now()), trouble = :trouble where name = :name"),
        {"name": name, "trouble": trouble},
    )


async def resume(connection: AsyncConnection) -> None:
    """Give stopped systems another chance, when a worker starts with settings that may have been mended."""
    await connection.execute(
        text("update systems set stopped_at = null, next_pull_at = now() where stopped_at is not null")
    )
