"""One attempt at one delivery: send it or look it up, and commit the outcome.

After a call without a response it is unknown whether the delivery has arrived. It is then looked up at the other system
before it is sent again. If the system has no look-up, a person decides.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from datetime import UTC, datetime

import structlog

from hub.complaints.forwarding import AttemptOutcome, DeliveryAction, DeliveryState
from hub.connectors.base import Connector
from hub.contract import Delivery
from hub.errors import ConfigurationError, HubError
from hub.store.complaints import access_log
from hub.store.database import Cause, Database
from hub.store.encryption import FieldCipher
from hub.store.outbox import deliveries, payload
from hub.store.outbox.deliveries import MAX_BACKOFF, LeasedDelivery
from hub.sync.call_failures import BACKOFF, CallFailures, Failure
from hub.sync.ingest import Ingest

log = structlog.get_logger()


class DeliveryAttempts:
    """Attempts at one connector's system: each takes at most ``timeout`` seconds, and there are ``max_attempts``."""

    def __init__(
        self, database: Database, connector: Connector, cipher: FieldCipher, *, timeout: float, max_attempts: int
    ) -> None:
        self._database, self._connector, self._cipher = database, connector, cipher
        self._timeout, self._max_attempts = timeout, max_attempts
        self._name = connector.name
        self._failures = CallFailures(database, self._name, timeout=timeout, max_attempts=max_attempts)

    @property
    def lease_seconds(self) -> float:
        """The duration of a lease in seconds: after it the attempt has ended, and a look-up is conclusive."""
        return self._timeout + max(self._timeout / 4, self._connector.settle_seconds)

    def raise_internal(self) -> None:
        """Raise the first internal error of the attempts, at the end of a run."""
        self._failures.raise_internal()

    async def attempt(self, leased: LeasedDelivery) -> AttemptOutcome:
        """Send the delivery, or look up whether it has arrived; return the outcome, which is committed."""
        try:
            async with self._database.read() as db:
                delivery = await payload.build(db, self._cipher, leased.id)
        except ConfigurationError as error:
            return await self._block(leased, AttemptOutcome.NOT_SENDABLE, str(error))
        if leased.outcome_unknown:
            return await self._look_up(leased, delivery)
        if reason := self._not_sendable_reason(delivery):
            return await self._block(leased, AttemptOutcome.NOT_SENDABLE, reason)
        return await self._send(leased, delivery)

    def _not_sendable_reason(self, delivery: Delivery) -> str | None:
        if delivery.action not in self._connector.sends:
            return f"{self._name} no longer accepts this action"
        if delivery.external_id is None and delivery.action is not DeliveryAction.CREATE:
            return f"{self._name} has no record of the complaint"
        return None

    async def _send(self, leased: LeasedDelivery, delivery: Delivery) -> AttemptOutcome:
        if delivery.complaint.reporter:
            async with self._database.write(self._cause(leased)) as db:
                await access_log.record_disclosure(db, self._name, delivery)
        try:
            async with asyncio.timeout(self._timeout):
                external_id = await self._connector.send(delivery)
        # An error of one delivery, an internal one included, is recorded and interrupts no other.
        except Exception as error:
            failure = await self._failures.of_call(error, leased.attempts)
            if failure.outcome is AttemptOutcome.NO_RESPONSE:
                return await self._outcome_unknown(leased, delivery, failure)
            return await self._release(leased, failure)
        return await self._delivered(leased, external_id, AttemptOutcome.DONE)

    async def _look_up(self, leased: LeasedDelivery, delivery: Delivery) -> AttemptOutcome:
        """Look up a delivery whose last attempt had no response."""
        if not self._connector.can_look_up(delivery):
            return await self._hold(leased, "there was no response")
        try:
            async with asyncio.timeout(self._timeout):
                external_id = await self._connector.look_up(delivery)
        # As above: the next look-up finds out what this one did not.
        except Exception as error:
            return await self._look_up_later(leased, await self._failures.of_look_up(error))
        if external_id is None:
            return await self._send_again(leased, delivery)
        return await self._delivered(leased, external_id, AttemptOutcome.FOUND)

    async def _send_again(self, leased: LeasedDelivery, delivery: Delivery) -> AttemptOutcome:
        """Send a delivery again that has not arrived, unless it was attempted too often."""
        if leased.attempts >= self._max_attempts:
            message = f"{leased.attempts} attempts, and it has not arrived"
            return await self._block(leased, AttemptOutcome.NOT_FOUND, message)
        async with self._database.write(self._cause(leased)) as db:
            retry = await deliveries.begin_retry(db, leased, self.lease_seconds)
            await deliveries.record_attempt(db, [leased.id], AttemptOutcome.NOT_FOUND)
        return await self._send(retry, delivery) if retry else AttemptOutcome.NOT_FOUND

    async def _delivered(self, leased: LeasedDelivery, external_id: str, outcome: AttemptOutcome) -> AttemptOutcome:
        async with self._database.write(self._cause(leased)) as db:
            created = await deliveries.mark_delivered(db, leased.id, external_id)
            await deliveries.record_attempt(db, [leased.id], outcome)
        log.info("delivery.done", system=self._name, delivery=leased.id, outcome=outcome.value)
        if created:
            await self._fetch(leased, external_id)
        return outcome

    async def _fetch(self, leased: LeasedDelivery, external_id: str) -> None:
        """Fetch the new record at once; if that fails, the next pull brings it."""
        try:
            async with asyncio.timeout(self._timeout):
                raw = await self._connector.fetch_one(external_id)
        except (HubError, TimeoutError) as error:
            log.info("delivery.not_fetched", system=self._name, delivery=leased.id, error=type(error).__name__)
            return
        if raw is not None:
            async with self._database.write(self._cause(leased)) as db:
                await Ingest(self._connector, self._cipher).store(db, [raw], datetime.now(UTC))

    async def _outcome_unknown(self, leased: LeasedDelivery, delivery: Delivery, failure: Failure) -> AttemptOutcome:
        """Release a delivery that may have arrived; it is looked up once a look-up is conclusive."""
        if not self._connector.can_look_up(delivery):
            failure = replace(failure, state=DeliveryState.OUTCOME_UNKNOWN)
        wait = max(failure.wait, self._connector.settle_seconds)
        # A look-up is no new attempt and is made soon; after an internal error it would end in the same one.
        backoff = BACKOFF if failure.internal else 0.0
        return await self._release(leased, replace(failure, wait=wait), backoff=backoff)

    async def _look_up_later(self, leased: LeasedDelivery, failure: Failure) -> AttemptOutcome:
        """Release a delivery whose look-up failed; the wait grows with its age, and an internal error ends in time."""
        if failure.internal and leased.age > MAX_BACKOFF * self._max_attempts:
            return await self._hold(leased, failure.message)
        wait = min(MAX_BACKOFF, max(BACKOFF, leased.age)) * random.uniform(0.75, 1.25)  # noqa: S311 - not a secret
        return await self._release(leased, replace(failure, wait=max(failure.wait, wait), counts=True), backoff=0.0)

    async def _block(self, leased: LeasedDelivery, outcome: AttemptOutcome, message: str) -> AttemptOutcome:
        """Release a delivery that has not arrived and waits for a person."""
        return await self._release(leased, Failure(state=DeliveryState.BLOCKED, outcome=outcome, message=message))

    async def _hold(self, leased: LeasedDelivery, message: str) -> AttemptOutcome:
        """Release a delivery that may have arrived and cannot be looked up: it waits for a person."""
        state, outcome = DeliveryState.OUTCOME_UNKNOWN, AttemptOutcome.UNKNOWN
        return await self._release(leased, Failure(state=state, outcome=outcome, message=message))

    async def _release(self, leased: LeasedDelivery, failure: Failure, *, backoff: float = BACKOFF) -> AttemptOutcome:
        """End the lease of a delivery that has not arrived, or may not have, and record the outcome."""
        state, error = failure.state, failure.message
        async with self._database.write(self._cause(leased)) as db:
            await deliveries.release(
                db, leased, state, error, wait=failure.wait, backoff=backoff, counts=failure.counts
            )
            await deliveries.record_attempt(db, [leased.id], failure.outcome, error)
        write = log.info if state in (DeliveryState.WAITING, DeliveryState.SENDING) else log.warning
        write("delivery." + state.value.lower(), system=self._name, delivery=leased.id, error=error)
        return failure.outcome

    def _cause(self, leased: LeasedDelivery) -> Cause:
        return Cause(f"deliver:{self._name}", "worker", leased.correlation)
