"""The storage of rate limits: this process, or Redis. The library ``limits`` counts in both."""

from __future__ import annotations

import math
import time
from typing import Any, NamedTuple

from limits.aio.storage import MemoryStorage, RedisStorage
from redis.asyncio import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

SWEEP_INTERVAL = 10.0
"""Seconds between two removals of expired counters."""

REDIS_TIMEOUT = 0.5
"""Timeout of Redis in seconds."""


class InMemoryStorage(MemoryStorage):
    """Counters of this process.

    The library's own storage searches all counters after each hit, which slows every request down (1.6 ms with
    20,000 counters). This one removes expired counters only at intervals.
    """

    def __init__(self) -> None:
        super().__init__()
        self._sweep_at = 0.0

    async def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Add ``amount`` to a counter, expiring in ``expiry`` seconds if new. Awaits nothing, so loses no update."""
        now = time.time()
        if now >= self._sweep_at:
            self._sweep_at = now + SWEEP_INTERVAL
            for ended in [each for each, at in self.expirations.items() if at <= now]:
                del self.expirations[ended], self.storage[ended]
        if key not in self.expirations:
            self.expirations[key] = now + expiry
        self.storage[key] += amount
        return self.storage[key]

    async def decr(self, key: str, amount: int = 1) -> int:
        """Subtract ``amount`` from a counter."""
        self.storage[key] = max(self.storage[key] - amount, 0)
        return self.storage[key]


class RedisBackend:
    """Counters in Redis, shared by several processes; ``url`` begins with ``redis://`` or ``rediss://``."""

    def __init__(self, url: str) -> None:
        # The client's own retries would delay requests for seconds while Redis is down.
        self._pool = ConnectionPool.from_url(
            url, socket_timeout=REDIS_TIMEOUT, socket_connect_timeout=REDIS_TIMEOUT, retry=Retry(NoBackoff(), 0)
        )
        options: dict[str, Any] = {"connection_pool": self._pool}
        self.storage = RedisStorage(f"async+{url}", implementation="redispy", key_prefix="hub", **options)

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.aclose()


class SlidingWindow(NamedTuple):
    """A sliding window counter: the hits of the previous and of the current window, with the seconds left of each."""

    previous: int
    previous_left: float
    current: int
    current_left: float

    def weighted(self, length: float) -> int:
        """Return the hits that count now; those of the previous window lose weight in its ``length`` of seconds."""
        return math.floor(self.previous * self.previous_left / length + self.current)


def retry_after(window: SlidingWindow, limit: int, cost: int, length: float) -> int:
    """Return the whole seconds, at least 1, until ``cost`` fits into ``limit`` hits per ``length`` seconds.

    The hits of the previous window lose weight with time; those of the current window count in full until it ends.
    """
    room = limit - cost
    if window.current <= room:
        seconds = window.previous_left - _fits(room - window.current, window.previous, length)
    else:
        seconds = window.current_left - _fits(room, window.current, length)
    return max(1, math.floor(seconds) + 1)


def _fits(room: int, hits: int, length: float) -> float:
    """Return the seconds left of a window below which its weighted ``hits``, rounded down, do not exceed ``room``."""
    return min(length, (room + 1) * length / hits) if hits else length
