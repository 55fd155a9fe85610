"""Deliveries to webhooks: which is due, who has the lease of one, and how an attempt ended.

As in the outbox (``hub.store.outbox.deliveries``), a delivery is leased in a transaction before it is sent and settled
in one after it, so that any process may die at any time: its lease ends, and the delivery is sent again with the same
id. A delivery is due when its time has come and no earlier one of the same subject is open. Every time is handed in.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.webhooks.terms import (
    BREAKER_THRESHOLD,
    DISABLED_AFTER,
    RETRIED_FOR,
    WARNED_AFTER,
    DisabledReason,
    MessageState,
    breaker_wait,
    retry_wait,
)

BURST = timedelta(seconds=5)
"""An endpoint that was idle may get the calls of this time at once."""
EXPIRED_AT_ONCE = 5_000
"""Deliveries that are deleted in one transaction."""


@dataclass(frozen=True, slots=True)
class LeasedMessage:
    """A delivery that is leased until ``until``; ``gap`` are the dropped positions of a message about a gap."""

    id: str
    webhook_id: str
    system: str
    position: int
    kind: str
    subject: str
    cursor: str
    gap: Mapping[str, Any] | None
    attempts: int
    since: datetime
    until: datetime
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Attempt:
    """A call of an endpoint: when it began, how long it took, and the status of the response or what went wrong.

    ``retry_after``: how many seconds the endpoint asked to wait.
    """

    at: datetime
    took: timedelta
    status: int | None = None
    error: str | None = None
    retry_after: float | None = None

    @property
    def delivered(self) -> bool:
        """Whether the endpoint accepted the message."""
        return self.error is None and self.status is not None and 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        """Whether the endpoint asked for no further calls."""
        return self.status == 410


_CALLABLE = """w.state = 'ACTIVE' and w.retry_at <= :now and c.suspended_at is null
    and w.next_at <= cast(:now as timestamptz) + cast(:burst as interval)"""

_DUE = """d.state in ('WAITING', 'SENDING') and d.due_at <= :now and not exists (
    select from webhook_deliveries e where e.webhook_id = d.webhook_id and e.system = d.system
    and e.kind = d.kind and e.subject = d.subject and e.state in ('WAITING', 'SENDING') and e.number < d.number)"""

_LEASE = f"""
with hook as (
    select w.id from webhooks w join clients c on c.id = w.client
    where w.id = :webhook and {_CALLABLE} for update of w
), next as (
    select d.id from hook join webhook_deliveries d on d.webhook_id = hook.id
    where {_DUE} order by d.number limit 1 for update of d skip locked
), paced as (
    update webhooks set
        next_at = greatest(next_at, :now) + make_interval(secs => 60.0 / per_minute),
        retry_at = case when failures >= :threshold then cast(:until as timestamptz) else retry_at end
    where id in (select id from hook) and exists (select from next)
)
update webhook_deliveries d set state = 'SENDING', due_at = :until, attempts = d.attempts + 1
from next where d.id = next.id
returning d.id, d.webhook_id, d.system, d.position, d.kind, d.subject, d.cursor, d.gap, d.attempts, d.since,
          d.due_at as until, d.created_at
"""  # noqa: S608 - only constants are interpolated


async def lease(db: AsyncConnection, webhook_id: str, now: datetime, lasts: timedelta) -> LeasedMessage | None:
    """Lease the next due delivery, if the endpoint may be called at ``now``; no two workers get the same one.

    An endpoint that has failed ``BREAKER_THRESHOLD`` times in a row gets no other call until this one has ended.
    """
    times = {"now": now, "until": now + lasts, "burst": BURST}
    params = {"webhook": webhook_id, "threshold": BREAKER_THRESHOLD, **times}
    row = (await db.execute(text(_LEASE), params)).mappings().one_or_none()
    return LeasedMessage(**row) if row else None


_DONE = """
update webhook_deliveries set state = 'DONE', settled_at = :now, error = null
where id = :id and state in ('WAITING', 'SENDING')
"""

_WORKS = """
update webhooks set failures = 0, failing_since = null, warned_at = null, error = null, retry_at = least(retry_at, :now)
where id = :webhook and failures > 0
"""


async def mark_delivered(db: AsyncConnection, message: LeasedMessage, attempt: Attempt, now: datetime) -> None:
    """Settle a delivery that the endpoint accepted; also accepted from a worker whose lease has ended."""
    await record_attempt(db, message, attempt)
    await db.execute(text(_DONE), {"id": message.id, "now": now})
    await db.execute(text(_WORKS), {"webhook": message.webhook_id, "now": now})


_WITHDRAWN = """
update webhook_deliveries set state = 'WITHDRAWN', settled_at = :now where id = :id and state = 'SENDING'
and due_at = :until
"""


async def withdraw(db: AsyncConnection, message: LeasedMessage, now: datetime) -> None:
    """Settle a delivery about a change that the client may not see any more; nothing was sent."""
    await db.execute(text(_WITHDRAWN), {"id": message.id, "now": now, "until": message.until})


_RELEASE = """
update webhook_deliveries set state = :state, due_at = :due, error = :error,
    settled_at = case when :state = 'DEAD' then cast(:now as timestamptz) end
where id = :id and state = 'SENDING' and due_at = :until
returning id
"""

_FAILED = """
update webhooks set
    failures = failures + 1, failing_since = coalesce(failing_since, :now), error = :error,
    retry_at = :now
where id = :webhook
returning failures, failing_since, warned_at, state
"""

_BREAK = """
update webhooks set retry_at = :retry, warned_at = case when :warn then cast(:now as timestamptz) else warned_at end,
    state = case when cast(:reason as text) is null then state else 'DISABLED' end,
    reason = coalesce(cast(:reason as text), reason)
where id = :webhook
"""


@dataclass(frozen=True, slots=True)
class Failed:
    """What follows from a failure: the state of the delivery, whether the client was warned, why it was disabled."""

    state: MessageState
    warned: bool = False
    disabled: DisabledReason | None = None


async def mark_failed(
    db: AsyncConnection, message: LeasedMessage, attempt: Attempt, now: datetime, jitter: random.Random
) -> Failed:
    """Release a delivery that the endpoint did not accept, or end it as a dead letter, and count the failure.

    Nothing happens to a delivery whose lease has ended already.
    """
    wait = max(retry_wait(message.attempts, jitter), timedelta(seconds=attempt.retry_after or 0))
    dead = now + wait > message.since + RETRIED_FOR and not attempt.gone
    state = MessageState.DEAD if dead else MessageState.WAITING
    error = attempt.error or f"HTTP {attempt.status}"
    params = {"id": message.id, "state": state.value, "due": now + wait, "error": error, "now": now}
    await record_attempt(db, message, attempt)
    if (await db.execute(text(_RELEASE), {**params, "until": message.until})).one_or_none() is None:
        return Failed(state)
    return await _count_failure(db, message.webhook_id, state, error, now, gone=attempt.gone)


async def _count_failure(
    db: AsyncConnection, webhook_id: str, state: MessageState, error: str, now: datetime, *, gone: bool
) -> Failed:
    row = (await db.execute(text(_FAILED), {"webhook": webhook_id, "error": error, "now": now})).one()
    failing = now - row.failing_since
    reason = DisabledReason.GONE if gone else DisabledReason.FAILING if failing >= DISABLED_AFTER else None
    warned = row.warned_at is None and failing >= WARNED_AFTER
    # It was warned first, however rarely it is called.
    reason = None if reason is DisabledReason.FAILING and warned else reason
    values = {"retry": now + breaker_wait(row.failures), "warn": warned, "reason": reason and reason.value, "now": now}
    await db.execute(text(_BREAK), {"webhook": webhook_id, **values})
    return Failed(state, warned, reason)


_ATTEMPT = """
insert into webhook_attempts (delivery_id, at, status, error, milliseconds)
select id, :at, cast(:status as int), cast(:error as text), :milliseconds from webhook_deliveries where id = :delivery
"""


async def record_attempt(db: AsyncConnection, message: LeasedMessage, attempt: Attempt) -> None:
    """Record a call of the endpoint, unless the webhook was deleted meanwhile."""
    values = {"at": attempt.at, "status": attempt.status, "error": attempt.error}
    milliseconds = round(attempt.took.total_seconds() * 1000)
    await db.execute(text(_ATTEMPT), {"delivery": message.id, "milliseconds": milliseconds, **values})


_WEBHOOKS = f"""
select w.id from webhooks w join clients c on c.id = w.client
where {_CALLABLE} and exists (select from webhook_deliveries d where d.webhook_id = w.id and {_DUE})
"""  # noqa: S608 - only constants are interpolated


async def due_webhooks(db: AsyncConnection, now: datetime) -> frozenset[str]:
    """Return the webhooks that may be called now and have a delivery that is due."""
    return frozenset(await db.scalars(text(_WEBHOOKS), {"now": now, "burst": BURST}))


_EXPIRE = """
delete from webhook_deliveries where id in (
    select id from webhook_deliveries where settled_at < :before order by settled_at limit :limit)
"""


async def expire(db: AsyncConnection, before: datetime) -> int:
    """Delete at most ``EXPIRED_AT_ONCE`` deliveries that were settled before a time; return how many.

    Their attempts go with the partition of their month.
    """
    return (await db.execute(text(_EXPIRE), {"before": before, "limit": EXPIRED_AT_ONCE})).rowcount


async def expire_unplaced_attempts(db: AsyncConnection, before: datetime) -> None:
    """Delete the attempts from before a time whose month had no partition."""
    await db.execute(text("delete from webhook_attempts_default where at < :before"), {"before": before})
