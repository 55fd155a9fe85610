"""Makes deliveries of the changes that a webhook has not been sent yet: a webhook is a reader of the feed.

Deliveries and the cursor behind them are written in one transaction, so a change becomes a delivery exactly once. Where
changes were dropped from the feed before they were read, a delivery of the kind ``GAP`` states it.
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.feed import pages, sequence
from hub.store.feed.cursors import Positions, decode, encode
from hub.store.feed.pages import FeedRequest, PositionExpired
from hub.store.tables.webhooks import webhook_deliveries, webhooks
from hub.store.webhooks import endpoints
from hub.store.webhooks.endpoints import Webhook
from hub.store.webhooks.terms import GAP, MessageState, WebhookState
from hub.viewer import Viewer

PAGE = 100
"""Changes that become deliveries in one transaction."""
MAX_OPEN = 1_000
"""Open deliveries of a webhook, at which planning pauses: the feed keeps what follows."""

_OPEN = (MessageState.WAITING.value, MessageState.SENDING.value)


class Planned(Enum):
    """How far a webhook has read the feed."""

    MORE = "more"
    END = "end"
    NOTHING = "nothing"
    """Another worker plans for it, it has too many open deliveries, or it or its client may not be called."""


async def plan(db: AsyncConnection, webhook_id: str, now: datetime) -> Planned:
    """Make deliveries of the next changes; return how far the webhook has read the feed."""
    webhook = await _lock(db, webhook_id)
    viewer = await endpoints.client_viewer(db, webhook.client) if webhook else None
    if webhook is None or viewer is None or await _open(db, webhook_id) >= MAX_OPEN:
        return Planned.NOTHING
    after = decode(webhook.cursor)
    request = FeedRequest(PAGE, after, webhook.systems, webhook.kinds)
    try:
        page = await pages.read_page(db, viewer, request)
    except PositionExpired as expired:
        await _add_gap(db, webhook, viewer, after, expired.system, now)
        return Planned.MORE
    rows = [
        _row(webhook, now, change.system, change.position, change.kind, change.subject, cursor)
        for change, cursor in zip(page.changes, page.cursors, strict=True)
    ]
    await _insert(db, rows)
    # The page has the positions of the systems that the client may follow now; those of others stay.
    await endpoints.set_cursor(db, webhook_id, encode({**after, **decode(page.end)}))
    return Planned.MORE if page.more else Planned.END


async def start_cursor(db: AsyncConnection, viewer: Viewer) -> str:
    """Return the current position of the feed, from which a new webhook follows it."""
    return (await pages.read_page(db, viewer, FeedRequest(1, now=True))).end


async def _lock(db: AsyncConnection, webhook_id: str) -> Webhook | None:
    statement = select(webhooks).where(webhooks.c.id == webhook_id, webhooks.c.state == WebhookState.ACTIVE.value)
    row = (await db.execute(statement.with_for_update(skip_locked=True))).mappings().one_or_none()
    return endpoints.from_row(row) if row else None


async def _open(db: AsyncConnection, webhook_id: str) -> int:
    c = webhook_deliveries.c
    return int(await db.scalar(select(func.count()).where(c.webhook_id == webhook_id, c.state.in_(_OPEN))) or 0)


async def _add_gap(
    db: AsyncConnection, webhook: Webhook, viewer: Viewer, after: Positions, system: str, now: datetime
) -> None:
    """Add a delivery that states which positions of ``system`` were dropped, and go on behind them."""
    head = (await sequence.heads(db))[system]
    # A cursor ahead of the feed is from before a restored backup: what the restored feed still keeps is sent.
    reached = head.dropped
    cursor = encode({**after, system: reached})
    gap = {"from": after.get(system, 0), "to": reached, "snapshot": f"/bulk/{system}?after={webhook.cursor}"}
    row = _row(webhook, now, system, reached, GAP, "", cursor)
    await _insert(db, [{**row, "gap": gap}])
    await endpoints.set_cursor(db, webhook.id, cursor)


def _row(
    webhook: Webhook, now: datetime, system: str, position: int, kind: str, subject: str, cursor: str
) -> dict[str, object]:
    where = {"webhook_id": webhook.id, "system": system, "position": position, "kind": kind, "subject": subject}
    return {**where, "cursor": cursor, "since": now, "due_at": now, "created_at": now}


async def _insert(db: AsyncConnection, rows: list[dict[str, object]]) -> None:
    if rows:
        # A system that the client may follow again is read from its start, or from where it was: never sent twice.
        await db.execute(insert(webhook_deliveries).on_conflict_do_nothing(), rows)
