"""Bringing over what is due to one system: one delivery at a time of a complaint, several complaints at once.

Before a call the delivery is SENDING, and that is committed; what came of it is committed after. So whoever dies
between the two leaves behind what an answer that does not come does: see ``hub.sync.attempt``.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter

from hub.complaints.forwarding import AttemptOutcome
from hub.connectors.base import Connector
from hub.connectors.together import ended
from hub.store.database import Cause, Database
from hub.store.exchange import deliveries
from hub.store.exchange.deliveries import Taken
from hub.store.sealing import Seal
from hub.sync.attempt import Attempts

AT_ONCE = 4
"""Complaints whose deliveries go to one system at the same time."""

LOOK_AGAIN = 0.5
"""Seconds after which what has become due is taken up beside what is under way."""

_TROUBLES = frozenset({AttemptOutcome.TRY_LATER, AttemptOutcome.UNCLEAR})


class Deliver:
    """Brings over what is due to one connector's system.

    One call may take ``within`` seconds; after ``budget`` attempts a delivery waits for a person.
    """

    def __init__(self, database: Database, connector: Connector, seal: Seal, *, within: float, budget: int) -> None:
        self._database, self._name = database, connector.name
        self._attempts = Attempts(database, connector, seal, within=within, budget=budget)
        self._cause = Cause(f"deliver:{self._name}", "worker", uuid.uuid4().hex)
        self._outcomes: Counter[AttemptOutcome] = Counter()
        self._under_way: set[asyncio.Task[None]] = set()
        self._faults: list[BaseException] = []
        self._troubles = 0
        """How often in a row the system could not answer; when that is often, the others would hear the same."""

    async def run(self) -> Counter[AttemptOutcome]:
        """Until nothing is due or the system does not answer; what came of the attempts."""
        async with self._database.write(self._cause) as db:
            self._outcomes[AttemptOutcome.FOUND] += await deliveries.settle_linked(db, self._name)
        try:
            while await self._fill():
                # What has become due meanwhile need not wait for a slow answer.
                done, _ = await asyncio.wait(self._under_way, timeout=LOOK_AGAIN, return_when=asyncio.FIRST_COMPLETED)
                self._under_way -= done
                self._faults += [fault for each in done if (fault := each.exception())]
        finally:
            await ended(self._under_way)
        # One delivery's fault must not cut the others off in the middle of theirs.
        for fault in self._faults:
            raise fault
        return +self._outcomes

    async def _fill(self) -> bool:
        """Take up what is due, as much as may be under way at once; whether anything is."""
        while len(self._under_way) < AT_ONCE and self._troubles < AT_ONCE:
            async with self._database.write(self._cause) as db:
                taken = await deliveries.take(db, self._name, self._attempts.lease)
            if taken is None:
                break
            self._under_way.add(asyncio.create_task(self._bring(taken)))
        return bool(self._under_way)

    async def _bring(self, taken: Taken) -> None:
        outcome = await self._attempts.make(taken)
        self._outcomes[outcome] += 1
        stopped = outcome is AttemptOutcome.STOPPED
        self._troubles = AT_ONCE if stopped else self._troubles + 1 if outcome in _TROUBLES else 0
