"""The body of a response that is a stream: chunks as they come, and a sign of life when none does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from starlette.requests import Request
from starlette.types import Send

from hub.api.streams.registry import Stream, StreamEnded
from hub.concurrency import cancel_and_wait
from hub.web.load_shedding import release_slot

EVENT_STREAM = "text/event-stream"
HEARTBEAT = 12.0
"""Seconds without a chunk after which a sign of life is sent, so that no proxy closes the connection."""
DISCONNECTED = "DISCONNECTED"
"""The code of a stream whose client has gone."""


class StreamBody:
    """A response with a body that is written while it comes; ``idle`` returns a sign of life.

    The body of the request must have been read.
    """

    def __init__(self, request: Request, send: Send, media: str, idle: Callable[[], bytes]) -> None:
        self._request, self._send, self._media, self._idle = request, send, media, idle
        self._written = False

    async def start(self, first: bytes = b"") -> None:
        """Send the head, and the first chunk."""
        release_slot(self._request.scope)
        headers = {"content-type": self._media, "cache-control": "no-store", "x-accel-buffering": "no"}
        encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
        await self._send({"type": "http.response.start", "status": 200, "headers": encoded})
        await self.write(first)

    async def write(self, chunk: bytes) -> None:
        """Send a chunk; waits while the client does not read."""
        self._written = True
        await self._send({"type": "http.response.body", "body": chunk, "more_body": True})

    async def finish(self) -> None:
        """End the body."""
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    @asynccontextmanager
    async def open(self, stream: Stream) -> AsyncIterator[None]:
        """Send signs of life while the context is open, and end ``stream`` if the client disconnects."""
        tasks = [asyncio.create_task(each) for each in (self._send_signs_of_life(), self._wait_for_disconnect(stream))]
        try:
            yield
        finally:
            await cancel_and_wait(tasks)

    async def _send_signs_of_life(self) -> None:
        while True:
            self._written = False
            await asyncio.sleep(HEARTBEAT)
            if not self._written:
                await self.write(self._idle())

    async def _wait_for_disconnect(self, stream: Stream) -> None:
        await self._request.receive()
        stream.end(StreamEnded(DISCONNECTED, "The client has gone."))


def server_sent(data: str, *, event: str = "", id_: str = "") -> bytes:
    """Return an event of the format ``text/event-stream`` (HTML standard); ``data`` is one line."""
    lines = (f"id: {id_}" if id_ else "", f"event: {event}" if event else "", f"data: {data}")
    return "".join(f"{line}\n" for line in lines if line).encode() + b"\n"
