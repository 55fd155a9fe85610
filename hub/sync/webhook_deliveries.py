"""Sends the messages of the clients' webhooks: one task for each webhook, so a slow endpoint delays no other one.

A webhook follows the feed (``hub.store.webhooks.planning``). Its deliveries are leased in a transaction before the call
and settled in one after it (``hub.store.webhooks.deliveries``). Any number of workers may send.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from hub.concurrency import cancel_and_wait, gather_limited, is_cancelled
from hub.http_client.endpoint_client import TIMEOUT, CallFailed, EndpointClient
from hub.store.database import Cause, Database
from hub.store.encryption import FieldCipher
from hub.store.feed import sequence
from hub.store.webhooks import consent, deliveries, endpoints, messages, planning
from hub.store.webhooks.deliveries import Attempt, Failed, LeasedMessage
from hub.store.webhooks.endpoints import Webhook
from hub.store.webhooks.planning import Planned
from hub.store.webhooks.signatures import SigningSecrets
from hub.store.webhooks.terms import WebhookState
from hub.sync.webhook_consent import NotAgreed, ask, signed_headers

log = structlog.get_logger()

CAUSE = Cause("webhooks", "worker", "webhooks")
LEASE = timedelta(seconds=2 * TIMEOUT)
"""How long a delivery is leased: two calls of a request for consent must have ended by then, too."""
CONCURRENCY = 4
"""Calls of one endpoint at the same time, for different subjects."""


def utc_now() -> datetime:
    """Return the time of this machine."""
    return datetime.now(UTC)


@dataclass
class WebhookSender:
    """Sends what is due at the time of ``clock``. ``issuer`` is the origin of the hub as clients know it."""

    database: Database
    cipher: FieldCipher
    http: EndpointClient
    issuer: str
    clock: Callable[[], datetime] = utc_now
    jitter: random.Random = field(default_factory=random.Random)
    _running: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _read: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """The heads of the feed when a webhook had read it to its end."""

    async def start_due(self) -> None:
        """Start a task for each webhook that has something to do and none yet; errors of ended tasks are logged."""
        self._collect()
        now = self.clock()
        async with self.database.read() as db:
            found, due = await endpoints.callable_now(db, now), await deliveries.due_webhooks(db, now)
            heads = await sequence.heads(db)
        for webhook in found:
            if webhook.id in self._running:
                continue
            if webhook.state is WebhookState.UNVERIFIED:
                self._start(webhook, self._verify(webhook))
            elif webhook.id in due or self._read.get(webhook.id) != heads:
                self._start(webhook, self._serve(webhook, heads))

    async def drain(self) -> None:
        """Send until nothing is due and every task has ended; raise the first error."""
        while True:
            await self.start_due()
            if not self._running:
                return
            await asyncio.gather(*self._running.values())

    async def close(self) -> None:
        """Cancel all tasks; what they were sending is sent again when its lease has ended."""
        await cancel_and_wait(self._running.values())
        self._running.clear()

    def _start(self, webhook: Webhook, work: Any) -> None:
        self._running[webhook.id] = asyncio.create_task(work)

    def _collect(self) -> None:
        for webhook_id, task in list(self._running.items()):
            if task.done():
                del self._running[webhook_id]
                if not task.cancelled() and (error := task.exception()):
                    log.warning("webhook.error", webhook=webhook_id, error=type(error).__name__)

    async def _verify(self, webhook: Webhook) -> None:
        """Ask the endpoint whether it agrees, and commit the outcome."""
        now = self.clock()
        async with self.database.write(CAUSE) as db:
            signing = await endpoints.signing_secrets(db, self.cipher, webhook.id)
            if signing is None or not await consent.lease(db, webhook.id, now, LEASE):
                return
        try:
            rate = await ask(self.http, webhook, signing, self.issuer, now)
        except NotAgreed as refused:
            async with self.database.write(CAUSE) as db:
                disabled = await consent.mark_not_agreed(db, webhook, str(refused), self.clock(), self.jitter)
            if disabled:
                self._log_disabled(webhook, disabled.value)
            return
        async with self.database.write(CAUSE) as db:
            await consent.mark_agreed(db, webhook, self.clock(), rate)
        log.info("webhook.verified", webhook=webhook.id, client=webhook.client)

    async def _serve(self, webhook: Webhook, heads: Mapping[str, Any]) -> None:
        """Make deliveries of what the webhook has not read, and send all that are due, until there is neither."""
        planned = Planned.MORE
        while planned is Planned.MORE:
            async with self.database.write(CAUSE) as db:
                planned = await planning.plan(db, webhook.id, self.clock())
            await self._send_due(webhook)
        if planned is Planned.END:
            self._read[webhook.id] = heads

    async def _send_due(self, webhook: Webhook) -> None:
        async def send_all(_: int) -> None:
            while message := await self._lease(webhook.id):
                await self._send(message)

        await gather_limited(send_all, range(CONCURRENCY), CONCURRENCY)

    async def _lease(self, webhook_id: str) -> LeasedMessage | None:
        async with self.database.write(CAUSE) as db:
            return await deliveries.lease(db, webhook_id, self.clock(), LEASE)

    async def _send(self, message: LeasedMessage) -> None:
        """Send one message with what holds now, and commit the outcome."""
        async with self.database.read() as db:
            webhook = await endpoints.get(db, message.webhook_id)
            viewer = await endpoints.client_viewer(db, webhook.client) if webhook else None
            signing = await endpoints.signing_secrets(db, self.cipher, message.webhook_id)
            if webhook is None or viewer is None or signing is None or webhook.state is not WebhookState.ACTIVE:
                # Its client acted meanwhile: the lease ends by itself.
                return
            body = await messages.build(db, webhook, viewer, message, self.issuer)
        if body is None:
            async with self.database.write(CAUSE) as db:
                await deliveries.withdraw(db, message, self.clock())
            return
        attempt = await self._call(webhook, message, signing, body)
        async with self.database.write(CAUSE) as db:
            if attempt.delivered:
                await deliveries.mark_delivered(db, message, attempt, self.clock())
                return
            failed = await deliveries.mark_failed(db, message, attempt, self.clock(), self.jitter)
        self._log_failure(webhook, message, attempt, failed)

    async def _call(self, webhook: Webhook, message: LeasedMessage, signing: SigningSecrets, body: bytes) -> Attempt:
        at, began = self.clock(), asyncio.get_running_loop().time()
        headers = signed_headers(signing, message.id, at, body, messages.CONTENT_TYPES[webhook.format])
        status, error, after = None, None, None
        try:
            answer = await self.http.call("POST", webhook.url, headers, body)
        except CallFailed as failed:
            error = str(failed)
        else:
            status, after = answer.status, answer.retry_after
        took = timedelta(seconds=asyncio.get_running_loop().time() - began)
        return Attempt(at, took, status, error, after)

    def _log_failure(self, webhook: Webhook, message: LeasedMessage, attempt: Attempt, failed: Failed) -> None:
        error = attempt.error or f"HTTP {attempt.status}"
        log.info("webhook.failed", webhook=webhook.id, delivery=message.id, state=failed.state.value, error=error)
        if failed.warned:
            log.warning("webhook.failing", webhook=webhook.id, client=webhook.client, error=error)
        if failed.disabled:
            self._log_disabled(webhook, failed.disabled.value)

    def _log_disabled(self, webhook: Webhook, reason: str) -> None:
        log.warning("webhook.disabled", webhook=webhook.id, client=webhook.client, reason=reason)


async def run(sender: WebhookSender, every: float) -> None:
    """Send what is due, and look every ``every`` seconds; errors, such as an unavailable database, are logged."""
    try:
        while not is_cancelled():
            try:
                await sender.start_due()
            # An error in one round must not end the loop: no webhook would be called any more.
            except Exception as error:
                if is_cancelled():
                    raise
                log.warning("worker.webhooks", error=type(error).__name__)
            await asyncio.sleep(every)
    finally:
        with suppress(asyncio.CancelledError):
            await sender.close()
