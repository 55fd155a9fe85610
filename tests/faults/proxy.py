"""A TCP proxy that adds network faults in either direction; it needs only asyncio."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass

CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to the bytes of one direction; times are in seconds, sizes in bytes.

    Each piece is delayed by ``latency`` and up to ``jitter`` more. Pieces have at most ``slice`` bytes and are sent at
    ``rate`` bytes a second. After ``cut`` bytes the connection ends (with RST if ``reset``); after ``swallow`` bytes
    nothing more is forwarded. If one side ends, the other is ended ``slow_close`` seconds later.
    """

    latency: float = 0.0
    jitter: float = 0.0
    slice: int = CHUNK
    rate: float | None = None
    cut: int | None = None
    reset: bool = False
    swallow: int | None = None
    slow_close: float = 0.0


NONE = Fault()


@dataclass
class Proxy:
    """Forwards connections to ``port`` to ``target``; ``up`` is the fault of requests, ``down`` that of responses.

    A fault applies to connections made after it was set; ``forget`` ends the existing ones.
    """

    target: tuple[str, int]
    up: Fault = NONE
    down: Fault = NONE
    port: int = 0
    share: float = 1.0
    """The share of the connections that get the faults."""
    faulty_connections: int = 0
    """The number of connections that got one."""

    def __post_init__(self) -> None:
        self._dice = random.Random(1)
        self._links: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Proxy]:
        """Listen on a free port of this machine until the block ends."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            self._server.close()
            await self.forget()

    @property
    def url(self) -> str:
        """The URL at which it listens."""
        return f"http://127.0.0.1:{self.port}"

    def set(self, up: Fault = NONE, down: Fault = NONE) -> None:
        """Set the faults of new connections."""
        self.up, self.down = up, down

    async def forget(self) -> None:
        """End every connection."""
        for link in self._links:
            link.cancel()
        await asyncio.gather(*self._links, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = asyncio.current_task()
        assert link
        self._links.add(link)
        try:
            await self._link(reader, writer)
        except (OSError, asyncio.CancelledError):
            # The other side went away, or the test is over.
            writer.transport.abort()
        finally:
            self._links.discard(link)

    async def _link(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hit = (self.up, self.down) != (NONE, NONE) and self._dice.random() < self.share
        up, down = (self.up, self.down) if hit else (NONE, NONE)
        self.faulty_connections += hit
        far_reader, far_writer = await asyncio.open_connection(*self.target)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_Flow(up, self._dice, reader, far_writer, writer).run())
                group.create_task(_Flow(down, self._dice, far_reader, writer, far_writer).run())
        except* (_Ended, OSError):
            if up.reset or down.reset:
                _reset(writer)
        finally:
            for each in (writer, far_writer):
                each.transport.abort()


class _Ended(Exception):
    """A fault ends the connection."""


@dataclass
class _Flow:
    """One direction of one connection."""

    fault: Fault
    dice: random.Random
    source: asyncio.StreamReader
    sink: asyncio.StreamWriter
    back: asyncio.StreamWriter
    passed: int = 0

    async def run(self) -> None:
        """Forward the bytes, with the fault applied."""
        while piece := await self.source.read(min(CHUNK, self.fault.slice)):
            await self._delay(len(piece))
            await self._pass(piece)
        await asyncio.sleep(self.fault.slow_close)
        if self.sink.can_write_eof():
            self.sink.write_eof()

    async def _delay(self, size: int) -> None:
        fault = self.fault
        seconds = fault.latency + fault.jitter * self.dice.random() + (size / fault.rate if fault.rate else 0.0)
        await asyncio.sleep(seconds)

    async def _pass(self, piece: bytes) -> None:
        fault = self.fault
        if fault.swallow is not None and self.passed + len(piece) > fault.swallow:
            piece = piece[: max(0, fault.swallow - self.passed)]
        kept = piece if fault.cut is None else piece[: max(0, fault.cut - self.passed)]
        self.passed += len(piece)
        if kept:
            self.sink.write(kept)
            await self.sink.drain()
        if len(kept) < len(piece):
            raise _Ended


def _reset(writer: asyncio.StreamWriter) -> None:
    """End the connection with RST instead of FIN: unsent bytes are dropped, and the other side gets an error."""
    connection = writer.get_extra_info("socket")
    if connection is not None:
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
