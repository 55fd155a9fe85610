"""The transactional outbox: which deliveries are due, who has the lease of one, and how an attempt ended.

The problem: a change in the hub must reach another system exactly if it was committed, although the hub cannot commit
in both at once and any process may die at any time. The rule: what must be sent is a row, written in the transaction of
its cause (``hub.store.use_cases.forwarding``), and workers send rows until the other system has them.

A delivery is due when its time has come and no earlier delivery of the same complaint to the same system is open, so
the deliveries of one complaint arrive in order. A worker leases a delivery before it sends it: the lease, ``due_at``,
is committed first, and no other worker can lease the delivery until it ends. A worker that dies leaves a lease that
ends.

Delivery is at least once. A delivery whose lease ended in ``SENDING`` may have arrived or not: it is leased again with
``outcome_unknown``, and the worker looks it up at the other side before it sends it again. Every update that reports an
attempt names the lease it had (``due_at``), so that a worker whose lease has ended changes nothing; only
``mark_delivered`` is accepted without it, because that a delivery has arrived stays true.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.complaints.forwarding import AttemptOutcome, DeliveryState
from hub.store.tables.sync import delivery_attempts

MAX_BACKOFF = 900
"""Maximum wait between two attempts in seconds, unless the system requests more."""


@dataclass(frozen=True, slots=True)
class LeasedDelivery:
    """A delivery that is leased until ``until``; its last attempt began ``age`` seconds ago.

    ``outcome_unknown``: an earlier attempt ended without a result.
    """

    id: int
    key: str
    attempts: int
    age: float
    until: datetime
    outcome_unknown: bool
    correlation: str


_FIRST = """not exists (select from deliveries e where e.complaint_id = d.complaint_id and e.system = d.system
    and e.sequence < d.sequence and e.state not in ('DONE', 'GIVEN_UP'))"""
"""No earlier delivery is open."""

_DUE = f"""
select s.name from systems s where s.enabled and s.stopped_at is null and s.paused_at is null and exists (
    select from deliveries d where d.system = s.name and d.state in ('WAITING', 'SENDING') and d.due_at <= now()
    and {_FIRST}) order by s.name
"""  # noqa: S608 - only a constant is interpolated


async def due_systems(db: AsyncConnection) -> list[str]:
    """Return the systems with a due delivery; stopped ones wait for a complete pull, paused ones for an operator."""
    return list((await db.execute(text(_DUE))).scalars())


_LEASE = f"""
with next as (
    select d.id, d.state from deliveries d join systems s on s.name = d.system
    where d.system = :system and d.state in ('WAITING', 'SENDING') and d.due_at <= now()
      and s.stopped_at is null and s.paused_at is null and {_FIRST}
    order by d.due_at, d.id limit 1 for update of d skip locked)
update deliveries d set
    state = 'SENDING', due_at = now() + make_interval(secs => :lease), trouble = null,
    attempts = d.attempts + (next.state = 'WAITING')::int,
    attempted_at = case when next.state = 'WAITING' then now() else d.attempted_at end
from next where d.id = next.id
returning d.id, d.key, d.attempts, extract(epoch from now() - d.attempted_at)::float8 as age, d.due_at as until,
          next.state = 'SENDING' as outcome_unknown, d.correlation
"""  # noqa: S608 - only a constant is interpolated


async def lease(db: AsyncConnection, system: str, seconds: float) -> LeasedDelivery | None:
    """Lease the next due delivery to ``system`` for ``seconds``; no two workers get the same one."""
    row = (await db.execute(text(_LEASE), {"system": system, "lease": seconds})).mappings().one_or_none()
    return LeasedDelivery(**row) if row else None


_RETRY = """
update deliveries set attempts = attempts + 1, attempted_at = now(), due_at = now() + make_interval(secs => :lease)
where id = :id and state = 'SENDING' and due_at = :until
returning id, key, attempts, 0::float8 as age, due_at as until, false as outcome_unknown, correlation
"""


async def begin_retry(db: AsyncConnection, leased: LeasedDelivery, seconds: float) -> LeasedDelivery | None:
    """Begin a new attempt at a delivery that was looked up and not found. None if the lease has ended."""
    params = {"id": leased.id, "until": leased.until, "lease": seconds}
    row = (await db.execute(text(_RETRY), params)).mappings().one_or_none()
    return LeasedDelivery(**row) if row else None


async def record_attempt(
    db: AsyncConnection,
    ids: Iterable[int],
    outcome: AttemptOutcome,
    error: str | None = None,
    *,
    actor: str = "worker",
) -> None:
    """Record how an attempt at each of these deliveries ended, or what a person decided."""
    rows = [{"delivery_id": each, "outcome": outcome.value, "trouble": error, "actor": actor} for each in ids]
    if rows:
        await db.execute(insert(delivery_attempts), rows)


_DONE = """
update deliveries set state = 'DONE', external_id = :external_id, settled_at = now(), trouble = null
where id = :id and state not in ('DONE', 'GIVEN_UP')
returning system, action, complaint_id
"""

_LINK = """
insert into counterparts (system, external_id, complaint_id, origin)
values (:system, :external_id, :complaint_id, 'SENT') on conflict do nothing
"""


async def mark_delivered(db: AsyncConnection, delivery_id: int, external_id: str) -> bool:
    """Mark a delivery as delivered. Return whether it created a record that the hub should fetch.

    Accepted from a worker whose lease has ended as well.
    """
    row = (await db.execute(text(_DONE), {"id": delivery_id, "external_id": external_id})).one_or_none()
    if row is None or row.action != "CREATE":
        return False
    params = {"system": row.system, "external_id": external_id, "complaint_id": row.complaint_id}
    await db.execute(text(_LINK), params)
    return True


_RELEASE = """
update deliveries set state = :state, trouble = :trouble,
    due_at = now() + greatest(make_interval(secs => :wait),
        make_interval(secs => least(:longest, power(2, least(attempts - :refund, 20)) * :backoff)
                              * (0.75 + random() / 2))),
    attempts = attempts - :refund
where id = :id and state = 'SENDING' and due_at = :until
"""


async def release(
    db: AsyncConnection,
    leased: LeasedDelivery,
    state: DeliveryState,
    error: str,
    *,
    wait: float = 0.0,
    backoff: float = 0.0,
    counts: bool = True,
) -> None:
    """End the lease of a delivery that has not arrived.

    It is due in ``wait`` seconds, or after ``backoff``, which doubles with each attempt. ``counts``: whether the
    attempt counts. Nothing happens if the lease has ended already.
    """
    params = {
        "id": leased.id,
        "until": leased.until,
        "state": state.value,
        "trouble": error,
        "wait": wait,
        "backoff": backoff,
        "longest": MAX_BACKOFF,
        "refund": 0 if counts else 1,
    }
    await db.execute(text(_RELEASE), params)


_SETTLE_LINKED = """
update deliveries d set state = 'DONE', external_id = c.external_id, settled_at = now(), trouble = null
from counterparts c
where d.system = :system and d.action = 'CREATE' and c.system = d.system and c.complaint_id = d.complaint_id
  and (cast(:complaint_id as bigint) is null or d.complaint_id = :complaint_id)
  and (d.state in ('WAITING', 'BLOCKED', 'OUTCOME_UNKNOWN') or d.state = 'SENDING' and d.due_at <= now())
returning d.id
"""


async def is_creating(db: AsyncConnection, system: str, complaint_id: int) -> bool:
    """Return whether the delivery that creates a complaint at ``system`` is being sent.

    Locks it for this transaction.
    """
    creating = (
        "select state from deliveries where system = :system and complaint_id = :complaint_id and action = 'CREATE'"
        " and state not in ('DONE', 'GIVEN_UP') for update"
    )
    found = await db.scalars(text(creating), {"system": system, "complaint_id": complaint_id})
    return DeliveryState.SENDING.value in set(found)


async def settle_linked(db: AsyncConnection, system: str, complaint_id: int | None = None) -> int:
    """Mark deliveries that would create a record as delivered if the complaint is linked meanwhile; return how many."""
    ids = list(await db.scalars(text(_SETTLE_LINKED), {"system": system, "complaint_id": complaint_id}))
    await record_attempt(db, ids, AttemptOutcome.FOUND)
    return len(ids)


async def wake(db: AsyncConnection, system: str) -> None:
    """Make all waiting deliveries of a system due now, when it has recovered."""
    await db.execute(
        text("update deliveries set due_at = now() where system = :system and state = 'WAITING' and due_at > now()"),
        {"system": system},
    )


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many open deliveries of a system are in a state, and when the oldest of them was created."""

    system: str
    state: str
    count: int
    oldest: datetime


async def backlog(db: AsyncConnection) -> list[Backlog]:
    """Return all open deliveries, by system and state."""
    found = await db.execute(
        text(
            "select system, state, count(*) as count, min(created_at) as oldest from deliveries"
            " where state not in ('DONE', 'GIVEN_UP') group by system, state order by system, state"
        )
    )
    return [Backlog(**row) for row in found.mappings()]
