"""An HTTP protocol with limits on what a client may leave unfinished: a head, a pipeline, an unread response.

uvicorn accepts heads of any size, waits for their ends without limit, and does not close connections without a request.
Bodies are limited by ``hub.web.middleware``, where the paths are known.
"""

from __future__ import annotations

import asyncio
import resource
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

MAX_HEAD_BYTES = 32_768
"""Bytes of the request line and the headers, and of a trailer; tokens need some thousand."""
MAX_HEAD_FIELDS = 100
"""Headers of a request."""
HEAD_SECONDS = 10.0
"""Seconds for receiving a head, from its first byte or from the start of the connection."""
MAX_PIPELINED = 16
"""Requests that may wait for the responses to earlier ones."""
READ_CHECK_SECONDS = 60.0
"""Seconds after which an unsent response is checked for progress."""
MIN_BYTES_PER_SECOND = 1_000
"""Bytes a second that the client must have read by then."""
MAX_CONNECTIONS = 800
"""Open connections where a process may have the usual 1,024 open files, and more where it may have more; for one more,
the connection that has been idle longest is closed."""
OTHER_FILES = 224
"""Open files of a process that are no connections of clients."""
WANTED_FILES = 4_096
"""Open files that a process with many streams needs."""


def allow_more_connections() -> None:
    """Raise the limit of open files as far as this process may and needs, and the limit of connections with it."""
    global MAX_CONNECTIONS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = WANTED_FILES if hard == resource.RLIM_INFINITY else min(WANTED_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    MAX_CONNECTIONS = max(MAX_CONNECTIONS, files - OTHER_FILES)


class HeadTooLarge(Exception):
    """A head exceeds a limit; the parser then stops."""


class BoundedProtocol(HttpToolsProtocol):
    """One connection. ``connections`` and the timers are uvicorn's except for those of the head."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._in_head, self._heads_parsed = True, 0
        self._head_bytes_received = self._head_bytes_parsed = self._header_count = 0
        self._too_large = False
        self._head_timer: asyncio.TimerHandle | None = None
        self._read_check: asyncio.TimerHandle | None = None
        self._unread = 0
        self._idle_since = self.loop.time()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the timer for a head, and close an idle connection if there are too many."""
        super().connection_made(transport)
        self._start_head_timer()
        if len(self.connections) > MAX_CONNECTIONS:
            _longest_idle(self).close_soon()

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the timers."""
        self._cancel_head_timer()
        self._cancel_read_check()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse ``data``, and count bytes that are only a part of a head."""
        if self.transport.is_closing():
            return
        in_head, heads = self._in_head, self._heads_parsed
        super().data_received(data)
        if self.transport.is_closing():
            return
        if in_head and heads == self._heads_parsed:
            self._head_bytes_received += len(data)
        if self._head_bytes_received > MAX_HEAD_BYTES:
            self._too_large = True
            self.send_400_response("")
        elif self._head_timer is None and self.idle_since is not None:
            # These bytes stopped uvicorn's timer for an idle connection.
            self._start_head_timer()

    def on_message_begin(self) -> None:
        """Reset the counters."""
        self._head_bytes_parsed = self._header_count = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Count a part of the request line."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a header; a trailer is counted and dropped."""
        self._header_count += 1
        self._count(len(name) + len(value))
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Stop the timer of the head."""
        if len(self.pipeline) >= MAX_PIPELINED:
            raise HeadTooLarge
        self._in_head, self._head_bytes_received = False, 0
        self._heads_parsed += 1
        self._cancel_head_timer()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Expect another head."""
        self._in_head = True
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Respond with 431 and the limits if the head was too large, otherwise with 400."""
        if self._too_large and self.idle_since is not None:
            msg = f"A request may have {MAX_HEAD_FIELDS} headers, and {MAX_HEAD_BYTES} bytes before its body."
            self.transport.write(STATUS_LINE[431] + b"content-type: text/plain; charset=utf-8\r\n")
            self.transport.write(f"content-length: {len(msg)}\r\nconnection: close\r\n\r\n{msg}".encode("ascii"))
        elif self.idle_since is not None:
            super().send_400_response(msg)
        self.close_soon()

    def timeout_keep_alive_handler(self) -> None:
        """Close the idle connection."""
        self.close_soon()

    def close_soon(self) -> None:
        """Close the connection, even if the client does not read the response."""
        self.transport.close()
        self._schedule_read_check()

    def pause_writing(self) -> None:
        """Start checking that the client reads the response."""
        super().pause_writing()
        self._schedule_read_check()

    def resume_writing(self) -> None:
        """Stop checking: the client has read the response."""
        super().resume_writing()
        self._cancel_read_check()

    @property
    def idle_since(self) -> float | None:
        """When the connection became idle; None while a request is handled."""
        return self._idle_since if self.cycle is None or self.cycle.response_complete else None

    def on_response_complete(self) -> None:
        """Mark the connection as idle."""
        self._idle_since = self.loop.time()
        super().on_response_complete()
        if self.transport.is_closing():
            self.close_soon()

    def _count(self, size: int) -> None:
        self._head_bytes_parsed += size
        if self._head_bytes_parsed > MAX_HEAD_BYTES or self._header_count > MAX_HEAD_FIELDS:
            self._too_large = True
            raise HeadTooLarge

    def _start_head_timer(self) -> None:
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self._head_is_late)

    def _cancel_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _schedule_read_check(self) -> None:
        if self._read_check is None:
            self._unread = self.transport.get_write_buffer_size()
            self._read_check = self.loop.call_later(READ_CHECK_SECONDS, self._check_reading)

    def _cancel_read_check(self) -> None:
        if self._read_check is not None:
            self._read_check.cancel()
            self._read_check = None

    def _check_reading(self) -> None:
        self._read_check = None
        if self._unread - self.transport.get_write_buffer_size() < MIN_BYTES_PER_SECOND * READ_CHECK_SECONDS:
            self.transport.abort()
        else:
            self._schedule_read_check()

    def _head_is_late(self) -> None:
        self._head_timer = None
        # While a request is handled, the timer for an idle connection starts after it.
        if self.idle_since is not None:
            self.close_soon()


def _longest_idle(newest: BoundedProtocol) -> BoundedProtocol:
    """Return the connection to close; the newest one if all others handle a request."""
    others = [each for each in newest.connections if isinstance(each, BoundedProtocol) and each is not newest]
    waiting = [each for each in others if each.idle_since is not None and not each.transport.is_closing()]
    return min(waiting, key=lambda each: each.idle_since or 0.0, default=newest)
