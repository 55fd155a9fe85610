"""Sends one system the decisions of other registers that it has to follow.

A decision is committed as being sent before the call, and its outcome is committed after it, with what the system now
says. After a call without a response the record is read from the system before anything is sent again.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from datetime import UTC, datetime

import structlog

from hub.complaints.forwarding import AttemptOutcome, DeliveryState
from hub.concurrency import gather_all
from hub.connectors.base import Connector
from hub.contract import Decision, Raw
from hub.errors import ConfigurationError, HubError, OutcomeUnknown, Refused, TryLater
from hub.store import systems
from hub.store.agreement import decisions, payload, refresh
from hub.store.agreement.decisions import LeasedDecision
from hub.store.database import Cause, Database
from hub.store.encryption import FieldCipher
from hub.sync.ingest import Ingest

log = structlog.get_logger()

CONCURRENCY = 4
"""Maximum number of decisions that are sent to one system at the same time."""
BACKOFF = 1.0
"""Seconds to wait after the first attempt; doubled after each further one."""
MAX_FAILURES = 4
"""Consecutive failures after which a run ends, because further calls would fail as well."""
_FAILURES = frozenset({AttemptOutcome.TRY_LATER, AttemptOutcome.NO_RESPONSE})


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
        self._outcomes: Counter[AttemptOutcome] = Counter()
        self._failures = 0

    async def run(self) -> Counter[AttemptOutcome]:
        """Send what is due until nothing is, or the system does not respond; return how often each outcome occurred."""
        await gather_all(self._send_due() for _ in range(CONCURRENCY))
        return +self._outcomes

    async def _send_due(self) -> None:
        while self._failures < MAX_FAILURES:
            async with self._database.write(self._cause) as db:
                leased = await decisions.lease(db, self._name, self._timeout * 1.25)
            if leased is None:
                return
            outcome = await self._attempt(leased)
            self._outcomes[outcome] += 1
            stopped = outcome is AttemptOutcome.STOPPED
            self._failures = MAX_FAILURES if stopped else self._failures + 1 if outcome in _FAILURES else 0

    async def _attempt(self, leased: LeasedDecision) -> AttemptOutcome:
        try:
            async with asyncio.timeout(self._timeout):
                if leased.outcome_unknown:
                    await self._read(leased)
                async with self._database.read() as db:
                    prepared = await payload.build(db, leased)
                if prepared.decision is None:
                    return await self._found(leased)
                items = await self._connector.tell(prepared.decision)
        except Refused as error:
            return await self._release(leased, DeliveryState.BLOCKED, AttemptOutcome.REFUSED, str(error))
        except ConfigurationError as error:
            return await self._pause_system(leased, error)
        except (OutcomeUnknown, TimeoutError) as error:
            message = str(error) or f"no answer within {self._timeout:g} s"
            return await self._release(leased, DeliveryState.SENDING, AttemptOutcome.NO_RESPONSE, message)
        except HubError as error:
            return await self._retry_later(leased, error)
        return await self._sent(leased, prepared.decision, items)

    async def _read(self, leased: LeasedDecision) -> None:
        """Store what the system says now, after a call whose outcome is unknown."""
        async with self._database.read() as db:
            other_id = (await payload.build(db, leased)).other_id
        raw = await self._connector.fetch_one(other_id) if other_id else None
        if raw is not None:
            async with self._database.write(self._cause) as db:
                await self._ingest.store(db, [raw], datetime.now(UTC))

    async def _sent(self, leased: LeasedDecision, decision: Decision, items: list[Raw]) -> AttemptOutcome:
        async with self._database.write(self._cause) as db:
            if items:
                await self._ingest.store(db, items, datetime.now(UTC))
            await refresh.lock_matter(db, leased.matter_id)
            left = (await payload.build(db, leased)).decision
            conflict = left is not None and _is_conflict(decision, left)
            if not conflict:
                await decisions.mark_done(db, leased)
                await refresh.refresh_matter(db, leased.matter_id, self._cause.actor)
        if conflict:
            return await self._retry_later(leased, TryLater("the record was changed since the hub read it"))
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

    async def _retry_later(self, leased: LeasedDecision, error: HubError) -> AttemptOutcome:
        if leased.attempts >= self._max_attempts:
            message = f"{leased.attempts} attempts; the last: {error}"
            return await self._release(leased, DeliveryState.BLOCKED, AttemptOutcome.TRY_LATER, message)
        wait = (error.after or 0.0) if isinstance(error, TryLater) else 0.0
        return await self._release(leased, DeliveryState.WAITING, AttemptOutcome.TRY_LATER, str(error), wait=wait)

    async def _pause_system(self, leased: LeasedDecision, error: ConfigurationError) -> AttemptOutcome:
        log.error("system.stopped", system=self._name, error=str(error))
        async with self._database.write(self._cause) as db:
            await systems.mark_stopped(db, self._name, str(error))
        return await self._release(leased, DeliveryState.WAITING, AttemptOutcome.STOPPED, str(error))

    async def _release(
        self,
        leased: LeasedDecision,
        state: DeliveryState,
        outcome: AttemptOutcome,
        error: str,
        *,
        wait: float = 0.0,
    ) -> AttemptOutcome:
        async with self._database.write(self._cause) as db:
            await refresh.lock_matter(db, leased.matter_id)
            await decisions.release(db, leased, state, error, wait=wait, backoff=BACKOFF)
            await refresh.refresh_matter(db, leased.matter_id, self._cause.actor)
        write = log.info if state is DeliveryState.WAITING else log.warning
        write("decision." + outcome.value.lower(), system=self._name, matter=leased.matter_id, error=error)
        return outcome


def _is_conflict(sent: Decision, left: Decision) -> bool:
    """Return whether somebody changed the record before ``sent`` arrived, so that all of it is ``left`` to send."""
    changed = sent.based_on is not None and left.based_on != sent.based_on
    return changed and left.external_id == sent.external_id and left.fields >= sent.fields
