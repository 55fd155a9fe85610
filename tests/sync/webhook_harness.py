"""A hub with a client and its webhook, a clock that a test moves, and a sender that runs when the test says so."""

from __future__ import annotations

import contextlib
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from hub.http_client.endpoint_client import EndpointClient
from hub.store.oauth import clients
from hub.store.oauth.clients import Client
from hub.store.webhooks import endpoints
from hub.store.webhooks.endpoints import Webhook, WebhookOptions
from hub.store.webhooks.operations import Operations
from hub.sync.webhook_deliveries import WebhookSender
from hub.viewer import WORKER
from tests.fake_connector import payment
from tests.schema.harness import CAUSE, Stage
from tests.sync import isolated_sequencer
from tests.webhook_receiver import Receiver

ISSUER = "https://hub.example"
CLIENT = Client(
    "shop", "Shop", "Shop (test)", "client_secret_basic", ("client_credentials",),
    ("records:sync.fake", "payments:read", "webhooks:manage"),
)  # fmt: skip

NEXT_DUE = """
select min(greatest(due, retry_at, next_at - interval '5 seconds')) from (
    select w.retry_at, w.next_at, (select min(d.due_at) from webhook_deliveries d where d.webhook_id = w.id
        and d.state in ('WAITING', 'SENDING') and not exists (
            select from webhook_deliveries e where e.webhook_id = d.webhook_id and e.subject = d.subject
            and e.number < d.number and e.state in ('WAITING', 'SENDING'))) as due
    from webhooks w where w.state = 'ACTIVE') active where due is not null
union all select min(retry_at) from webhooks where state = 'UNVERIFIED' order by 1 nulls last limit 1
"""


@dataclass
class Clock:
    """A clock that stands still until a test moves it."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __call__(self) -> datetime:
        return self.now

    def passes(self, **time: float) -> None:
        self.now += timedelta(**time)


@dataclass
class Place:
    """The hub, its sender, and the clock of both."""

    stage: Stage
    clock: Clock
    sender: WebhookSender

    async def register(
        self, receiver: Receiver, *, asymmetric: bool = False, after: str | None = None, **options: Any
    ) -> str:
        """Register an endpoint and return the id of its webhook; the receiver knows its secret."""
        webhook_id = endpoints.new_id()
        wanted = WebhookOptions(receiver.url, **options)
        async with self.operations() as done:
            secret = await done.register(webhook_id, CLIENT.id, wanted, asymmetric=asymmetric, after=after)
        assert isinstance(secret, str), secret
        receiver.secret = secret
        return webhook_id

    @contextlib.asynccontextmanager
    async def operations(self) -> AsyncIterator[Operations]:
        """Yield the operations of an operator, in one transaction."""
        async with self.stage.database.write(CAUSE) as db:
            yield Operations(db, self.stage.cipher, WORKER, self.clock(), ["payment", "report"], loopback=True)

    async def webhook(self, webhook_id: str) -> Webhook:
        async with self.stage.database.read() as db:
            webhook = await endpoints.get(db, webhook_id)
        assert webhook
        return webhook

    async def changes(self, *names: str, version: int = 1) -> None:
        """Let payments change, and assign the positions of the changes."""
        await self.stage.records(*(payment(name, version=version, amount=str(1_000 * version)) for name in names))
        await isolated_sequencer.sequence(self.stage.database)

    async def drain_for(self, **time: float) -> None:
        """Send all that becomes due in this time, at the times when it does."""
        end = self.clock() + timedelta(**time)
        while True:
            await self.sender.drain()
            ((due,),) = await self.stage.rows(NEXT_DUE)
            if due is None or due > end:
                break
            self.clock.now = max(due, self.clock.now)
        self.clock.now = end


@contextlib.asynccontextmanager
async def placed(stage: Stage) -> AsyncIterator[Place]:
    """Register the client, and let a sender use the clock of the test."""
    async with stage.database.write(CAUSE) as db:
        await clients.create(db, CLIENT)
    clock = Clock()
    async with EndpointClient(loopback=True) as http:
        sender = WebhookSender(stage.database, stage.cipher, http, ISSUER, clock, random.Random(1))
        try:
            yield Place(stage, clock, sender)
        finally:
            await sender.close()
