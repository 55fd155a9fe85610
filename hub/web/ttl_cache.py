"""A cache for the result of an expensive call without arguments."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")

TTL = 1.0
"""Seconds for which a result is cached."""


class CachedCall(Generic[T]):
    """Calls ``call`` at most once in ``TTL`` seconds; concurrent callers wait for the same result."""

    def __init__(self, call: Callable[[], Awaitable[T]], clock: Callable[[], float] = time.monotonic) -> None:
        self._call, self._clock, self._lock = call, clock, asyncio.Lock()
        self._cached: tuple[T, float] | None = None

    async def __call__(self) -> T:
        """Return the cached or new result."""
        async with self._lock:
            if self._cached is None or self._clock() >= self._cached[1]:
                result = await self._call()
                self._cached = result, self._clock() + TTL
            return self._cached[0]
