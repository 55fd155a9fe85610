"""Sends the due deliveries of one system: one delivery of a complaint at a time, several complaints concurrently.

A delivery is committed as SENDING before the call, and its outcome is committed after the call. A worker that dies in
between leaves the delivery in the same state as a call without a response: see ``hub.sync.delivery_attempt``.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter

from hub.complaints.forwarding import AttemptOutcome
from hub.concurrency import cancel_and_wait
from hub.connectors.base import Connector
from hub.store.database import Cause, Database
from hub.store.encryption import FieldCipher
from hub.store.outbox import deliveries
from hub.store.outbox.deliveries import LeasedDelivery
from hub.sync.call_failures import RunOutcomes
from hub.sync.delivery_attempt import DeliveryAttempts

CONCURRENCY = 4
"""Maximum number of complaints whose deliveries are sent to one system at the same time."""

POLL_INTERVAL = 0.5
"""Seconds after which newly due deliveries are started while others are still being sent."""


class DeliveryRun:
    """One run over the due deliveries of one connector's system.

    ``timeout`` is the maximum duration of one call in seconds. After ``max_attempts`` a delivery is blocked.
    """

    def __init__(
        self, database: Database, connector: Connector, cipher: FieldCipher, *, timeout: float, max_attempts: int
    ) -> None:
        self._database, self._name = database, connector.name
        self._attempts = DeliveryAttempts(database, connector, cipher, timeout=timeout, max_attempts=max_attempts)
        self._cause = Cause(f"deliver:{self._name}", "worker", uuid.uuid4().hex)
        self._outcomes = RunOutcomes()
        self._under_way: set[asyncio.Task[None]] = set()
        self._errors: list[BaseException] = []

    async def run(self) -> Counter[AttemptOutcome]:
        """Send until nothing is due or the system does not respond; return how often each outcome occurred."""
        async with self._database.write(self._cause) as db:
            self._outcomes.counts[AttemptOutcome.FOUND] += await deliveries.settle_linked(db, self._name)
        try:
            while await self._start_due():
                # Deliveries that become due meanwhile do not wait for a slow response.
                done, _ = await asyncio.wait(
                    self._under_way, timeout=POLL_INTERVAL, return_when=asyncio.FIRST_COMPLETED
                )
                self._under_way -= done
                self._errors += [error for each in done if (error := each.exception())]
        finally:
            await cancel_and_wait(self._under_way)
        # Raised after the loop, so that the error of one delivery does not interrupt the others.
        for error in self._errors:
            raise error
        self._attempts.raise_internal()
        return +self._outcomes.counts

    async def _start_due(self) -> bool:
        """Start due deliveries up to the limit of concurrency; return whether any is being sent."""
        while len(self._under_way) < CONCURRENCY and not self._outcomes.is_unresponsive:
            async with self._database.write(self._cause) as db:
                leased = await deliveries.lease(db, self._name, self._attempts.lease_seconds)
            if leased is None:
                break
            self._under_way.add(asyncio.create_task(self._deliver(leased)))
        return bool(self._under_way)

    async def _deliver(self, leased: LeasedDelivery) -> None:
        self._outcomes.add(await self._attempts.attempt(leased))
