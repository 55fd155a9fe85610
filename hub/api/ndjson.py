"""Reads an NDJSON body in batches of lines. The batches depend only on the lines, so a repeat has the same ones."""

from __future__ import annotations

import asyncio
import hashlib
from codecs import BOM_UTF8
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from hub.sync.uploads import MAX_ROW_BYTES, Line

MAX_BATCH_ROWS = 1_000
"""Maximum number of rows of a batch; each batch is one transaction."""
MAX_BATCH_BYTES = 4 * 1024 * 1024
"""Size in bytes at which a batch ends earlier, so that long rows do not need more memory."""
READ_TIMEOUT = 60.0
"""Maximum seconds to wait for the next bytes of a body."""


class ReadTimeout(Exception):
    """No data arrived for ``READ_TIMEOUT`` seconds."""


class Batch(NamedTuple):
    """Lines to store in one transaction; ``last`` is True if the body ends after them."""

    lines: list[Line]
    last: bool


@dataclass(slots=True)
class _LineSplitter:
    """Splits chunks into lines. Blank lines are dropped; a line that is too long is replaced by its hash."""

    buffer: bytearray = field(default_factory=bytearray)
    at_start: bool = True
    """Whether no line has ended yet: the first line may begin with a byte order mark."""
    long_line_hash: Any = None

    def feed(self, chunk: bytes) -> list[Line]:
        """Return the lines that end in ``chunk``."""
        *ended, rest = chunk.split(b"\n")
        lines = [line for part in ended if (line := self._end(part))]
        self._add(rest)
        return lines

    def end(self) -> list[Line]:
        """Return the last line if no line feed ends it."""
        line = self._end(b"")
        return [line] if line else []

    def _add(self, part: bytes) -> None:
        if self.long_line_hash is not None:
            self.long_line_hash.update(part)
            return
        self.buffer += part
        if len(self.buffer) > MAX_ROW_BYTES:
            self.long_line_hash = hashlib.sha256(self.buffer)
            self.buffer = bytearray()

    def _end(self, part: bytes) -> Line | None:
        self._add(part)
        first, self.at_start = self.at_start, False
        if self.long_line_hash is not None:
            line, self.long_line_hash = Line(self.long_line_hash.hexdigest().encode(), too_long=True), None
            return line
        content, self.buffer = bytes(self.buffer), bytearray()
        if first:
            content = content.removeprefix(BOM_UTF8)
        return Line(content) if content.strip() else None


async def read_batches(body: AsyncIterator[bytes]) -> AsyncGenerator[Batch, None]:
    """Yield the lines of ``body`` as one or more batches; raises ``ReadTimeout``.

    If the body is interrupted, the current batch is dropped: a repeat sends it again.
    """
    splitter, batch, size = _LineSplitter(), list[Line](), 0
    async for chunk in _with_timeout(body):
        for line in splitter.feed(chunk):
            if len(batch) == MAX_BATCH_ROWS or size >= MAX_BATCH_BYTES:
                yield Batch(batch, last=False)
                batch, size = [], 0
            batch.append(line)
            size += len(line.content)
    for line in splitter.end():
        if len(batch) == MAX_BATCH_ROWS or size >= MAX_BATCH_BYTES:
            yield Batch(batch, last=False)
            batch = []
        batch.append(line)
    yield Batch(batch, last=True)


async def _with_timeout(body: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """Yield the chunks of ``body``; raises ``ReadTimeout``."""
    while True:
        try:
            async with asyncio.timeout(READ_TIMEOUT):
                chunk = await anext(body)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise ReadTimeout from None
        yield chunk
