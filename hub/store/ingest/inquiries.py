"""Inquiries: the subjects of webhooks that prove too little to be stored, about which the hub asks the system.

It also asks a system that lists nothing for a permit that another system has. An answered inquiry is kept for a day,
so that repeated calls about the same subject do not cause as many inquiries.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

KEPT_DAYS = 90
"""How long an unanswered inquiry is retried."""
MIN_INTERVAL = timedelta(seconds=30)
"""Minimum time between two inquiries about the same subject."""

_ADD = """
insert into inquiries (system, reference, due_at) select :system, unnest(cast(:references as text[])), now()
on conflict (system, reference) do update set told_at = now(), attempts = 0,
    due_at = greatest(now(), inquiries.asked_at + cast(:min_interval as interval))
where inquiries.due_at is null
"""

_BACKLOG = """
select system, count(*) as waiting, min(told_at) as since, (array_agg(trouble order by asked_at desc))[1] as error,
    (array_agg(reference order by asked_at desc))[1:3] as latest
from inquiries where due_at is not null and trouble is not null group by system order by system
"""

_EXPIRE = """
delete from inquiries where told_at < now() - make_interval(days => :days)
    or (due_at is null and asked_at < now() - interval '1 day')
"""


@dataclass(frozen=True, slots=True)
class Inquiry:
    """The reference to ask the system about, and the number of failed attempts."""

    reference: str
    attempts: int


@dataclass(frozen=True, slots=True)
class InquiryBacklog:
    """How many inquiries of a system have failed so far, and the latest error."""

    system: str
    waiting: int
    since: datetime
    error: str
    latest: list[str]


async def add(db: AsyncConnection, system: str, references: Sequence[str]) -> None:
    """Add inquiries that are due at once; waiting ones keep their due time."""
    params = {"system": system, "references": sorted(set(references)), "min_interval": MIN_INTERVAL}
    await db.execute(text(_ADD), params)


async def due_systems(db: AsyncConnection) -> list[str]:
    """Return the systems with a due inquiry."""
    due = "select distinct i.system from inquiries i join systems s on s.name = i.system"
    found = await db.execute(text(f"{due} where i.due_at <= now() and s.paused_at is null"))
    return list(found.scalars())


async def due(db: AsyncConnection, system: str, limit: int) -> list[Inquiry]:
    """Return the due inquiries, the longest waiting first."""
    statement = "select reference, attempts from inquiries where system = :system and due_at <= now()"
    found = await db.execute(text(f"{statement} order by due_at limit :limit"), {"system": system, "limit": limit})
    return [Inquiry(*row) for row in found]


async def mark_answered(db: AsyncConnection, system: str, reference: str) -> None:
    """Mark an inquiry as answered, in the transaction that stores the answer."""
    statement = "update inquiries set due_at = null, asked_at = now(), trouble = null"
    await db.execute(text(f"{statement} where system = :s and reference = :r"), {"s": system, "r": reference})


async def mark_failed(db: AsyncConnection, system: str, reference: str, error: str, wait: timedelta) -> None:
    """Record a failed attempt; the next is due after ``wait``."""
    statement = "update inquiries set due_at = now() + cast(:wait as interval), asked_at = now(), trouble = :error"
    params = {"s": system, "r": reference, "error": error, "wait": wait}
    await db.execute(text(f"{statement}, attempts = attempts + 1 where system = :s and reference = :r"), params)


async def mark_absent(db: AsyncConnection, system: str, reference: str, wait: timedelta) -> bool:
    """Record the answer that the system has no such record, if the hub asks because another system has it.

    Return whether it does; then the next inquiry is due after ``wait``. The subject of a webhook has to exist.
    """
    known = "select from matters where left_system = :s and key = :r and left_id is null and right_id is not null"
    statement = "update inquiries set due_at = now() + cast(:wait as interval), asked_at = now(), trouble = null"
    where = f"where system = :s and reference = :r and exists ({known})"
    params = {"s": system, "r": reference, "wait": wait}
    return (await db.execute(text(f"{statement}, attempts = attempts + 1 {where}"), params)).rowcount > 0


async def backlog(db: AsyncConnection) -> list[InquiryBacklog]:
    """Return the inquiries that have failed so far, by system."""
    return [InquiryBacklog(*row) for row in await db.execute(text(_BACKLOG))]


async def expire(db: AsyncConnection) -> int:
    """Delete inquiries that were answered a day ago or not in ``KEPT_DAYS``; return how many."""
    return (await db.execute(text(_EXPIRE), {"days": KEPT_DAYS})).rowcount
