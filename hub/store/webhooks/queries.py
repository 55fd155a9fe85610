"""Reads what was sent to webhooks: deliveries, attempts, and the figures for metrics."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import RowMapping, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.tables.webhooks import webhook_attempts, webhook_deliveries, webhooks
from hub.store.webhooks import endpoints
from hub.store.webhooks.terms import MessageState, WebhookState
from hub.viewer import Viewer


async def list_deliveries(
    db: AsyncConnection,
    viewer: Viewer,
    webhook_id: str,
    *,
    first: int,
    states: Collection[MessageState] | None = None,
    before: str | None = None,
) -> list[dict[str, Any]]:
    """Return the latest deliveries to a webhook that ``viewer`` may see, before the one with the id ``before``."""
    if not await endpoints.find(db, viewer, webhook_id):
        return []
    c = webhook_deliveries.c
    statement = select(webhook_deliveries).where(c.webhook_id == webhook_id)
    if states is not None:
        statement = statement.where(c.state.in_([state.value for state in states]))
    if before is not None:
        number = select(c.number).where(c.id == before, c.webhook_id == webhook_id).scalar_subquery()
        statement = statement.where(c.number < func.coalesce(number, 0))
    found = await db.execute(statement.order_by(c.number.desc()).limit(first))
    return [dict(row) for row in found.mappings()]


async def list_attempts(db: AsyncConnection, viewer: Viewer, ids: Sequence[str]) -> Mapping[str, list[RowMapping]]:
    """Return the attempts, in order, of the deliveries among ``ids`` to webhooks that ``viewer`` may see."""
    a, d = webhook_attempts.c, webhook_deliveries.c
    statement = (
        select(webhook_attempts)
        .join(webhook_deliveries, d.id == a.delivery_id)
        .join(webhooks, webhooks.c.id == d.webhook_id)
        .where(a.delivery_id.in_(ids), endpoints.visible(viewer))
        .order_by(a.id)
    )
    found: dict[str, list[RowMapping]] = defaultdict(list)
    for row in (await db.execute(statement)).mappings():
        found[row["delivery_id"]].append(row)
    return found


@dataclass(frozen=True, slots=True)
class WebhookFigures:
    """The numbers of webhooks by client and state, and of open and dead deliveries; seconds of failures by client."""

    webhooks: Mapping[tuple[str, str], int]
    deliveries: Mapping[tuple[str, str], int]
    failing: Mapping[str, float]


_OPEN = [each.value for each in (MessageState.WAITING, MessageState.SENDING, MessageState.DEAD)]


async def figures(db: AsyncConnection) -> WebhookFigures:
    """Return the figures for metrics."""
    w, d, number = webhooks.c, webhook_deliveries.c, func.count().label("number")
    of_hooks = select(w.client, w.state, number).group_by(w.client, w.state)
    of_deliveries = (
        select(w.client, d.state, number)
        .join(webhook_deliveries, d.webhook_id == w.id)
        .where(d.state.in_(_OPEN))
        .group_by(w.client, d.state)
    )
    age = func.extract("epoch", func.now() - func.min(w.failing_since)).label("age")
    failing = select(w.client, age).where(w.state == WebhookState.ACTIVE.value, w.failing_since.is_not(None))
    return WebhookFigures(
        {(row.client, row.state): row.number for row in await db.execute(of_hooks)},
        {(row.client, row.state): row.number for row in await db.execute(of_deliveries)},
        {row.client: max(0.0, float(row.age)) for row in await db.execute(failing.group_by(w.client))},
    )
