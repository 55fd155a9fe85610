"""A cache of what was made for the public: each thing is made once at a time, and again after a minute."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from hub.errors import HubError

T = TypeVar("T")

SECONDS = 60
SIZE = 500


@dataclass(slots=True)
class _Entry(Generic[T]):
    made: asyncio.Future[T]
    until: float


class PublicCache(Generic[T]):
    """``clock`` returns seconds. The cache has at most ``SIZE`` entries; those used last are kept."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._entries: OrderedDict[Hashable, _Entry[T]] = OrderedDict()

    async def get(self, key: Hashable, make: Callable[[], Awaitable[T]]) -> T:
        """Return the value of ``key``, which ``make`` makes for all who wait for it.

        A failure is not kept, and who waited for another's then tries for itself: it may be that of the other's budget.
        """
        entry = self._entries.get(key)
        first = entry
        if entry is None or (entry.made.done() and self._clock() >= entry.until):
            # A task of its own: the value is made even if the reader who was first leaves.
            entry = _Entry(asyncio.ensure_future(make()), self._clock() + SECONDS)
            entry.made.add_done_callback(lambda made: self._forget_failure(key, made))
            self._entries[key] = entry
            if len(self._entries) > SIZE:
                self._entries.popitem(last=False)
        self._entries.move_to_end(key)
        try:
            return await asyncio.shield(entry.made)
        except HubError:
            if entry is not first:
                raise
            return await make()

    def _forget_failure(self, key: Hashable, made: asyncio.Future[T]) -> None:
        failed = made.cancelled() or made.exception() is not None
        entry = self._entries.get(key)
        if failed and entry is not None and entry.made is made:
            del self._entries[key]
