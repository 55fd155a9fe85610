"""Builds the body of a message from the feed at the moment it is sent, with what its client may see then."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.feed import changes, pages
from hub.store.feed.changes import Change
from hub.store.feed.cursors import encode
from hub.store.webhooks.deliveries import LeasedMessage
from hub.store.webhooks.endpoints import Webhook
from hub.store.webhooks.terms import GAP, WebhookContent, WebhookFormat
from hub.viewer import Viewer

CONTENT_TYPES: Mapping[WebhookFormat, str] = {
    WebhookFormat.STANDARD: "application/json",
    WebhookFormat.CLOUDEVENTS: "application/cloudevents+json; charset=utf-8",
}

_QUERY = (
    "query($after: String, $systems: [String!]) { changes(first: 1, after: $after, systems: $systems)"
    " { edges { node { kind subject fields before after removed effectiveAt } } } }"
)


async def build(
    db: AsyncConnection, webhook: Webhook, viewer: Viewer, message: LeasedMessage, issuer: str
) -> bytes | None:
    """Return the body; None if ``viewer`` may not see the change any more, or it is no longer in the feed.

    ``issuer`` is the origin of the hub, where the change can be fetched.
    """
    if not pages.may_follow(viewer, message.system):
        return None
    if message.kind == GAP:
        assert message.gap is not None
        snapshot = issuer + message.gap["snapshot"]
        data = {"system": message.system, "cursor": message.cursor, **message.gap, "snapshot": snapshot}
        return _serialize(webhook, message, GAP, message.created_at, {**data, "reason": "CURSOR_EXPIRED"}, issuer)
    before = {message.system: message.position - 1}
    statement = changes.visible_changes(viewer, before, {message.system: message.position}, None)
    row = (await db.execute(statement)).mappings().one_or_none()
    if row is None:
        return None
    change = changes.to_change(row, viewer)
    data = _thin(change, message, issuer)
    if webhook.content is WebhookContent.FULL:
        data |= {"before": change.before, "after": change.after, "effectiveAt": change.effective_at}
    return _serialize(webhook, message, f"{change.kind}.{_verb(change)}", change.recorded_at, data, issuer)


def _verb(change: Change) -> str:
    if change.removed:
        return "removed"
    return "changed" if change.fields else "created"


def _thin(change: Change, message: LeasedMessage, issuer: str) -> dict[str, Any]:
    variables = {"after": encode({change.system: change.position - 1}), "systems": [change.system]}
    query = urlencode({"query": _QUERY, "variables": orjson.dumps(variables).decode()})
    return {
        "id": message.id,
        "system": change.system,
        "kind": change.kind,
        "subject": change.subject,
        "position": change.position,
        "cursor": message.cursor,
        "fields": change.fields,
        "removed": change.removed,
        "url": f"{issuer}/graphql?{query}",
    }


def _serialize(
    webhook: Webhook, message: LeasedMessage, type_: str, at: datetime, data: Mapping[str, Any], issuer: str
) -> bytes:
    if webhook.format is WebhookFormat.STANDARD:
        return orjson.dumps({"type": type_, "timestamp": at, "data": data})
    event = {
        "specversion": "1.0",
        "id": message.id,
        "source": f"{issuer}/systems/{message.system}",
        "type": type_,
        "time": at,
        "datacontenttype": "application/json",
        **({"subject": f"{message.kind}/{message.subject}"} if message.subject else {}),
        "data": data,
    }
    return orjson.dumps(event)
