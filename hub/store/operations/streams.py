"""The streams of each system: what is pulled, what is sent, what it calls, and the files it links to."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

SAMPLES_KEPT = timedelta(days=2)


class StreamKind(StrEnum):
    """What flows, seen from the hub."""

    IN = "IN"
    OUT = "OUT"
    HOOKS = "HOOKS"
    FILES = "FILES"


class StreamState(StrEnum):
    """What a stream does. One that is retried is RETRYING, also while a job of it runs."""

    IDLE = "IDLE"
    RUNNING = "RUNNING"
    RETRYING = "RETRYING"
    BLOCKED = "BLOCKED"
    STOPPED = "STOPPED"
    PAUSED = "PAUSED"
    DISABLED = "DISABLED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One stream of a system. Times are None where nothing happened or nothing is planned.

    ``last_at`` is when something last moved, ``read_to`` the time up to which it is complete. ``in_flight`` are sent or
    running now, ``waiting`` are due or planned, ``blocked`` wait for a person.
    """

    kind: StreamKind
    state: StreamState
    last_at: datetime | None = None
    read_to: datetime | None = None
    next_at: datetime | None = None
    last_full_at: datetime | None = None
    in_flight: int = 0
    waiting: int = 0
    blocked: int = 0
    attempts: int = 0
    retrying_since: datetime | None = None
    oldest: datetime | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """The state of a system at one time; lags are in seconds."""

    at: datetime
    lag_in: float | None
    lag_out: float
    records: int
    quarantined: int
    open_deliveries: int


_IN = """
select s.name, s.enabled, s.paused_at, s.stopped_at, s.down_since, s.attempted_at, s.synced_at, s.next_pull_at,
       s.full_at, s.failures, s.trouble, cardinality(s.sends) > 0 or s.register is not null as sends,
       (select count(*) from procrastinate_jobs j where j.task_name = 'hub:pull' and j.status = 'doing'
        and j.args ->> 'system' = s.name) as running
from systems s where s.name = any(:names)
"""
_OUT = """
select system, count(*) filter (where state = 'SENDING') as in_flight,
       count(*) filter (where state = 'WAITING') as waiting,
       count(*) filter (where state in ('BLOCKED', 'OUTCOME_UNKNOWN')) as blocked,
       min(due_at) filter (where state = 'WAITING') as next_at, max(attempted_at) as last_at,
       coalesce(max(attempts) filter (where state = 'WAITING'), 0) as attempts,
       min(created_at) filter (where state = 'WAITING' and attempts > 0) as retrying_since, min(created_at) as oldest,
       (array_agg(trouble order by attempted_at desc nulls last) filter (where trouble is not null))[1] as error
from deliveries where state not in ('DONE', 'GIVEN_UP') and system = any(:names) group by system
"""
_ARRIVED = """
select s.name, d.settled_at from unnest(cast(:names as text[])) as s(name) cross join lateral (
    select settled_at from deliveries where system = s.name and state = 'DONE' order by id desc limit 1) d
"""
_HOOKS = """
select n.name, i.waiting, i.attempts, i.since, i.next_at, i.error, e.last_at
from unnest(cast(:names as text[])) as n(name)
left join (select system, count(*) as waiting, max(attempts) as attempts, min(told_at) as since, min(due_at) as next_at,
                  (array_agg(trouble order by asked_at desc nulls last) filter (where trouble is not null))[1] as error
           from inquiries where due_at is not null group by system) i on i.system = n.name
left join (select subject, max(minute) as last_at from event_counts where event = 'HOOK_TAKEN' group by subject) e
    on e.subject = n.name
"""
_FILES = """
select system, count(due_at) as waiting, count(*) - count(due_at) as blocked, min(due_at) as next_at,
       coalesce(max(attempts), 0) as attempts,
       (array_agg(trouble order by due_at desc) filter (where trouble is not null))[1] as error
from record_files where sha256 is null and system = any(:names) group by system
"""
_SAMPLE = """
insert into system_samples (system, lag_in, lag_out, records, quarantined, open_deliveries)
select s.name, extract(epoch from now() - s.synced_at)::float8,
       coalesce((select greatest(0, extract(epoch from now() - min(d.created_at)))::float8 from deliveries d
                 where d.system = s.name and d.state not in ('DONE', 'GIVEN_UP')), 0),
       coalesce((select sum(c.records) from record_counts c where c.system = s.name), 0)::bigint,
       (select count(*) from quarantine q where q.system = s.name and q.state = 'OPEN'),
       (select count(*) from deliveries d where d.system = s.name and d.state not in ('DONE', 'GIVEN_UP'))
from systems s where s.enabled on conflict do nothing
"""


async def streams(
    db: AsyncConnection, names: list[str], with_hooks: frozenset[str], with_files: frozenset[str]
) -> dict[str, list[Stream]]:
    """Return the streams of each system, with five statements for any number of systems.

    ``with_hooks`` and ``with_files`` are the systems that call the hub, and whose records link to files.
    """
    params = {"names": names}
    pulls = {row["name"]: row for row in (await db.execute(text(_IN), params)).mappings()}
    sent = {row["system"]: dict(row) for row in (await db.execute(text(_OUT), params)).mappings()}
    arrived = {row.name: row.settled_at for row in await db.execute(text(_ARRIVED), params)}
    hooks = {row["name"]: row for row in (await db.execute(text(_HOOKS), params)).mappings()}
    files = {row["system"]: dict(row) for row in (await db.execute(text(_FILES), params)).mappings()}
    found: dict[str, list[Stream]] = defaultdict(list)
    for name, pull in pulls.items():
        found[name].append(_pull(pull))
        if pull["sends"] or name in sent:
            found[name].append(_out(pull, sent.get(name, {}), arrived.get(name)))
        if name in with_hooks:
            found[name].append(_hook(pull, hooks[name]))
        if name in with_files or name in files:
            found[name].append(_file(pull, files.get(name, {})))
    return found


def _halted(system: Any) -> StreamState | None:
    """Return why nothing of the system moves, if so."""
    if not system["enabled"]:
        return StreamState.DISABLED
    if system["paused_at"]:
        return StreamState.PAUSED
    return StreamState.STOPPED if system["stopped_at"] else None


def _pull(row: Any) -> Stream:
    halted, failing = _halted(row), row["down_since"] is not None
    moving = StreamState.RETRYING if failing else StreamState.RUNNING if row["running"] else StreamState.IDLE
    return Stream(
        kind=StreamKind.IN,
        state=halted or moving,
        last_at=row["attempted_at"],
        read_to=row["synced_at"],
        next_at=None if halted in (StreamState.DISABLED, StreamState.PAUSED) else row["next_pull_at"],
        last_full_at=row["full_at"],
        in_flight=row["running"],
        attempts=row["failures"],
        retrying_since=row["stopped_at"] or row["down_since"],
        error=row["trouble"],
    )


def _out(system: Any, row: dict[str, Any], arrived: datetime | None) -> Stream:
    values = {name: value for name, value in row.items() if name not in ("system", "last_at")}
    retrying, blocked = row.get("retrying_since"), row.get("blocked")
    moving = StreamState.RUNNING if row.get("in_flight") or row.get("waiting") else StreamState.IDLE
    state = _halted(system) or (
        StreamState.RETRYING if retrying else StreamState.BLOCKED if blocked and moving is StreamState.IDLE else moving
    )
    return Stream(kind=StreamKind.OUT, state=state, last_at=row.get("last_at") or arrived, read_to=arrived, **values)


def _hook(system: Any, row: Any) -> Stream:
    failing = row["error"] is not None
    moving = StreamState.RETRYING if failing else StreamState.RUNNING if row["waiting"] else StreamState.IDLE
    # What a paused system pushes is stored; only what the hub would have to ask waits.
    state = StreamState.DISABLED if not system["enabled"] else moving
    return Stream(
        kind=StreamKind.HOOKS,
        state=state,
        last_at=row["last_at"],
        next_at=row["next_at"],
        waiting=row["waiting"] or 0,
        attempts=row["attempts"] or 0,
        retrying_since=row["since"] if failing else None,
        oldest=row["since"],
        error=row["error"],
    )


def _file(system: Any, row: dict[str, Any]) -> Stream:
    values = {name: value for name, value in row.items() if name != "system"}
    waiting = StreamState.RETRYING if row.get("attempts") else StreamState.RUNNING
    moving = waiting if row.get("waiting") else StreamState.BLOCKED if row.get("blocked") else StreamState.IDLE
    return Stream(kind=StreamKind.FILES, state=_halted(system) or moving, **values)


async def take_samples(db: AsyncConnection) -> None:
    """Store a sample of each enabled system, and delete old ones."""
    await db.execute(text(_SAMPLE))
    await db.execute(
        text("delete from system_samples where at < now() - cast(:kept as interval)"), {"kept": SAMPLES_KEPT}
    )


async def samples(db: AsyncConnection, names: list[str], period: timedelta) -> dict[str, list[Sample]]:
    """Return the samples of the last ``period`` of each system, the earliest first."""
    rows = await db.execute(
        text(
            "select system, at, lag_in, lag_out, records, quarantined, open_deliveries from system_samples"
            " where system = any(:names) and at > now() - cast(:period as interval) order by system, at"
        ),
        {"names": names, "period": period},
    )
    found: dict[str, list[Sample]] = defaultdict(list)
    for system, *values in rows:
        found[system].append(Sample(*values))
    return found
