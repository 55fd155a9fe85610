"""The open streams of a process: how many a client may have, and what ends them.

A stream ends within a second after its token has ended or its client was suspended, and when the process stops. The
code of ``StreamEnded`` says why, so that a reader knows whether to come back.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from contextvars import Context
from dataclasses import dataclass, field
from datetime import UTC, datetime

from starlette.exceptions import HTTPException
from starlette.requests import Request

from hub.auth.authentication import SUSPENDED, Renewed
from hub.auth.trusted_issuers import InvalidToken
from hub.concurrency import cancel_and_wait
from hub.errors import RateLimited, TryLater
from hub.messages import Bilingual, message_of
from hub.streams.open_stream import OpenStream
from hub.viewer import Viewer, ViewerKind
from hub.web.limit_headers import OpenAtATime, report
from hub.web.request_error import RequestError

MAX_STREAMS = 2_000
"""Open streams of a process."""
MAX_PER_ACCOUNT = 100
"""Open streams of one client or other viewer; of an address without a token."""
CHECK_EVERY = 0.4
"""Seconds between two checks whether tokens have ended or something was revoked."""
COME_BACK = 2
"""Seconds after which a reader is to come back when the process stops."""
UNLIMITED = float("inf")
UNAVAILABLE_NOW = "TRY_LATER"
"""The code of a stream whose credentials cannot be checked now."""

_STOPPING = Bilingual(
    "The hub restarts; connect again, from the last cursor.",
    "Hub dimulai ulang; sambungkan lagi, dari cursor terakhir.",
)
_UNAVAILABLE = Bilingual(
    "The hub cannot check your rights now; connect again, from the last cursor.",
    "Hub belum dapat memeriksa hak Anda; sambungkan lagi, dari cursor terakhir.",
)
_EXPIRED = Bilingual(
    "The token has expired; connect again with a new one, from the last cursor.",
    "Token sudah kedaluwarsa; sambungkan lagi dengan token baru, dari cursor terakhir.",
)
_CHANGED = Bilingual(
    "What this client or user may do has changed; connect again, from the last cursor.",
    "Hak klien atau pengguna ini berubah; sambungkan lagi, dari cursor terakhir.",
)
_TOO_MANY_OPEN = Bilingual("Too many streams are open.", "Terlalu banyak aliran (stream) terbuka.")


class StreamEnded(Exception):
    """The stream ends. ``code`` is such as ``TOKEN_EXPIRED``; ``retry_after`` are seconds, if it may come back."""

    def __init__(self, code: str, message: str, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.retry_after = code, message, retry_after

    @property
    def extensions(self) -> dict[str, object]:
        """The code, and when to come back."""
        return {"code": self.code, **({} if self.retry_after is None else {"retryAfter": self.retry_after})}


@dataclass(eq=False, slots=True)
class Stream:
    """An open stream of ``viewer``, whose credentials are those of ``request``."""

    request: Request
    viewer: Viewer
    _streams: Streams
    until: float = UNLIMITED
    """When the credentials have to be looked at again, in Unix seconds."""
    ended: StreamEnded | None = None
    code_seed: str = ""
    """What the tracking code of a holder was derived from when it was checked last."""
    _epoch: int | None = None
    since: datetime = field(default_factory=lambda: datetime.now(UTC))
    _timeout: asyncio.Timeout = field(default_factory=lambda: asyncio.timeout(None))

    def end(self, reason: StreamEnded) -> None:
        """End the stream, wherever it is."""
        if self.ended is None:
            self.ended = reason
            self._timeout.reschedule(asyncio.get_running_loop().time())

    async def check(self) -> None:
        """Raise ``StreamEnded`` unless the credentials are still those of the viewer; called before each event."""
        if self.ended:
            raise self.ended
        # Nothing was revoked since the last check. A tracking code is none of the things that the epoch counts.
        epoch = self._streams.epoch
        if epoch == self._epoch and epoch is not None and time.time() < self.until < UNLIMITED:
            return
        try:
            renewed = await self._streams.renew(self.request)
        except TryLater as error:
            raise StreamEnded(UNAVAILABLE_NOW, _UNAVAILABLE, COME_BACK) from error
        except InvalidToken as error:
            raise self._refused(error) from None
        except RateLimited as limited:
            # Others at the same address have tried too many wrong codes.
            raise StreamEnded("RATE_LIMITED", message_of(limited), limited.after) from None
        except HTTPException as error:
            raise StreamEnded("TOKEN_REVOKED", message_of(error)) from None
        if renewed.viewer != self.viewer:
            raise StreamEnded("RIGHTS_CHANGED", _CHANGED, 0)
        self.until, self._epoch = renewed.until, epoch

    def _refused(self, error: InvalidToken) -> StreamEnded:
        message = message_of(error)
        if message == SUSPENDED:
            return StreamEnded("CLIENT_SUSPENDED", message)
        return (
            StreamEnded("TOKEN_EXPIRED", _EXPIRED)
            if self.until <= time.time()
            else StreamEnded("TOKEN_REVOKED", message)
        )

    @asynccontextmanager
    async def limited(self) -> AsyncIterator[None]:
        """Raise ``StreamEnded`` inside the context when the stream is ended."""
        try:
            async with self._timeout:
                yield
        except TimeoutError:
            if self.ended is None:
                raise
            raise self.ended from None


class Streams:
    """All open streams; ``renew`` looks at credentials again, ``epoch`` changes when something was revoked.

    ``code_seeds`` returns, for tickets with a valid tracking code, a value that changes with the code.
    """

    def __init__(
        self,
        renew: Callable[[Request], Awaitable[Renewed]],
        epoch: Callable[[], Awaitable[int]],
        code_seeds: Callable[[Sequence[str]], Awaitable[Mapping[str, str]]],
    ) -> None:
        self.renew, self._read_epoch, self._code_seeds = renew, epoch, code_seeds
        self.epoch: int | None = None
        """The revocation epoch as the last look at it has found it."""
        self._open: set[Stream] = set()
        self._counts: Counter[str] = Counter()
        self._watching: asyncio.Task[None] | None = None
        self._stopping = False

    def count(self) -> int:
        """Return how many streams are open."""
        return len(self._open)

    def of_client(self, client: str | None) -> list[OpenStream]:
        """Return the open streams of a client in its own name, the oldest first."""
        found = [
            OpenStream(each.request.url.path, "subprotocols" in each.request.scope, each.since)
            for each in self._open
            if client and each.viewer.client == client and each.viewer.kind is ViewerKind.PARTNER
        ]
        return sorted(found, key=lambda each: each.since)

    def stop(self) -> None:
        """End every stream and open no more: the process stops."""
        self._stopping = True
        for stream in list(self._open):
            stream.end(StreamEnded("GOING_AWAY", _STOPPING, COME_BACK))

    async def close(self) -> None:
        """End every stream, and the task that checks them."""
        self.stop()
        if self._watching:
            await cancel_and_wait([self._watching])

    @contextmanager
    def slot(self, account: str) -> Iterator[None]:
        """Count a stream of ``account``; raises ``RequestError`` (429) or ``TryLater``."""
        if self._stopping or self._counts.total() >= MAX_STREAMS:
            raise TryLater(_STOPPING if self._stopping else _TOO_MANY_OPEN, COME_BACK)
        free = MAX_PER_ACCOUNT - self._counts[account]
        report(OpenAtATime("streams", MAX_PER_ACCOUNT, max(0, free - 1)))
        if free <= 0:
            message = Bilingual(
                f"At most {MAX_PER_ACCOUNT} streams may be open at a time; close one first.",
                f"Paling banyak {MAX_PER_ACCOUNT} aliran boleh terbuka bersamaan; tutup satu dulu.",
            )
            raise RequestError(429, "TOO_MANY_STREAMS", message, limit=MAX_PER_ACCOUNT)
        self._counts[account] += 1
        try:
            yield
        finally:
            self._counts[account] -= 1
            if not self._counts[account]:
                del self._counts[account]

    @asynccontextmanager
    async def open(self, request: Request, viewer: Viewer) -> AsyncIterator[Stream]:
        """Yield a stream; raises ``StreamEnded`` inside the context when it has to end."""
        stream = Stream(request, viewer, self)
        if viewer.kind is not ViewerKind.ANONYMOUS:
            await stream.check()
        if self._watching is None or self._watching.done():
            self._watching = asyncio.create_task(self._watch(), context=Context())
        self._open.add(stream)
        try:
            async with stream.limited():
                yield stream
        finally:
            self._open.discard(stream)

    async def _watch(self) -> None:
        """Check the streams whose token ends, and all of them when something was revoked."""
        while True:
            before = self.epoch
            # Without the database no stream sends anything that needs a check.
            with suppress(TryLater):
                self.epoch = await self._read_epoch()
            now = time.time()
            for stream in list(self._open):
                if self.epoch != before or stream.until <= now:
                    await self._check(stream)
            with suppress(TryLater):
                await self._check_codes()
            await asyncio.sleep(CHECK_EVERY)

    async def _check_codes(self) -> None:
        """Check the streams of holders whose tracking code is another one than before, with one statement for all."""
        holders = [(stream, stream.viewer.ticket) for stream in self._open if stream.viewer.ticket is not None]
        seeds = await self._code_seeds(sorted({ticket for _, ticket in holders})) if holders else {}
        for stream, ticket in holders:
            if stream.code_seed != (seed := seeds.get(ticket, "")) or not seed:
                await self._check(stream)
                stream.code_seed = seed

    async def _check(self, stream: Stream) -> None:
        try:
            await stream.check()
        except StreamEnded as ended:
            # Without the database nothing is sent, so the stream may wait for it.
            if ended.code != UNAVAILABLE_NOW:
                stream.end(ended)
