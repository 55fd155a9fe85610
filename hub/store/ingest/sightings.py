"""Which records a full run of a system listed, and which it missed.

A record that a run creates or updates has the time in ``seen_at``. Unchanged records are not written: their ids are
noted in the transaction of their page, so that a run that is killed continues with what it has noted. At its end only
the records that it missed are written, which are few.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


async def note(db: AsyncConnection, system: str, run: datetime, record_ids: Sequence[int]) -> None:
    """Note that the full run that began at ``run`` listed these records; some may be noted twice."""
    if record_ids:
        await db.execute(
            text("insert into sightings (system, run, records) values (:system, :run, :records)"),
            {"system": system, "run": run, "records": sorted(record_ids)},
        )


async def discard(db: AsyncConnection, system: str) -> None:
    """Discard the sightings, except those since the start of a run that waits for a confirmation."""
    await db.execute(
        text(
            "delete from sightings s using systems y where y.name = s.system and s.system = :system"
            " and (y.absent_at is null or s.run < y.absent_at)"
        ),
        {"system": system},
    )


@dataclass(frozen=True, slots=True)
class FullRunScope:
    """What a full run of ``system`` lists: what occurred since ``horizon`` (None: everything).

    Records received directly since ``direct_since`` may not be listed yet.
    """

    system: str
    horizon: datetime | None
    direct_since: datetime


@dataclass(frozen=True, slots=True)
class UnseenCounts:
    """How many records a full run should have listed, and how many of these it did not."""

    expected: int
    missing: int


_IN_HORIZON = (
    "system = :system and gone_at is null and (cast(:horizon as timestamptz) is null or occurred_at >= :horizon)"
)
_LISTED = f"{_IN_HORIZON} and (direct_at is null or direct_at < :direct_since)"


def _unseen_since(parameter: str) -> str:
    """Return the condition that nothing since the time in ``parameter`` saw a record."""
    return (
        f"seen_at < :{parameter} and not exists (select from sightings s, unnest(s.records) listed(id)"
        f" where s.system = :system and s.run >= :{parameter} and listed.id = records.id)"
    )


async def count_unseen(
    db: AsyncConnection, scope: FullRunScope, not_seen_since: datetime, known_missing_since: datetime | None
) -> UnseenCounts:
    """Count what a complete full run that began at ``not_seen_since`` did not list.

    Records missing since ``known_missing_since`` already are left out.
    """
    params = asdict(scope)
    expected = await _count(db, _LISTED, params)
    missing = await _count(db, f"{_LISTED} and {_unseen_since('since')}", {**params, "since": not_seen_since})
    if known_missing_since is None:
        return UnseenCounts(expected, missing)
    # What nothing saw since an earlier run, nothing saw since this one.
    known = await _count(db, f"{_LISTED} and {_unseen_since('since')}", {**params, "since": known_missing_since})
    return UnseenCounts(expected - known, missing - known)


async def _count(db: AsyncConnection, where: str, params: dict[str, object]) -> int:
    return await db.scalar(text(f"select count(*) from records where {where}"), params) or 0  # noqa: S608


async def mark_gone(db: AsyncConnection, scope: FullRunScope, not_seen_since: datetime) -> list[str]:
    """Mark what was last seen before ``not_seen_since`` as gone; return the external ids."""
    result = await db.scalars(
        text(
            f"update records set gone_at = now() where {_LISTED} and {_unseen_since('since')}"  # noqa: S608
            " returning external_id"
        ),
        {**asdict(scope), "since": not_seen_since},
    )
    return list(result)


_LISTED_BEFORE = """(select y.listed_at from systems y where y.name = records.system
    and (y.listed_from is null or records.occurred_at >= y.listed_from))"""
"""When the last confirmed run began, for records that it could list."""

_MARK_MISSED = f"""
update records set seen_at = greatest(seen_at, {_LISTED_BEFORE}), missed_at = :began
where {_IN_HORIZON} and missed_at is null and {_unseen_since("began")}
"""  # noqa: S608

_KEEP_TIME_BEYOND_HORIZON = f"""
update records set seen_at = greatest(seen_at, {_LISTED_BEFORE})
where system = :system and gone_at is null and missed_at is null and occurred_at < :horizon
  and seen_at < {_LISTED_BEFORE}
"""  # noqa: S608

_CONFIRM = """
update systems set listed_at = greatest(listed_at, :began), listed_from = cast(:horizon as timestamptz)
where name = :system
"""


async def confirm(db: AsyncConnection, system: str, began: datetime, horizon: datetime | None) -> None:
    """Record that the run that began at ``began`` listed all records since ``horizon`` but those that it missed.

    What it missed, or what occurred before ``horizon`` now, keeps the time up to which it is known to be current.
    """
    params = {"system": system, "began": began, "horizon": horizon}
    await db.execute(text(_MARK_MISSED), params)
    if horizon is not None:
        await db.execute(text(_KEEP_TIME_BEYOND_HORIZON), params)
    await db.execute(text(_CONFIRM), params)
    await discard(db, system)
