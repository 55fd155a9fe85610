"""One attempt to bring one delivery over: send it or look for it, and commit what came of that.

An answer that does not come leaves a delivery of which nobody knows whether it arrived: the other side is then looked
at before anything is sent again, and where it cannot be, a person decides.
"""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime

import structlog

from hub.complaints.forwarding import AttemptOutcome, DeliveryAction, DeliveryState
from hub.connectors.base import Connector, Delivery
from hub.errors import HubError, Refused, Stop, TryLater, Unclear
from hub.store import systems
from hub.store.database import Cause, Database
from hub.store.exchange import deliveries, outgoing
from hub.store.exchange.deliveries import LONGEST_WAIT, Taken
from hub.store.sealing import Seal
from hub.sync.ingest import Ingest

log = structlog.get_logger()

BACKOFF = 1.0
"""Seconds to wait after a first attempt; twice as long after each further one."""


class Attempts:
    """Attempts at one connector's system: each may take ``within`` seconds, and ``budget`` of them are made at most."""

    def __init__(self, database: Database, connector: Connector, seal: Seal, *, within: float, budget: int) -> None:
        self._database, self._connector, self._seal = database, connector, seal
        self._within, self._budget = within, budget
        self._name = connector.name

    @property
    def lease(self) -> float:
        """Seconds after which whoever took a delivery up is done with it, and looking for it is conclusive."""
        return self._within + max(self._within / 4, self._connector.settle)

    async def make(self, taken: Taken) -> AttemptOutcome:
        """Bring it over, or find out whether it is there; what came of that is committed."""
        try:
            async with self._database.read() as db:
                delivery = await outgoing.read(db, self._seal, taken.id)
        except Stop as sealed:
            return await self._put(taken, DeliveryState.HELD, AttemptOutcome.UNFIT, str(sealed))
        if taken.unclear:
            return await self._look(taken, delivery)
        if reason := self._unfit(delivery):
            return await self._put(taken, DeliveryState.HELD, AttemptOutcome.UNFIT, reason)
        return await self._send(taken, delivery)

    def _unfit(self, delivery: Delivery) -> str | None:
        if delivery.action not in self._connector.sends:
            return f"{self._name} does not take this any more"
        if delivery.external_id is None and delivery.action is not DeliveryAction.CREATE:
            return f"it is about a complaint that {self._name} has no record of"
        return None

    async def _send(self, taken: Taken, delivery: Delivery) -> AttemptOutcome:
        try:
            async with asyncio.timeout(self._within):
                external_id = await self._connector.send(delivery)
        except Refused as trouble:
            return await self._put(taken, DeliveryState.HELD, AttemptOutcome.REFUSED, str(trouble))
        except Stop as trouble:
            return await self._rest(taken, trouble)
        except (Unclear, TimeoutError) as trouble:
            return await self._unclear(taken, delivery, self._told(trouble))
        except TryLater as trouble:
            return await self._later(taken, trouble)
        # A fault of ours says nothing of what the other side did; the next look finds that out, and counts it.
        except Exception as fault:
            await self._unclear(taken, delivery, f"internal fault ({type(fault).__name__})")
            raise
        return await self._done(taken, external_id, AttemptOutcome.DONE)

    async def _look(self, taken: Taken, delivery: Delivery) -> AttemptOutcome:
        """What became of an attempt of which no word came."""
        if not self._connector.looks_up(delivery):
            return await self._put(taken, DeliveryState.UNKNOWN, AttemptOutcome.UNKNOWN, "no word came of it")
        try:
            async with asyncio.timeout(self._within):
                external_id = await self._connector.look_up(delivery)
        except Stop as trouble:
            await self._stop(trouble)
            return await self._look_later(taken, AttemptOutcome.STOPPED, trouble)
        except (HubError, TimeoutError) as trouble:
            return await self._look_later(taken, AttemptOutcome.TRY_LATER, trouble)
        if external_id is None:
            return await self._once_more(taken, delivery)
        return await self._done(taken, external_id, AttemptOutcome.FOUND)

    async def _once_more(self, taken: Taken, delivery: Delivery) -> AttemptOutcome:
        """It is surely not there: it is sent again, while the budget lasts."""
        if taken.attempts >= self._budget:
            told = f"{taken.attempts} attempts, and it is not there"
            return await self._put(taken, DeliveryState.HELD, AttemptOutcome.NOT_FOUND, told)
        async with self._database.write(self._cause(taken)) as db:
            again = await deliveries.take_again(db, taken, self.lease)
            await deliveries.note(db, [taken.id], AttemptOutcome.NOT_FOUND)
        return await self._send(again, delivery) if again else AttemptOutcome.NOT_FOUND

    async def _done(self, taken: Taken, external_id: str, outcome: AttemptOutcome) -> AttemptOutcome:
        async with self._database.write(self._cause(taken)) as db:
            made = await deliveries.done(db, taken.id, external_id)
            await deliveries.note(db, [taken.id], outcome)
        log.info("delivery.done", system=self._name, delivery=taken.id, outcome=outcome.value)
        if made:
            await self._fetch(taken, external_id)
        return outcome

    async def _fetch(self, taken: Taken, external_id: str) -> None:
        """Have the new record at once; where that fails, the next pull brings it."""
        try:
            async with asyncio.timeout(self._within):
                raw = await self._connector.one(external_id)
        except (HubError, TimeoutError) as trouble:
            log.info("delivery.not_fetched", system=self._name, delivery=taken.id, trouble=type(trouble).__name__)
            return
        if raw is not None:
            async with self._database.write(self._cause(taken)) as db:
                await Ingest(self._connector, self._seal).batch(db, [raw], datetime.now(UTC))

    async def _later(self, taken: Taken, trouble: TryLater) -> AttemptOutcome:
        if taken.attempts >= self._budget:
            told = f"{taken.attempts} attempts; the last: {trouble}"
            return await self._put(taken, DeliveryState.HELD, AttemptOutcome.TRY_LATER, told)
        return await self._put(
            taken,
            DeliveryState.WAITING,
            AttemptOutcome.TRY_LATER,
            str(trouble),
            wait=trouble.after or 0.0,
            backoff=BACKOFF,
        )

    async def _unclear(self, taken: Taken, delivery: Delivery, trouble: str) -> AttemptOutcome:
        """It may have been taken: it stays under way until looking is conclusive."""
        looks = self._connector.looks_up(delivery)
        state = DeliveryState.SENDING if looks else DeliveryState.UNKNOWN
        return await self._put(taken, state, AttemptOutcome.UNCLEAR, trouble, wait=self._connector.settle)

    async def _look_later(
        self, taken: Taken, outcome: AttemptOutcome, trouble: HubError | TimeoutError
    ) -> AttemptOutcome:
        """Ever more seldom: what the other side took does not go away."""
        wait = min(LONGEST_WAIT, max(BACKOFF, taken.age)) * random.uniform(0.75, 1.25)  # noqa: S311 - nobody's secret
        return await self._put(taken, DeliveryState.SENDING, outcome, self._told(trouble), wait=wait)

    async def _rest(self, taken: Taken, trouble: Stop) -> AttemptOutcome:
        """The system rests, as pulls do; this attempt was none."""
        await self._stop(trouble)
        return await self._put(taken, DeliveryState.WAITING, AttemptOutcome.STOPPED, str(trouble), counts=False)

    async def _stop(self, trouble: Stop) -> None:
        log.error("system.stopped", system=self._name, trouble=str(trouble))
        async with self._database.write(Cause(f"deliver:{self._name}", "worker", "stopped")) as db:
            await systems.stopped(db, self._name, str(trouble))

    async def _put(
        self,
        taken: Taken,
        state: DeliveryState,
        outcome: AttemptOutcome,
        trouble: str,
        *,
        wait: float = 0.0,
        backoff: float = 0.0,
        counts: bool = True,
    ) -> AttemptOutcome:
        """It is not there, or not known to be: put it back."""
        async with self._database.write(self._cause(taken)) as db:
            await deliveries.put_back(db, taken, state, trouble, wait=wait, backoff=backoff, counts=counts)
            await deliveries.note(db, [taken.id], outcome, trouble)
        told = log.info if state in (DeliveryState.WAITING, DeliveryState.SENDING) else log.warning
        told("delivery." + state.value.lower(), system=self._name, delivery=taken.id, trouble=trouble)
        return outcome

    def _told(self, trouble: HubError | TimeoutError) -> str:
        return str(trouble) or f"no answer within {self._within:g} s"

    def _cause(self, taken: Taken) -> Cause:
        return Cause(f"deliver:{self._name}", "worker", taken.correlation)
