"""Reads a body line by line, in batches that depend on the lines alone: a repeat is cut into the same ones."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from hub.sync.push import LONGEST, Line

ROWS = 1_000
"""Rows of a batch at most; each batch is one transaction."""
BYTES = 4 * 1024 * 1024
"""Bytes after which a batch ends earlier, so that long rows need no more memory than short ones."""
SILENCE = 60.0
"""Seconds that a body may make us wait for its next bytes."""


class TooSlow(Exception):
    """Nothing came for ``SILENCE`` seconds."""


class Batch(NamedTuple):
    """Lines to store in one transaction; ``last`` says that the body has ended behind them."""

    lines: list[Line]
    last: bool


@dataclass(slots=True)
class _Splitter:
    """Cuts chunks into lines. Blank lines are none; of a line that is too long only a hash is kept."""

    begun: bytearray = field(default_factory=bytearray)
    long: Any = None

    def feed(self, chunk: bytes) -> list[Line]:
        """The lines that end in ``chunk``."""
        *ended, rest = chunk.split(b"\n")
        lines = [line for part in ended if (line := self._end(part))]
        self._add(rest)
        return lines

    def end(self) -> list[Line]:
        """The line that no line feed ended."""
        line = self._end(b"")
        return [line] if line else []

    def _add(self, part: bytes) -> None:
        if self.long is not None:
            self.long.update(part)
            return
        self.begun += part
        if len(self.begun) > LONGEST:
            self.long = hashlib.sha256(self.begun)
            self.begun = bytearray()

    def _end(self, part: bytes) -> Line | None:
        self._add(part)
        if self.long is not None:
            line, self.long = Line(self.long.hexdigest().encode(), too_long=True), None
            return line
        content, self.begun = bytes(self.begun), bytearray()
        return Line(content) if content.strip() else None


async def batches(body: AsyncIterator[bytes]) -> AsyncGenerator[Batch, None]:
    """The lines of ``body``; at least one batch, the last marked as such. Raises ``TooSlow``.

    What was read of a batch when the body breaks off is not handed on: the repeat will bring all of it.
    """
    splitter, waiting, size = _Splitter(), list[Line](), 0
    async for chunk in _patiently(body):
        for line in splitter.feed(chunk):
            if len(waiting) == ROWS or size >= BYTES:
                yield Batch(waiting, last=False)
                waiting, size = [], 0
            waiting.append(line)
            size += len(line.content)
    for line in splitter.end():
        if len(waiting) == ROWS or size >= BYTES:
            yield Batch(waiting, last=False)
            waiting = []
        waiting.append(line)
    yield Batch(waiting, last=True)


async def _patiently(body: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """``body`` as it comes, and an end to waiting for it."""
    while True:
        try:
            async with asyncio.timeout(SILENCE):
                chunk = await anext(body)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise TooSlow from None
        yield chunk
