"""Whether the endpoint of a webhook agreed to be called."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.webhooks.endpoints import Webhook
from hub.store.webhooks.terms import CONSENT_WITHIN, DisabledReason, WebhookState, retry_wait

MAX_WAIT = timedelta(minutes=30)
"""The longest wait between two requests for consent."""

_LEASE = """
update webhooks w set retry_at = :until from clients c
where w.id = :id and w.state = 'UNVERIFIED' and w.retry_at <= :now and c.id = w.client and c.suspended_at is null
returning w.id
"""

_AGREED = """
update webhooks set state = 'ACTIVE', verified_at = :now, failures = 0, failing_since = null, retry_at = :now,
    error = null, per_minute = least(per_minute, coalesce(cast(:rate as int), per_minute))
where id = :id and state = 'UNVERIFIED' and url = :url
"""

_NOT_AGREED = """
update webhooks set failures = failures + 1, error = :error, retry_at = :retry, state = :state, reason = :reason
where id = :id and state = 'UNVERIFIED' and url = :url
"""


async def lease(db: AsyncConnection, webhook_id: str, now: datetime, lasts: timedelta) -> bool:
    """Return whether the endpoint is to be asked now; no other worker asks it meanwhile."""
    found = await db.execute(text(_LEASE), {"id": webhook_id, "now": now, "until": now + lasts})
    return found.one_or_none() is not None


async def mark_agreed(db: AsyncConnection, webhook: Webhook, now: datetime, rate: int | None) -> None:
    """Activate a webhook whose endpoint agreed, to at most ``rate`` calls a minute."""
    await db.execute(text(_AGREED), {"id": webhook.id, "url": webhook.url, "now": now, "rate": rate})


async def mark_not_agreed(
    db: AsyncConnection, webhook: Webhook, error: str, now: datetime, jitter: random.Random
) -> DisabledReason | None:
    """Let the endpoint be asked again later; after ``CONSENT_WITHIN`` disable the webhook and return why."""
    ended = now - (webhook.failing_since or webhook.created_at) >= CONSENT_WITHIN
    reason = DisabledReason.NO_CONSENT if ended else None
    values = {
        "error": error,
        "retry": now + min(MAX_WAIT, retry_wait(webhook.failures + 1, jitter)),
        "state": WebhookState.DISABLED.value if ended else WebhookState.UNVERIFIED.value,
        "reason": reason and reason.value,
    }
    await db.execute(text(_NOT_AGREED), {"id": webhook.id, "url": webhook.url, **values})
    return reason
