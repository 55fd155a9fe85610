"""Sends one system the decisions of other registers that it has to follow.

A decision is committed as being sent before the call, and its outcome is committed after it, with what the system now
has. After a call without a response the record is read from the system before anything is sent again. If the record
was changed meanwhile, nothing was sent: it is stored, and what has to be sent is determined again at the next attempt.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

import structlog

from hub.complaints.forwarding import AttemptOutcome, DeliveryState
from hub.concurrency import gather_all
from hub.connectors.base import Connector
from hub.contract import Decision, Raw
from hub.errors import RecordChanged
from hub.store.agreement import decisions, payload, refresh
from hub.store.agreement.decisions import LeasedDecision
from hub.store.database import Cause, Database
from hub.store.encryption import FieldCipher
from hub.sync.call_failures import BACKOFF, CallFailures, Failure, RunOutcomes
from hub.sync.ingest import Ingest

log = structlog.get_logger()

CONCURRENCY = 4
"""Maximum number of decisions that are sent to one system at the same time."""


class DecisionRun:
    """One run over the due decisions for one connector's system.

    ``timeout`` is the maximum duration of one call in seconds. After ``max_attempts`` a decision is blocked.
    """

    def __init__(
        self, database: Database, connector: Connector, cipher: FieldCipher, *, timeout: float, max_attempts: int
    ) -> None:
        self._database, self._connector, self._name = database, connector, connector.name
        self._ingest = Ingest(connector, cipher)
        self._timeout, self._max_attempts = timeout, max_attempts
        self._cause = Cause(f"decide:{self._name}", "worker", uuid.uuid4().hex)
        self._failures = CallFailures(database, self._name, timeout=timeout, max_attempts=max_attempts)
        self._outcomes = RunOutcomes()

    async def run(self) -> Counter[AttemptOutcome]:
        """Send what is due until nothing is, or the system does not respond; return how often each outcome occurred."""
        await gather_all(self._send_due() for _ in range(CONCURRENCY))
        self._failures.raise_internal()
        return self._outcomes.counts

    async def _send_due(self) -> None:
        while not self._outcomes.is_unresponsive:
            async with self._database.write(self._cause) as db:
                leased = await decisions.lease(db, self._name, self._timeout * 1.25)
            if leased is None:
                return
            self._outcomes.add(await self._attempt(leased))

    async def _attempt(self, leased: LeasedDecision) -> AttemptOutcome:
        is_read = not leased.outcome_unknown
        try:
            async with asyncio.timeout(self._timeout):
                if not is_read:
                    await self._read(leased)
                    is_read = True
                async with self._database.read() as db:
                    prepared = await payload.build(db, leased)
                if prepared.decision is None:
                    return await self._found(leased)
                if leased.outcome_unknown and leased.attempts > self._max_attempts:
                    return await self._not_found(leased)
                items = await self._tell(prepared.decision)
            return await self._sent(leased, prepared.decision, items)
        # An error of one decision, an internal one included, is recorded and interrupts no other.
        except Exception as error:
            if is_read:
                return await self._release(leased, await self._failures.of_call(error, leased.attempts))
            return await self._not_read(leased, await self._failures.of_look_up(error))

    async def _read(self, leased: LeasedDecision) -> None:
        """Store what the system says now, after a call whose outcome is unknown."""
        async with self._database.read() as db:
            other_id = (await payload.build(db, leased)).other_id
        raw = await self._connector.fetch_one(other_id) if other_id else None
        if raw is not None:
            await self._store([raw])

    async def _tell(self, decision: Decision) -> list[Raw]:
        try:
            return await self._connector.tell(decision)
        except RecordChanged as changed:
            await self._store(changed.items)
            raise

    async def _store(self, items: Sequence[Raw]) -> None:
        async with self._database.write(self._cause) as db:
            await self._ingest.store(db, items, datetime.now(UTC))

    async def _not_read(self, leased: LeasedDecision, failure: Failure) -> AttemptOutcome:
        """Release a decision that may have arrived; after too many attempts it waits for a person."""
        if failure.counts and leased.attempts > self._max_attempts:
            message = f"{leased.attempts} attempts; the last: {failure.message}"
            failure = Failure(state=DeliveryState.BLOCKED, outcome=failure.outcome, message=message)
        return await self._release(leased, failure)

    async def _not_found(self, leased: LeasedDecision) -> AttemptOutcome:
        """Release a decision that has not arrived and was attempted too often."""
        message = f"{leased.attempts - 1} attempts, and it has not arrived"
        outcome = AttemptOutcome.NOT_FOUND
        return await self._release(leased, Failure(state=DeliveryState.BLOCKED, outcome=outcome, message=message))

    async def _sent(self, leased: LeasedDecision, decision: Decision, items: list[Raw]) -> AttemptOutcome:
        async with self._database.write(self._cause) as db:
            if items:
                await self._ingest.store(db, items, datetime.now(UTC))
            await refresh.lock_matter(db, leased.matter_id)
            await decisions.mark_done(db, leased)
            await refresh.refresh_matter(db, leased.matter_id, self._cause.actor)
        log.info("decision.done", system=self._name, matter=leased.matter_id, created=decision.external_id is None)
        return AttemptOutcome.DONE

    async def _found(self, leased: LeasedDecision) -> AttemptOutcome:
        """Settle a decision that the system has already, or that was overtaken."""
        async with self._database.write(self._cause) as db:
            await refresh.lock_matter(db, leased.matter_id)
            if leased.outcome_unknown:
                await decisions.mark_done(db, leased)
            else:
                await decisions.forget(db, leased)
            await refresh.refresh_matter(db, leased.matter_id, self._cause.actor)
        return AttemptOutcome.FOUND

    async def _release(self, leased: LeasedDecision, failure: Failure) -> AttemptOutcome:
        """End the lease of a decision that has not arrived, or may not have."""
        async with self._database.write(self._cause) as db:
            await refresh.lock_matter(db, leased.matter_id)
            await decisions.release(
                db, leased, failure.state, failure.message, wait=failure.wait, backoff=BACKOFF, counts=failure.counts
            )
            await refresh.refresh_matter(db, leased.matter_id, self._cause.actor)
        write = log.info if failure.state is DeliveryState.WAITING else log.warning
        write(
            "decision." + failure.outcome.value.lower(),
            system=self._name,
            matter=leased.matter_id,
            error=failure.message,
        )
        return failure.outcome
