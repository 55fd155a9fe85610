"""What a person or client does with webhooks: register, change, pause, resume, rotate, replay and delete them.

Each is one transaction, and a row of the audit trail. A webhook that the viewer may not manage is ``None``, like one
that does not exist.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.complaints.problems import Problem, ProblemCode
from hub.errors import Forbidden
from hub.messages import Bilingual
from hub.store import audit
from hub.store.encryption import FieldCipher
from hub.store.feed import cursors, pages
from hub.store.queries import visibility
from hub.store.queries.cursors import InvalidCursor
from hub.store.tables.webhooks import webhook_deliveries
from hub.store.webhooks import endpoints, planning, rules
from hub.store.webhooks.endpoints import MAX_WEBHOOKS, Registration, Webhook, WebhookOptions
from hub.store.webhooks.signatures import OVERLAP, SigningSecrets
from hub.store.webhooks.terms import MessageState, WebhookState
from hub.viewer import Viewer

MAX_OVERLAP = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Operations:
    """The operations of ``viewer`` in the transaction of ``db``, at the time ``now``."""

    db: AsyncConnection
    cipher: FieldCipher
    viewer: Viewer
    now: datetime
    known_kinds: Collection[str]
    loopback: bool = False

    async def register(
        self, webhook_id: str, client: str, options: WebhookOptions, *, asymmetric: bool, after: str | None
    ) -> str | list[Problem]:
        """Register a webhook and return its secret; it follows the feed from ``after``, by default from now."""
        owner = await endpoints.client_viewer(self.db, client)
        if owner is None:
            return [_no_client()]
        if not pages.may_follow_any(owner):
            raise Forbidden(visibility.READ)
        problems = [
            *rules.check(owner, options, self.known_kinds, loopback=self.loopback),
            *_check_cursor(after),
            *([_too_many()] if await endpoints.count(self.db, client) >= MAX_WEBHOOKS else []),
        ]
        if problems:
            return problems
        signing = SigningSecrets.generate(asymmetric=asymmetric)
        cursor = after or await planning.start_cursor(self.db, owner)
        new = Registration(webhook_id, client, cursor, self.now)
        await endpoints.create(self.db, self.cipher, new, options, signing)
        await self._record("register", webhook_id)
        return signing.secrets[0].text

    async def update(self, webhook_id: str, changes: Mapping[str, Any]) -> Webhook | list[Problem] | None:
        """Change fields of the options to the given values; another URL has to agree before it is called."""
        webhook = await self._find(webhook_id, endpoints.may_manage)
        if webhook is None:
            return None
        options = replace(_options(webhook), **changes)
        owner = await endpoints.client_viewer(self.db, webhook.client)
        if problems := rules.check(owner or self.viewer, options, self.known_kinds, loopback=self.loopback):
            return problems
        await endpoints.change(self.db, webhook_id, options)
        if options.url != webhook.url:
            await endpoints.set_state(self.db, webhook_id, WebhookState.UNVERIFIED, self.now)
        await self._record("update", webhook_id)
        return webhook

    async def pause(self, webhook_id: str) -> Webhook | None:
        """Stop calling a webhook; the feed keeps what changes meanwhile."""
        webhook = await self._find(webhook_id, endpoints.may_operate)
        if webhook is not None:
            await endpoints.set_state(self.db, webhook_id, WebhookState.PAUSED, self.now)
            await self._record("pause", webhook_id)
        return webhook

    async def resume(self, webhook_id: str) -> Webhook | None:
        """Call a webhook again, at once, and what is due to it; one that never agreed is asked again."""
        webhook = await self._find(webhook_id, endpoints.may_operate)
        if webhook is not None:
            state = WebhookState.ACTIVE if webhook.verified_at else WebhookState.UNVERIFIED
            await endpoints.set_state(self.db, webhook_id, state, self.now)
            waiting = webhook_deliveries.c.state == MessageState.WAITING.value
            await self._make_due(webhook_id, waiting)
            await self._record("resume", webhook_id)
        return webhook

    async def rotate(
        self, webhook_id: str, *, overlap: timedelta = OVERLAP, asymmetric: bool | None = None
    ) -> str | list[Problem] | None:
        """Return a new secret; earlier ones sign as well for ``overlap``. ``asymmetric`` adds or ends Ed25519 keys."""
        webhook = await self._find(webhook_id, endpoints.may_manage)
        signing = await endpoints.signing_secrets(self.db, self.cipher, webhook_id) if webhook else None
        if signing is None:
            return None
        if not timedelta(0) <= overlap <= MAX_OVERLAP:
            days = MAX_OVERLAP.days
            text = Bilingual(f"At most {days} days, in hours.", f"Paling lama {days} hari, dalam jam.")
            return [Problem("overlapHours", ProblemCode.OUT_OF_RANGE, text)]
        with_keys = bool(signing.private_keys) if asymmetric is None else asymmetric
        renewed = signing.rotate(self.now, overlap, asymmetric=with_keys)
        await endpoints.set_secrets(self.db, self.cipher, webhook_id, renewed)
        await self._record("rotate-secret", webhook_id)
        return renewed.secrets[0].text

    async def replay(
        self,
        webhook_id: str,
        *,
        delivery: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        dead_only: bool = False,
    ) -> int | None:
        """Send settled deliveries again, with the same ids; return how many.

        Either one ``delivery``, or all that were made in the time from ``since`` up to, not including, ``until``.
        """
        if await self._find(webhook_id, endpoints.may_operate) is None:
            return None
        c = webhook_deliveries.c
        states = [MessageState.DEAD] if dead_only else [MessageState.DEAD, MessageState.DONE]
        conditions: list[ColumnElement[bool]] = [c.state.in_([state.value for state in states])]
        conditions += [c.id == delivery] if delivery is not None else []
        conditions += [c.created_at >= since] if since is not None else []
        conditions += [c.created_at < until] if until is not None else []
        count = await self._make_due(webhook_id, and_(*conditions))
        await self._record("replay", webhook_id, deliveries=count)
        return count

    async def delete(self, webhook_id: str) -> Webhook | None:
        """Delete a webhook with its deliveries; nothing more is sent to it."""
        webhook = await self._find(webhook_id, endpoints.may_manage)
        if webhook is not None:
            await endpoints.remove(self.db, webhook_id)
            await self._record("delete", webhook_id)
        return webhook

    async def _find(self, webhook_id: str, may: Callable[[Viewer, str], bool]) -> Webhook | None:
        """Return the webhook, locked, if the viewer ``may`` act on the webhooks of its client."""
        found = await endpoints.find(self.db, self.viewer, webhook_id, lock=True)
        return found[0] if found and may(self.viewer, found[0].client) else None

    async def _make_due(self, webhook_id: str, condition: ColumnElement[bool]) -> int:
        """Make deliveries due now, with the full time for retries; return how many."""
        again = {"state": MessageState.WAITING.value, "attempts": 0, "since": self.now, "due_at": self.now}
        statement = update(webhook_deliveries).where(webhook_deliveries.c.webhook_id == webhook_id, condition)
        return (await self.db.execute(statement.values(**again, settled_at=None, error=None))).rowcount

    async def _record(self, action: str, webhook_id: str, **details: Any) -> None:
        await audit.record(self.db, f"webhooks:{action}", f"webhook:{webhook_id}", **details)


def _options(webhook: Webhook) -> WebhookOptions:
    return WebhookOptions(
        webhook.url, webhook.kinds, webhook.systems, webhook.content, webhook.format, webhook.per_minute
    )


def _check_cursor(after: str | None) -> list[Problem]:
    try:
        if after is not None:
            cursors.decode(after)
    except InvalidCursor as invalid:
        return [Problem("after", ProblemCode.MALFORMED, invalid.args[0])]
    return []


def _too_many() -> Problem:
    text = Bilingual(f"A client may have {MAX_WEBHOOKS} webhooks.", f"Satu klien paling banyak {MAX_WEBHOOKS} webhook.")
    return Problem("url", ProblemCode.TOO_MANY, text)


def _no_client() -> Problem:
    text = Bilingual("No client of the hub, or a suspended one.", "Bukan klien hub, atau klien yang ditangguhkan.")
    return Problem("client", ProblemCode.UNKNOWN, text)
