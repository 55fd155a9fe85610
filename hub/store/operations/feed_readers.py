"""How far the readers of the feed are whose positions the hub stores: the webhooks of clients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hub.store.feed.cursors import decode
from hub.store.feed.sequence import SequencerStatus
from hub.store.queries.cursors import InvalidCursor
from hub.store.webhooks.endpoints import Webhook


@dataclass(frozen=True, slots=True)
class FeedReader:
    """A webhook and the number of positions, of the systems that it follows, that it has not read yet."""

    webhook_id: str
    client: str
    state: str
    behind: int


def readers(webhooks: Sequence[Webhook], heads: Sequence[SequencerStatus]) -> list[FeedReader]:
    """Return the readers, those furthest behind first."""
    last = {head.system: head.position for head in heads}
    found = [FeedReader(each.id, each.client, each.state.value, _behind(each, last)) for each in webhooks]
    return sorted(found, key=lambda each: (-each.behind, each.webhook_id))


def _behind(webhook: Webhook, last: Mapping[str, int]) -> int:
    try:
        taken = decode(webhook.cursor)
    except InvalidCursor:
        taken = {}
    followed = last if webhook.systems is None else {name: last[name] for name in webhook.systems if name in last}
    return sum(max(0, position - taken.get(name, 0)) for name, position in followed.items())
