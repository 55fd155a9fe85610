"""The decisions that systems have to be told: which are due, who has the lease of one, and how an attempt ended.

A matter has one row. What is sent is read when it is sent: a decision that was overtaken meanwhile is not sent, and one
that the other side has already is settled without a call. A worker that dies leaves a lease that ends; the next one
reads the other side's record before it sends again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.agreement.assessment import CREATION
from hub.complaints.forwarding import DeliveryState
from hub.store.outbox.deliveries import MAX_BACKOFF


@dataclass(frozen=True, slots=True, kw_only=True)
class LeasedDecision:
    """A decision that is leased until ``until``; ``outcome_unknown``: an earlier attempt ended without a result."""

    matter_id: int
    decision: str
    times: int
    attempts: int
    until: datetime
    outcome_unknown: bool


# A record is created only once the system was listed: before that nobody knows what it has.
_DUE = f"""d.state in ('WAITING', 'SENDING') and d.due_at <= now() and s.enabled and s.stopped_at is null
    and s.paused_at is null and (d.decision not like '{CREATION}%' or s.synced_at is not null)"""


async def due_systems(db: AsyncConnection) -> list[str]:
    """Return the systems that have to be told a decision now."""
    statement = f"select distinct s.name from decisions d join systems s on s.name = d.system where {_DUE} order by 1"  # noqa: S608
    return list(await db.scalars(text(statement)))


_LEASE = f"""
with next as (
    select d.matter_id, d.state from decisions d join systems s on s.name = d.system
    where d.system = :system and {_DUE}
    order by d.due_at, d.matter_id limit 1 for update of d skip locked)
update decisions d set state = 'SENDING', due_at = now() + make_interval(secs => :lease), trouble = null,
    attempts = d.attempts + 1, attempted_at = now()
from next where d.matter_id = next.matter_id
returning d.matter_id, d.decision, d.times, d.attempts, d.due_at as until, next.state = 'SENDING' as outcome_unknown
"""  # noqa: S608 - only a constant is interpolated


async def lease(db: AsyncConnection, system: str, seconds: float) -> LeasedDecision | None:
    """Lease the next due decision for ``seconds``; no two workers get the same one."""
    row = (await db.execute(text(_LEASE), {"system": system, "lease": seconds})).mappings().one_or_none()
    return LeasedDecision(**row) if row else None


_MINE = "matter_id = :matter_id and state = 'SENDING' and due_at = :until and decision = :decision"
_DONE = """
update decisions set state = 'DONE', done_at = now(), trouble = null
where matter_id = :matter_id and decision = :decision
"""
_RELEASE = f"""
update decisions set state = :state, trouble = :trouble, attempts = attempts - :refund,
    due_at = now() + greatest(make_interval(secs => :wait), make_interval(secs =>
        least(:longest, power(2, least(attempts - 1, 20)) * :backoff) * (0.75 + random() / 2)))
where {_MINE}
"""  # noqa: S608 - only a constant is interpolated
_REPLANNED = """
update decisions set state = 'WAITING', due_at = now()
where matter_id = :matter_id and state = 'SENDING' and due_at = :until
"""
_FORGET = "delete from decisions where matter_id = :matter_id and state = 'SENDING' and due_at = :until"


async def mark_done(db: AsyncConnection, leased: LeasedDecision) -> None:
    """Mark a decision as told. Accepted from a worker whose lease has ended as well: it stays true."""
    await db.execute(text(_DONE), {"matter_id": leased.matter_id, "decision": leased.decision})
    await _replan_overtaken(db, leased)


async def release(
    db: AsyncConnection,
    leased: LeasedDecision,
    state: DeliveryState,
    error: str,
    *,
    wait: float,
    backoff: float,
    counts: bool,
) -> None:
    """End the lease of a decision that was not told; the next attempt is in ``wait`` seconds or after ``backoff``.

    ``counts``: whether the attempt counts.
    """
    params = {
        "matter_id": leased.matter_id,
        "decision": leased.decision,
        "until": leased.until,
        "state": state.value,
        "trouble": error,
        "wait": wait,
        "backoff": backoff,
        "longest": MAX_BACKOFF,
        "refund": 0 if counts else 1,
    }
    await db.execute(text(_RELEASE), params)
    await _replan_overtaken(db, leased)


async def forget(db: AsyncConnection, leased: LeasedDecision) -> None:
    """Delete a decision that need not be told any more."""
    await db.execute(text(_FORGET), {"matter_id": leased.matter_id, "until": leased.until})


async def _replan_overtaken(db: AsyncConnection, leased: LeasedDecision) -> None:
    """Make another decision, which took the place of this one while it was being sent, due now."""
    await db.execute(text(_REPLANNED), {"matter_id": leased.matter_id, "until": leased.until})


# A decision that was not tried yet waits for its time; one without trouble is being sent.
_WAKE = """
update decisions set due_at = now() where system = :system and due_at > now() and attempts > 0
    and (state = 'WAITING' or state = 'SENDING' and trouble is not null)
"""


async def wake(db: AsyncConnection, system: str) -> None:
    """Make all decisions that wait for another attempt at a system due now, when it has recovered."""
    await db.execute(text(_WAKE), {"system": system})


_FIND = """
select system, state, times, attempts, due_at, attempted_at, done_at, trouble
from decisions where matter_id = :matter_id
"""


async def find(db: AsyncConnection, matter_id: int) -> dict[str, Any] | None:
    """Return what has to be sent, or was sent, about a matter, for an operator; None if nothing."""
    row = (await db.execute(text(_FIND), {"matter_id": matter_id})).mappings().one_or_none()
    return None if row is None else dict(row)
