"""The budget of look-ups: how many calls a minute the hub may spend on checking (contract oss#inquery-license)."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from functools import cache

MINUTE = 60.0


class Budget:
    """A number of calls in any minute, shared by all that call the same address in this process."""

    def __init__(
        self,
        calls: int,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._calls, self._clock, self._sleep = calls, clock, sleep
        self._spent: deque[float] = deque()
        self._turn = asyncio.Lock()

    @property
    def wait(self) -> float:
        """Seconds until a call is free."""
        now = self._clock()
        while self._spent and now - self._spent[0] >= MINUTE:
            self._spent.popleft()
        return 0.0 if len(self._spent) < self._calls else MINUTE - (now - self._spent[0])

    async def spend(self) -> None:
        """Take one call, after a wait if none is free."""
        async with self._turn:
            while (wait := self.wait) > 0:
                await self._sleep(wait)
            self._spent.append(self._clock())


@cache
def budget_of(url: str, calls: int) -> Budget:
    """Return the budget of an address."""
    return Budget(calls)
