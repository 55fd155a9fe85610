"""Bringing over what is due to one system: one delivery at a time of a complaint, several complaints at once.

Before a call the delivery is SENDING, and that is committed; what came of it is committed after. Whoever dies between
the two leaves a delivery of which nobody knows whether it arrived, as does an answer that does not come: the other side
is then looked at before anything is sent again, and where it cannot be, a person decides.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from datetime import UTC, datetime

import structlog

from hub.complaints.forwarding import AttemptOutcome, DeliveryAction, DeliveryState
from hub.connectors.base import Connector, Delivery
from hub.errors import HubError, Refused, Stop, TryLater, Unclear
from hub.store import deliveries, outgoing, systems
from hub.store.database import Cause, Database
from hub.store.deliveries import LONGEST_WAIT, Taken
from hub.store.sealing import Seal
from hub.sync.ingest import Ingest

log = structlog.get_logger()

AT_ONCE = 4
"""Complaints whose deliveries go to one system at the same time."""

BACKOFF = 1.0
"""Seconds to wait after a first attempt; twice as long after each further one."""


class Deliver:
    """Brings over what is due to one connector's system.

    One call may take ``within`` seconds; after ``budget`` attempts a delivery waits for a person.
    """

    def __init__(self, database: Database, connector: Connector, seal: Seal, *, within: float, budget: int) -> None:
        self._database, self._connector, self._seal = database, connector, seal
        self._within, self._budget = within, budget
        self._name = connector.name
        self._outcomes: Counter[AttemptOutcome] = Counter()
        self._troubles = 0
        """How often in a row the system could not answer."""

    @property
    def _lease(self) -> float:
        """Once it is over, whoever had taken the delivery up is done with it, and looking is conclusive."""
        return self._within + max(self._within / 4, self._connector.settle)

    async def run(self) -> Counter[AttemptOutcome]:
        """Until nothing is due or the system does not answer; what came of the attempts."""
        async with self._database.write(self._cause("linked")) as db:
            self._outcomes[AttemptOutcome.FOUND] += await deliveries.settle_linked(db, self._name)
        ended = await asyncio.gather(*(self._sender() for _ in range(AT_ONCE)), return_exceptions=True)
        for fault in ended:
            # One delivery's fault must not cut the others off in the middle of theirs.
            if fault is not None:
                raise fault
        return +self._outcomes

    async def _sender(self) -> None:
        while self._troubles < AT_ONCE:
            async with self._database.write(self._cause("due")) as db:
                taken = await deliveries.take(db, self._name, self._lease)
            if taken is None:
                return
            await self._bring(taken)

    async def _bring(self, taken: Taken) -> None:
        try:
            async with self._database.read() as db:
                delivery = await outgoing.read(db, self._seal, taken.id)
        except Stop as sealed:
            await self._hold(taken, AttemptOutcome.REFUSED, str(sealed))
            return
        if taken.unclear:
            await self._look(taken, delivery)
        elif reason := self._unfit(delivery):
            await self._hold(taken, AttemptOutcome.REFUSED, reason)
        else:
            await self._send(taken, delivery)

    def _unfit(self, delivery: Delivery) -> str | None:
        if delivery.action not in self._connector.sends:
            return f"{self._name} does not take this any more"
        if delivery.external_id is None and delivery.action is not DeliveryAction.CREATE:
            return f"it is about a complaint that {self._name} has no record of"
        return None

    async def _send(self, taken: Taken, delivery: Delivery) -> None:
        try:
            async with asyncio.timeout(self._within):
                external_id = await self._connector.send(delivery)
        except Refused as trouble:
            await self._hold(taken, AttemptOutcome.REFUSED, str(trouble))
        except Stop as trouble:
            await self._rest(taken, trouble)
        except TimeoutError:
            await self._unclear(taken, delivery, f"no answer within {self._within:g} s")
        except Unclear as trouble:
            await self._unclear(taken, delivery, str(trouble))
        except TryLater as trouble:
            await self._later(taken, trouble)
        # A fault of ours says nothing of what the other side did; the next look finds that out, and counts it.
        except Exception as fault:
            await self._unclear(taken, delivery, f"internal fault ({type(fault).__name__})")
            raise
        else:
            await self._done(taken, delivery, external_id, AttemptOutcome.DONE)

    async def _look(self, taken: Taken, delivery: Delivery) -> None:
        """What became of an attempt of which no word came."""
        if not self._connector.looks_up(delivery):
            await self._put(taken, DeliveryState.UNKNOWN, AttemptOutcome.UNKNOWN, "no word came of it")
            return
        try:
            async with asyncio.timeout(self._within):
                external_id = await self._connector.look_up(delivery)
        except (TryLater, TimeoutError) as trouble:
            await self._look_later(taken, trouble)
        except Stop as trouble:
            await self._stop(trouble)
            await self._look_later(taken, trouble)
        else:
            if external_id is None:
                await self._once_more(taken, delivery)
            else:
                await self._done(taken, delivery, external_id, AttemptOutcome.FOUND)

    async def _once_more(self, taken: Taken, delivery: Delivery) -> None:
        """It is surely not there: it is sent again, while the budget lasts."""
        if taken.attempts >= self._budget:
            await self._hold(taken, AttemptOutcome.NOT_FOUND, f"{taken.attempts} attempts, and it is not there")
            return
        async with self._database.write(self._cause("again", taken)) as db:
            again = await deliveries.take_again(db, taken, self._lease)
            await deliveries.note(db, taken.id, AttemptOutcome.NOT_FOUND, None)
        if again:
            await self._send(again, delivery)

    async def _done(self, taken: Taken, delivery: Delivery, external_id: str, outcome: AttemptOutcome) -> None:
        self._troubles = 0
        async with self._database.write(self._cause("done", taken)) as db:
            made = await deliveries.done(db, taken.id, external_id)
            await deliveries.note(db, taken.id, outcome, None)
        self._outcomes[outcome] += 1
        log.info("delivery.done", system=self._name, key=taken.key, outcome=outcome.value)
        if made:
            await self._fetch(taken, external_id)

    async def _fetch(self, taken: Taken, external_id: str) -> None:
        """Have the new record at once; where that fails, the next pull brings it."""
        try:
            async with asyncio.timeout(self._within):
                raw = await self._connector.one(external_id)
        except (HubError, TimeoutError) as trouble:
            log.info("delivery.not_fetched", system=self._name, key=taken.key, trouble=type(trouble).__name__)
            return
        if raw is not None:
            async with self._database.write(self._cause("fetch", taken)) as db:
                await Ingest(self._connector, self._seal).batch(db, [raw], datetime.now(UTC))

    async def _later(self, taken: Taken, trouble: TryLater) -> None:
        self._troubles += 1
        if taken.attempts >= self._budget:
            await self._hold(taken, AttemptOutcome.TRY_LATER, f"{taken.attempts} attempts; the last: {trouble}")
            return
        wait = trouble.after or 0.0
        await self._put(
            taken, DeliveryState.WAITING, AttemptOutcome.TRY_LATER, str(trouble), wait=wait, backoff=BACKOFF
        )

    async def _unclear(self, taken: Taken, delivery: Delivery, trouble: str) -> None:
        """It may have been taken: it stays under way until looking is conclusive."""
        self._troubles += 1
        if self._connector.looks_up(delivery):
            settle = self._connector.settle
            await self._put(taken, DeliveryState.SENDING, AttemptOutcome.UNCLEAR, trouble, wait=settle)
        else:
            await self._put(taken, DeliveryState.UNKNOWN, AttemptOutcome.UNCLEAR, trouble)

    async def _look_later(self, taken: Taken, trouble: HubError | TimeoutError) -> None:
        """Ever more seldom: what the other side took does not go away."""
        self._troubles += 1
        wait = min(LONGEST_WAIT, max(BACKOFF, taken.age)) * random.uniform(0.75, 1.25)  # noqa: S311 - nobody's secret
        told = str(trouble) or f"no answer within {self._within:g} s"
        await self._put(taken, DeliveryState.SENDING, AttemptOutcome.TRY_LATER, told, wait=wait)

    async def _rest(self, taken: Taken, trouble: Stop) -> None:
        """The system rests, as pulls do; this attempt was none."""
        await self._stop(trouble)
        await self._put(taken, DeliveryState.WAITING, AttemptOutcome.STOPPED, str(trouble), counts=False)

    async def _stop(self, trouble: Stop) -> None:
        self._troubles = AT_ONCE
        log.error("system.stopped", system=self._name, trouble=str(trouble))
        async with self._database.write(self._cause("stopped")) as db:
            await systems.stopped(db, self._name, str(trouble))

    async def _hold(self, taken: Taken, outcome: AttemptOutcome, trouble: str) -> None:
        await self._put(taken, DeliveryState.HELD, outcome, trouble)

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
    ) -> None:
        async with self._database.write(self._cause("put_back", taken)) as db:
            await deliveries.put_back(db, taken, state, trouble, wait=wait, backoff=backoff, counts=counts)
            await deliveries.note(db, taken.id, outcome, trouble)
        self._outcomes[outcome] += 1
        told = log.info if state in (DeliveryState.WAITING, DeliveryState.SENDING) else log.warning
        told("delivery." + state.value.lower(), system=self._name, key=taken.key, trouble=trouble)

    def _cause(self, what: str, taken: Taken | None = None) -> Cause:
        return Cause(f"deliver:{self._name}", "worker", taken.correlation if taken else what)
