"""A part of the graph behind a relay that can be down, hang, or answer what is no GraphQL."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

CLOSED_WITHIN = 10.0
DOWN, HANGS = "down", "hangs"
WRONG = {
    "HTML": (200, "text/html", "<html><body>Sedang dalam pemeliharaan</body></html>"),
    "bad gateway": (502, "text/html", "<html><body>502 Bad Gateway</body></html>"),
    "fault": (500, "application/json", json.dumps({"detail": "fault"})),
    "cut JSON": (200, "application/json", '{"data": {"payments": '),
    "other JSON": (200, "application/json", json.dumps({"detail": "another service"})),
    "list": (200, "application/json", "[]"),
}
"""Status, type and body of wrong answers."""


class FaultyPart:
    """A relay to the part at ``url``. ``fault`` is None, ``DOWN``, ``HANGS`` or one of ``WRONG``."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._part = parts.hostname, parts.port
        self._port = 0
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self.fault: str | None = None
        self.request_count = 0
        """Requests that a fault has met."""

    @property
    def url(self) -> str:
        """The URL of the relay, which stays when it listens again."""
        return f"http://127.0.0.1:{self._port}"

    async def set(self, fault: str | None) -> None:
        """Close all connections; listen again, unless the part is to be down."""
        if self._server:
            self._server.close()
        await self._end_connections()
        self.fault, self._server, self.request_count = fault, None, 0
        if fault != DOWN:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
            self._port = self._server.sockets[0].getsockname()[1]

    async def _end_connections(self) -> None:
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._connections.add(task)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await (self._answer(reader, writer) if self.fault else self._relay(reader, writer))
        except asyncio.CancelledError:
            # asyncio's server logs a task that was cancelled.
            pass
        finally:
            self._connections.discard(task)
            await _close(reader, writer)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        part_reader, part_writer = await asyncio.open_connection(*self._part)
        ways = [asyncio.ensure_future(_copy(reader, part_writer)), asyncio.ensure_future(_copy(part_reader, writer))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            part_writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.request_count += 1
        if self.fault == HANGS:
            await reader.read(-1)
            return
        status, type_, body = WRONG[str(self.fault)]
        head = (
            f"HTTP/1.1 {status} -\r\nContent-Type: {type_}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        writer.write((head + body).encode())
        await writer.drain()


async def _close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Close a connection, and wait until the gateway has closed it too: it then sends no request on it any more."""
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(CLOSED_WITHIN):
            writer.write_eof()
            while await reader.read(65_536):
                pass
    writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()


@asynccontextmanager
async def faulty_part(url: str) -> AsyncIterator[FaultyPart]:
    """Run a relay to ``url``."""
    part = FaultyPart(url)
    await part.set(None)
    try:
        yield part
    finally:
        await part.set(DOWN)
