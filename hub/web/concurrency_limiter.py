"""Turns: how many operations are executed at the same time, and how long one may wait until it is executed.

A process executes one thing at a time. The more operations it has begun, the longer each of them takes, while no more
of them end in a second. So only some are executed together, and others wait in order: of a moment's many, all get
their turn. Who waits in vain is told to come back; from then on operations wait only shortly, as more come than can be
executed, and longer answers would not be more answers.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from hub.web.load_shedding import Refusals

OPERATIONS = 16
"""Maximum number of operations that are executed at the same time: more than a process needs to be always busy."""
SHORTEST_WAIT, LONGEST_WAIT = 0.1, 1.0
"""Seconds after which an operation is refused at the earliest, and at the latest."""
WAIT = 0.5
"""How long operations wait while some are refused, as a share of the time that operations recently took."""
RECENT_OPERATIONS, RECENT_SECONDS = 50, 5.0
"""The number of operations of which the time is a mean, and the time for which a refusal counts as recent."""


@dataclass(eq=False, slots=True)
class _Waiting:
    cost: int
    turn: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Turns:
    """Gives at most ``operations`` turns at the same time, to those whose costs are at most ``cost`` together.

    An operation gets its turn in any case if no other one is executed. ``wait`` are the shortest and the longest time
    in seconds that one waits. ``clock`` measures how long operations take, and when one was refused.
    """

    def __init__(
        self,
        *,
        operations: int = OPERATIONS,
        cost: int,
        wait: tuple[float, float] = (SHORTEST_WAIT, LONGEST_WAIT),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._max_cost, self._max_operations, self._wait, self._clock = cost, operations, wait, clock
        self._cost = self._operations = 0
        self._waiting: deque[_Waiting] = deque()
        self._refusals, self._refused_at, self._mean = Refusals(clock), -math.inf, 0.0

    @asynccontextmanager
    async def turn(self, cost: int) -> AsyncIterator[None]:
        """Wait for a turn, and execute the block in it; raises ``TryLater`` if that takes too long."""
        if self._waiting or not self._fits(cost):
            await self._wait_for_turn(cost)
        else:
            self._enter(cost)
        began = self._clock()
        try:
            yield
        finally:
            self._mean += (self._clock() - began - self._mean) / RECENT_OPERATIONS
            self._leave(cost)

    @property
    def patience(self) -> float:
        """The seconds for which an operation that comes now waits."""
        shortest, longest = self._wait
        if self._clock() - self._refused_at > RECENT_SECONDS:
            return longest
        return min(max(WAIT * self._mean, shortest), longest)

    async def _wait_for_turn(self, cost: int) -> None:
        waiting = _Waiting(cost)
        self._waiting.append(waiting)
        try:
            async with asyncio.timeout(self.patience):
                await waiting.turn
        except BaseException as error:
            # It may have got its turn at the moment in which it was cancelled.
            if waiting.turn.done() and not waiting.turn.cancelled():
                self._leave(cost)
            else:
                self._give_up(waiting)
            if isinstance(error, TimeoutError):
                self._refused_at = self._clock()
                reason = "More operations were sent than the hub can execute."
                raise self._refusals.refuse(reason, 1, max(self._operations, 1)) from None
            raise

    def _give_up(self, waiting: _Waiting) -> None:
        waiting.turn.cancel()
        if waiting in self._waiting:
            self._waiting.remove(waiting)
            # Those behind it may cost less.
            self._admit()

    def _fits(self, cost: int) -> bool:
        within = self._operations < self._max_operations and self._cost + cost <= self._max_cost
        return within or not self._operations

    def _enter(self, cost: int) -> None:
        self._operations += 1
        self._cost += cost

    def _leave(self, cost: int) -> None:
        self._operations -= 1
        self._cost -= cost
        self._admit()

    def _admit(self) -> None:
        """Give turns to those who have waited longest."""
        while self._waiting and (self._waiting[0].turn.cancelled() or self._fits(self._waiting[0].cost)):
            first = self._waiting.popleft()
            if not first.turn.cancelled():
                self._enter(first.cost)
                first.turn.set_result(None)
