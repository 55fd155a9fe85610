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
from hub.store import deliveries
from hub.store.database import Cause, Database
from hub.store.sealing import Seal
from hub.sync.attempt import Attempts

AT_ONCE = 4
"""Complaints whose deliveries go to one system at the same time."""

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
        self._troubles = 0
        """How often in a row the system could not answer; when that is often, the others would hear the same."""

    async def run(self) -> Counter[AttemptOutcome]:
        """Until nothing is due or the system does not answer; what came of the attempts."""
        async with self._database.write(self._cause) as db:
            self._outcomes[AttemptOutcome.FOUND] += await deliveries.settle_linked(db, self._name)
        ended = await asyncio.gather(*(self._sender() for _ in range(AT_ONCE)), return_exceptions=True)
        for fault in ended:
            # One delivery's fault must not cut the others off in the middle of theirs.
            if fault is not None:
                raise fault
        return +self._outcomes

    async def _sender(self) -> None:
        while self._troubles < AT_ONCE:
            async with self._database.write(self._cause) as db:
                taken = await deliveries.take(db, self._name, self._attempts.lease)
            if taken is None:
                return
            outcome = await self._attempts.make(taken)
            self._outcomes[outcome] += 1
            self._troubles = self._troubles + 1 if outcome in _TROUBLES else 0
            if outcome is AttemptOutcome.STOPPED:
                return
