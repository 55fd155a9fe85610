"""Where hits are counted: in this process, or in Redis. The library ``limits`` does the counting in both."""

from __future__ import annotations

import math
import time
from typing import Any, NamedTuple

from limits.aio.storage import MemoryStorage, RedisStorage
from redis.asyncio import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

SWEEP = 10.0
"""Seconds between two looks for counters that have ended."""

PATIENCE = 0.5
"""Seconds that Redis may take to answer."""


class Memory(MemoryStorage):
    """Counters of this process.

    The library's own look through all counters after each hit, so that many callers make every
    request slow (1.6 ms with 20,000 of them); these are swept now and then.
    """

    def __init__(self) -> None:
        super().__init__()
        self._sweep_at = 0.0

    async def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count ``amount``; a counter that is new ends in ``expiry`` seconds. Awaits nothing, so loses none."""
        now = time.time()
        if now >= self._sweep_at:
            self._sweep_at = now + SWEEP
            for ended in [each for each, at in self.expirations.items() if at <= now]:
                del self.expirations[ended], self.storage[ended]
        if key not in self.expirations:
            self.expirations[key] = now + expiry
        self.storage[key] += amount
        return self.storage[key]

    async def decr(self, key: str, amount: int = 1) -> int:
        """Take ``amount`` back."""
        self.storage[key] = max(self.storage[key] - amount, 0)
        return self.storage[key]


class Redis:
    """Counters that several processes share; ``url`` is ``redis://`` or ``rediss://``."""

    def __init__(self, url: str) -> None:
        # The client's own retries would hold requests up for seconds when Redis is down.
        self._pool = ConnectionPool.from_url(
            url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE, retry=Retry(NoBackoff(), 0)
        )
        given: dict[str, Any] = {"connection_pool": self._pool}
        self.storage = RedisStorage(f"async+{url}", implementation="redispy", key_prefix="hub", **given)

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.aclose()


class Window(NamedTuple):
    """A sliding window: the hits before it began anew and since, and the seconds both still count."""

    previous: int
    previous_left: float
    current: int
    current_left: float


def wait(window: Window, limit: int, cost: int, length: float) -> int:
    """In how many whole seconds, at least 1, ``cost`` fits into ``limit`` hits per ``length`` seconds again.

    Older hits weigh less the longer ago their window ended; those of the current one stay whole
    until it has ended too.
    """
    room = limit - cost
    if window.current <= room:
        seconds = window.previous_left - _fits(room - window.current, window.previous, length)
    else:
        seconds = window.current_left - _fits(room, window.current, length)
    return max(1, math.floor(seconds) + 1)


def _fits(room: int, hits: int, length: float) -> float:
    """Below how many seconds left ``hits`` weigh no more than ``room`` when rounded down."""
    return min(length, (room + 1) * length / hits) if hits else length
