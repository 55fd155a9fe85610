"""A limit on the operations that a process executes at the same time, with a queue in front of it.

A process executes one thing at a time. The more operations it has begun, the longer each of them takes, while no more
of them end in a second. So a few are executed together, and others are queued. A burst gets through the queue. While
more operations arrive than can be executed, the timeout of the queue is short: a longer queue would make answers slower
and would not make them more.
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

MAX_OPERATIONS = 16
"""Maximum number of operations that are executed at the same time: more than a process needs to be always busy."""
MIN_TIMEOUT, MAX_TIMEOUT = 0.1, 1.0
"""The least and the greatest timeout of the queue in seconds."""
OVERLOAD_TIMEOUT = 0.5
"""The timeout after a recent refusal, as a multiple of the mean duration of the last operations."""
MEAN_OVER, RECENT_SECONDS = 50, 5.0
"""The number of operations whose duration is averaged, and for how long a refusal counts as recent."""


@dataclass(eq=False, slots=True)
class _Queued:
    cost: int
    admitted: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class ConcurrencyLimiter:
    """Admits at most ``operations`` at the same time, whose costs are at most ``cost`` together; others are queued.

    An operation is admitted in any case if no other one is executed. ``timeouts`` are the least and the greatest
    timeout of the queue in seconds. ``clock`` returns seconds.
    """

    def __init__(
        self,
        *,
        operations: int = MAX_OPERATIONS,
        cost: int,
        timeouts: tuple[float, float] = (MIN_TIMEOUT, MAX_TIMEOUT),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._max_cost, self._max_operations, self._timeouts, self._clock = cost, operations, timeouts, clock
        self._cost = self._operations = 0
        self._queue: deque[_Queued] = deque()
        self._refusals, self._refused_at, self._mean_duration = Refusals(clock), -math.inf, 0.0

    @asynccontextmanager
    async def admit(self, cost: int) -> AsyncIterator[None]:
        """Execute the block when the operation is admitted; raises ``TryLater`` after the timeout of the queue."""
        if self._queue or not self._fits(cost):
            await self._enqueue(cost)
        else:
            self._begin(cost)
        began = self._clock()
        try:
            yield
        finally:
            self._mean_duration += (self._clock() - began - self._mean_duration) / MEAN_OVER
            self._end(cost)

    @property
    def timeout(self) -> float:
        """The seconds for which an operation that arrives now may be queued."""
        least, greatest = self._timeouts
        if self._clock() - self._refused_at > RECENT_SECONDS:
            return greatest
        return min(max(OVERLOAD_TIMEOUT * self._mean_duration, least), greatest)

    async def _enqueue(self, cost: int) -> None:
        queued = _Queued(cost)
        self._queue.append(queued)
        try:
            async with asyncio.timeout(self.timeout):
                await queued.admitted
        except BaseException as error:
            # It may have been admitted at the moment in which it was cancelled.
            if queued.admitted.done() and not queued.admitted.cancelled():
                self._end(cost)
            else:
                self._dequeue(queued)
            if isinstance(error, TimeoutError):
                self._refused_at = self._clock()
                reason = "More operations arrive than the hub can execute."
                raise self._refusals.refuse(reason, 1, max(self._operations, 1)) from None
            raise

    def _dequeue(self, queued: _Queued) -> None:
        queued.admitted.cancel()
        if queued in self._queue:
            self._queue.remove(queued)
            # Those behind it may cost less.
            self._admit_queued()

    def _fits(self, cost: int) -> bool:
        within = self._operations < self._max_operations and self._cost + cost <= self._max_cost
        return within or not self._operations

    def _begin(self, cost: int) -> None:
        self._operations += 1
        self._cost += cost

    def _end(self, cost: int) -> None:
        self._operations -= 1
        self._cost -= cost
        self._admit_queued()

    def _admit_queued(self) -> None:
        """Admit operations in the order of their arrival."""
        while self._queue and (self._queue[0].admitted.cancelled() or self._fits(self._queue[0].cost)):
            first = self._queue.popleft()
            if not first.admitted.cancelled():
                self._begin(first.cost)
                first.admitted.set_result(None)
