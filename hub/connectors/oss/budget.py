"""The budget of look-ups: how many calls a minute the hub may spend on checking (contract oss#inquery-license).

Each use of look-ups leaves a part of it free, so that a pull delays no inquiry, and neither of them a decision.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

from hub.errors import TryLater

MINUTE = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What look-ups are for, and how much of the budget that may use up.

    A call is free for it while it has used less than the part ``own`` of the budget, and all uses together less than
    the part ``total``; the rest is reserved for others. ``patience``: the longest wait for a call in seconds.
    """

    name: str
    own: Fraction
    total: Fraction
    patience: float = math.inf


PULL = Use(name="pull", own=Fraction(2, 3), total=Fraction(3, 4))
INQUIRY = Use(name="inquiry", own=Fraction(2, 3), total=Fraction(3, 4))
DECISION = Use(name="decision", own=Fraction(1), total=Fraction(5, 6), patience=5.0)
READ_BACK = Use(name="read back", own=Fraction(1), total=Fraction(1), patience=5.0)
"""Look-ups after a reported decision. Their share of the budget cannot be used to begin another decision."""


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
        self._spent_by: defaultdict[Use, deque[float]] = defaultdict(deque)

    def wait(self, use: Use) -> float:
        """Seconds until a call is free for ``use``."""
        return max(self._until_below(use.own, self._spent_by[use]), self._until_below(use.total, self._spent))

    async def spend(self, use: Use) -> None:
        """Take one call, after a wait if none is free; raise ``TryLater`` if that takes longer than its patience."""
        latest = self._clock() + use.patience
        while (wait := self.wait(use)) > 0:
            if self._clock() + wait > latest:
                raise TryLater("the budget of look-ups is used up", wait)
            await self._sleep(wait)
        for spent in (self._spent, self._spent_by[use]):
            spent.append(self._clock())

    def _until_below(self, part: Fraction, spent: deque[float]) -> float:
        """Return in how many seconds ``spent`` is less than ``part`` of the budget, which is one call at least."""
        now = self._clock()
        while spent and now - spent[0] >= MINUTE:
            spent.popleft()
        excess = len(spent) - max(1, int(self._calls * part))
        return 0.0 if excess < 0 else MINUTE - (now - spent[excess])


@cache
def budget_of(url: str, calls: int) -> Budget:
    """Return the budget of an address."""
    return Budget(calls)
