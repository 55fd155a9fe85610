"""One attempt at one delivery: send it or look it up, and commit the outcome.

After a call without a response it is unknown whether the delivery has arrived. It is then looked up at the other system
before it is sent again. If the system has no look-up, a person decides.
"""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime

import structlog

from hub.complaints.forwarding import AttemptOutcome, DeliveryAction, DeliveryState
from hub.connectors.base import Connector
from hub.contract import Delivery
from hub.errors import ConfigurationError, HubError, OutcomeUnknown, Refused, TryLater
from hub.store import systems
from hub.store.complaints import access_log
from hub.store.database import Cause, Database
from hub.store.encryption import FieldCipher
from hub.store.outbox import deliveries, payload
from hub.store.outbox.deliveries import MAX_BACKOFF, LeasedDelivery
from hub.sync.ingest import Ingest

log = structlog.get_logger()

BACKOFF = 1.0
"""Seconds to wait after the first attempt; doubled after each further one."""


class DeliveryAttempts:
    """Attempts at one connector's system: each takes at most ``timeout`` seconds, and there are ``max_attempts``."""

    def __init__(
        self, database: Database, connector: Connector, cipher: FieldCipher, *, timeout: float, max_attempts: int
    ) -> None:
        self._database, self._connector, self._cipher = database, connector, cipher
        self._timeout, self._max_attempts = timeout, max_attempts
        self._name = connector.name

    @property
    def lease_seconds(self) -> float:
        """The duration of a lease in seconds: after it the attempt has ended, and a look-up is conclusive."""
        return self._timeout + max(self._timeout / 4, self._connector.settle_seconds)

    async def attempt(self, leased: LeasedDelivery) -> AttemptOutcome:
        """Send the delivery, or look up whether it has arrived; return the outcome, which is committed."""
        try:
            async with self._database.read() as db:
                delivery = await payload.build(db, self._cipher, leased.id)
        except ConfigurationError as error:
            return await self._release(leased, DeliveryState.BLOCKED, AttemptOutcome.NOT_SENDABLE, str(error))
        if leased.outcome_unknown:
            return await self._look_up(leased, delivery)
        if reason := self._not_sendable_reason(delivery):
            return await self._release(leased, DeliveryState.BLOCKED, AttemptOutcome.NOT_SENDABLE, reason)
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
        except Refused as error:
            return await self._release(leased, DeliveryState.BLOCKED, AttemptOutcome.REFUSED, str(error))
        except ConfigurationError as error:
            return await self._pause_system(leased, error)
        except (OutcomeUnknown, TimeoutError) as error:
            return await self._outcome_unknown(leased, delivery, self._message(error))
        except TryLater as error:
            return await self._retry_later(leased, error)
        # An internal error does not tell whether the delivery has arrived; the next look-up finds that out.
        except Exception as error:
            await self._outcome_unknown(leased, delivery, f"internal error ({type(error).__name__})")
            raise
        return await self._delivered(leased, external_id, AttemptOutcome.DONE)

    async def _look_up(self, leased: LeasedDelivery, delivery: Delivery) -> AttemptOutcome:
        """Look up a delivery whose last attempt had no response."""
        if not self._connector.can_look_up(delivery):
            return await self._release(
                leased, DeliveryState.OUTCOME_UNKNOWN, AttemptOutcome.UNKNOWN, "there was no response"
            )
        try:
            async with asyncio.timeout(self._timeout):
                external_id = await self._connector.look_up(delivery)
        except ConfigurationError as error:
            await self._mark_stopped(error)
            return await self._look_up_later(leased, AttemptOutcome.STOPPED, error)
        except (HubError, TimeoutError) as error:
            return await self._look_up_later(leased, AttemptOutcome.TRY_LATER, error)
        if external_id is None:
            return await self._send_again(leased, delivery)
        return await self._delivered(leased, external_id, AttemptOutcome.FOUND)

    async def _send_again(self, leased: LeasedDelivery, delivery: Delivery) -> AttemptOutcome:
        """Send a delivery again that has not arrived, unless it was attempted too often."""
        if leased.attempts >= self._max_attempts:
            message = f"{leased.attempts} attempts, and it has not arrived"
            return await self._release(leased, DeliveryState.BLOCKED, AttemptOutcome.NOT_FOUND, message)
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

    async def _retry_later(self, leased: LeasedDelivery, error: TryLater) -> AttemptOutcome:
        if leased.attempts >= self._max_attempts:
            message = f"{leased.attempts} attempts; the last: {error}"
            return await self._release(leased, DeliveryState.BLOCKED, AttemptOutcome.TRY_LATER, message)
        return await self._release(
            leased,
            DeliveryState.WAITING,
            AttemptOutcome.TRY_LATER,
            str(error),
            wait=error.after or 0.0,
            backoff=BACKOFF,
        )

    async def _outcome_unknown(self, leased: LeasedDelivery, delivery: Delivery, error: str) -> AttemptOutcome:
        """Release a delivery that may have arrived; it is looked up once a look-up is conclusive."""
        can_look_up = self._connector.can_look_up(delivery)
        state = DeliveryState.SENDING if can_look_up else DeliveryState.OUTCOME_UNKNOWN
        return await self._release(
            leased, state, AttemptOutcome.NO_RESPONSE, error, wait=self._connector.settle_seconds
        )

    async def _look_up_later(
        self, leased: LeasedDelivery, outcome: AttemptOutcome, error: HubError | TimeoutError
    ) -> AttemptOutcome:
        """Release a delivery whose look-up failed; the wait grows with its age."""
        wait = min(MAX_BACKOFF, max(BACKOFF, leased.age)) * random.uniform(0.75, 1.25)  # noqa: S311 - not a secret
        return await self._release(leased, DeliveryState.SENDING, outcome, self._message(error), wait=wait)

    async def _pause_system(self, leased: LeasedDelivery, error: ConfigurationError) -> AttemptOutcome:
        """Mark the system as stopped and release the delivery; this attempt does not count."""
        await self._mark_stopped(error)
        return await self._release(leased, DeliveryState.WAITING, AttemptOutcome.STOPPED, str(error), counts=False)

    async def _mark_stopped(self, error: ConfigurationError) -> None:
        log.error("system.stopped", system=self._name, error=str(error))
        async with self._database.write(Cause(f"deliver:{self._name}", "worker", "stopped")) as db:
            await systems.mark_stopped(db, self._name, str(error))

    async def _release(
        self,
        leased: LeasedDelivery,
        state: DeliveryState,
        outcome: AttemptOutcome,
        error: str,
        *,
        wait: float = 0.0,
        backoff: float = 0.0,
        counts: bool = True,
    ) -> AttemptOutcome:
        """End the lease of a delivery that has not arrived, or may not have, and record the outcome."""
        async with self._database.write(self._cause(leased)) as db:
            await deliveries.release(db, leased, state, error, wait=wait, backoff=backoff, counts=counts)
            await deliveries.record_attempt(db, [leased.id], outcome, error)
        write = log.info if state in (DeliveryState.WAITING, DeliveryState.SENDING) else log.warning
        write("delivery." + state.value.lower(), system=self._name, delivery=leased.id, error=error)
        return outcome

    def _message(self, error: HubError | TimeoutError) -> str:
        return str(error) or f"no answer within {self._timeout:g} s"

    def _cause(self, leased: LeasedDelivery) -> Cause:
        return Cause(f"deliver:{self._name}", "worker", leased.correlation)
