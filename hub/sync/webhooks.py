"""Webhooks: calls by which systems report to the hub, verified by their connectors and ingested."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from hub.bounds import is_indexable
from hub.connectors import registry
from hub.connectors.base import Connector
from hub.connectors.registry import Enabled
from hub.contract import WebhookCall, WebhookResult
from hub.store import job_queue
from hub.store.database import Cause, Database
from hub.store.encryption import FieldCipher
from hub.store.ingest import inquiries
from hub.sync.ingest import Ingest

STORE_TIMEOUT = 10.0
"""Seconds for storing one call; systems do not wait for long, and retry."""


class Webhooks:
    """The webhooks of the enabled systems; raises ``BadSetting`` if a setting of one is wrong."""

    def __init__(self, database: Database, cipher: FieldCipher, enabled: Iterable[Enabled]) -> None:
        self._webhooks = {
            (system.name, hook): Webhook(
                database,
                cipher,
                registry.offline_connector(system),
                hook,
                system.connector.webhook_disabled_reason(system.settings, hook),
            )
            for system in enabled
            for hook in system.connector.webhooks
        }

    def all(self) -> list[Webhook]:
        """Return all webhooks, by system and path."""
        return [self._webhooks[name] for name in sorted(self._webhooks)]

    def find(self, system: str, path: str) -> Webhook | None:
        """Return the webhook of ``system`` at ``path``; None if there is none."""
        return self._webhooks.get((system, path))


class Webhook:
    """One webhook of one system. ``disabled_reason`` states what is missing to verify calls; None if nothing is."""

    def __init__(
        self, database: Database, cipher: FieldCipher, connector: Connector, path: str, disabled_reason: str | None
    ) -> None:
        self._database, self._ingest, self._connector = database, Ingest(connector, cipher), connector
        self.system, self.path, self.disabled_reason = connector.name, path, disabled_reason
        # The items of a system are stored one call at a time anyway; with this lock, waiting calls hold no connection.
        self._lock = asyncio.Lock()

    def refuse_unread(self, call: WebhookCall) -> WebhookResult | None:
        """Return the refusal of ``call``, whose body is not read yet; None if its body is to be read."""
        return self._connector.refuse_unread(call)

    def verify(self, call: WebhookCall) -> WebhookResult:
        """Return the content of ``call`` if its signature is valid; otherwise the connector raises."""
        return self._connector.receive(call)

    async def store(self, result: WebhookResult, call: WebhookCall, correlation: str) -> None:
        """Store the content of a call in one transaction; raises ``TimeoutError`` if that takes too long."""
        cause = Cause(f"hook:{self.system}", self.system, correlation)
        async with asyncio.timeout(STORE_TIMEOUT), self._lock, self._database.write(cause) as db:
            if result.items:
                await self._ingest.store(db, result.items, call.now)
            # After the records, as an inquiry stores its answer before it is marked: otherwise both could deadlock.
            if about := [each for each in result.about if is_indexable(each)]:
                await inquiries.add(db, self.system, about)
                await job_queue.enqueue_inquiries(db, [self.system])
