"""What waits for one reader: bounded, so that a reader that stops reading costs no memory and delays nobody."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from hub.store.feed.changes import Change
from hub.store.feed.cursors import Positions

BUFFER_SIZE = 1_000
"""Changes that wait for a reader; they are shared by the readers that see the same."""


@dataclass(frozen=True, slots=True)
class Batch:
    """The changes of a window that a reader wants; ``start`` and ``end`` are those of the window."""

    start: Positions
    end: Positions
    changes: Sequence[Change]


class Buffer:
    """The batches of one reader. When it is full, everything in it is dropped, and the reader reads pages again."""

    def __init__(self, size: int = BUFFER_SIZE) -> None:
        self._size, self._waiting = size, 0
        self._batches: deque[Batch] = deque()
        self._overflowed = False
        self._filled = asyncio.Event()

    def offer(self, batch: Batch) -> None:
        """Add a batch without waiting."""
        if self._overflowed:
            return
        last = self._batches[-1] if self._batches else None
        if last is not None and not batch.changes:
            # Windows without a change for this reader only move its positions.
            self._batches[-1] = Batch(last.start, batch.end, last.changes)
        else:
            self._batches.append(batch)
        self._waiting += len(batch.changes)
        if self._waiting > self._size:
            self.overflow()
        elif batch.changes:
            self._filled.set()

    def overflow(self) -> None:
        """Drop everything: the reader has to find its own way from its positions."""
        self._batches.clear()
        self._waiting, self._overflowed = 0, True
        self._filled.set()

    def quiet_end(self) -> Positions | None:
        """Return where the reader is if nothing that it wants has changed since the batch that it took last."""
        quiet = len(self._batches) == 1 and not self._waiting
        return self._batches[0].end if quiet else None

    async def take(self) -> Batch | None:
        """Wait for the next batch and return it; None if batches were dropped."""
        while not self._batches and not self._overflowed:
            self._filled.clear()
            await self._filled.wait()
        if self._overflowed:
            self._overflowed = False
            return None
        batch = self._batches.popleft()
        self._waiting -= len(batch.changes)
        return batch
