"""Charges the events of a stream to the budget of its client."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from hub.api.graphql.quotas import Quota
from hub.errors import RateLimited

CHARGE_AT = 50
"""Cost at which events are charged."""
CHARGE_EVERY = 1.0
"""Seconds after which events are charged although they cost less."""


class Meter:
    """Adds up the cost of events, and charges several at once: to charge an event takes longer than to send it.

    A stream whose budget of the minute is used up waits. It loses nothing, because it goes on from its position.
    """

    def __init__(self, quota: Quota, clock: Callable[[], float] = time.monotonic) -> None:
        self._quota, self._clock = quota, clock
        self._due, self._charged_at = 0, clock()

    async def charge(self, cost: int) -> None:
        """Count an event of ``cost``; raises ``OperationRejected`` if it costs more than a whole minute's budget."""
        self._due += cost
        if self._due < CHARGE_AT and self._clock() < self._charged_at + CHARGE_EVERY:
            return
        while True:
            try:
                await self._quota.charge(self._due)
            except RateLimited as limited:
                await asyncio.sleep(limited.after)
            else:
                self._due, self._charged_at = 0, self._clock()
                return
