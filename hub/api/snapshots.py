"""``GET /bulk/{system}``: a snapshot of all records of a system that are visible to the viewer, as NDJSON.

The first line is ``{"system", "cursor", "at"}``: the cursor from which ``changes`` continues after the snapshot. Then
follows a line for each subject, and last ``{"count"}``; a response without the last line is incomplete and must be
discarded. ``?after=`` is an expired cursor, whose positions in other systems the new cursor keeps. Memory is bounded:
rows are read from the database as fast as the client reads them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import orjson
import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope, Send

from hub.api.authentication import EndpointAuth
from hub.api.graphql.quotas import CredentialRevoked, Quota
from hub.errors import TryLater
from hub.messages import Bilingual, message_of
from hub.store.database import UNAVAILABLE, Database
from hub.store.feed import cursors, snapshots
from hub.store.feed.sequence import HUB
from hub.store.feed.snapshots import Snapshot
from hub.store.queries.cursors import InvalidCursor
from hub.web.request_error import RequestError

log = structlog.stdlib.get_logger(__name__)

NDJSON = b"application/x-ndjson"
MAX_CONCURRENT = 3
"""Maximum number of concurrent snapshots, one per client. Each occupies a database connection."""
COST = 5_000
"""The cost of a snapshot. It reads all records, even if few are visible to the client."""
SEND_TIMEOUT = 30.0
"""Total seconds that sends may block; a client that reads at ``MIN_BYTES_PER_SECOND`` regains them."""
MIN_BYTES_PER_SECOND = 100_000
"""Minimum average rate at which a client must read, in bytes per second."""


_NOT_FOUND = Bilingual(
    "The system does not exist or you may not take a snapshot of it; this requires the scope records:sync.<system>,"
    f" for {HUB} complaints:read.",
    "Sistem tidak ada atau Anda tidak boleh mengambil salinannya; perlu cakupan (scope) records:sync.<system>,"
    f" untuk {HUB} complaints:read.",
)


class _Aborted(Exception):
    """The response was aborted: the client is gone, too slow or suspended, or the database failed."""


class SnapshotEndpoint:
    """The endpoint, an ASGI app."""

    def __init__(self, auth: EndpointAuth, database: Database) -> None:
        self._auth, self._database = auth, database
        self._readers: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request; all resources are closed when the client disconnects."""
        request = Request(scope, receive)
        try:
            async with self._auth.authenticate(request, allow_persisted_only=False) as quota:
                # A disconnect can only be detected after the body was read; nothing is allocated before.
                await request.body()
                await self._answer(request, quota, send)
        except (_Aborted, ClientDisconnect):
            # The server closes the connection, so the client detects that the response is incomplete.
            log.info("snapshot aborted", path=request.url.path)

    async def _answer(self, request: Request, quota: Quota, send: Send) -> None:
        after = _after(request)
        with self._slot(quota.account):
            await quota.charge(COST)
            await self._open(request, quota, after, send)

    @contextmanager
    def _slot(self, account: str) -> Iterator[None]:
        if account in self._readers or len(self._readers) >= MAX_CONCURRENT:
            raise TryLater(_ONE_PER_CLIENT if account in self._readers else _TOO_MANY)
        self._readers.add(account)
        try:
            yield
        finally:
            self._readers.remove(account)

    async def _open(self, request: Request, quota: Quota, after: cursors.Positions, send: Send) -> None:
        system: str = request.path_params["system"]
        async with snapshots.open_snapshot(self._database, quota.viewer, system, after) as snapshot:
            if snapshot is None:
                raise RequestError(404, "NOT_FOUND", _NOT_FOUND)
            await _send_snapshot(snapshot, request, quota, send)


def _after(request: Request) -> cursors.Positions:
    try:
        return cursors.decode(request.query_params["after"]) if "after" in request.query_params else {}
    except InvalidCursor as bad:
        raise RequestError(400, "BAD_INPUT", message_of(bad)) from None


async def _send_snapshot(snapshot: Snapshot, request: Request, quota: Quota, send: Send) -> None:
    """Send the snapshot while the client is connected, reads fast enough and is not suspended."""
    disconnected = asyncio.create_task(_disconnected(request))
    headers = [(b"content-type", NDJSON), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    send_timeout = _SendTimeout()
    try:
        async for chunk in _lines(snapshot):
            if disconnected.done():
                raise TimeoutError
            await quota.check()
            async with send_timeout.sending(len(chunk)):
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    except (TimeoutError, CredentialRevoked, TryLater, *UNAVAILABLE) as error:
        raise _Aborted from error
    finally:
        disconnected.cancel()


_ONE_PER_CLIENT = Bilingual(
    "This client is already reading a snapshot: wait until it has ended.",
    "Klien ini sedang membaca salinan: tunggu sampai salinan itu selesai.",
)
_TOO_MANY = Bilingual(
    f"The maximum of {MAX_CONCURRENT} concurrent snapshots is reached: try again later.",
    f"Jumlah maksimum {MAX_CONCURRENT} salinan pada saat yang sama sudah tercapai: coba lagi nanti.",
)


class _SendTimeout:
    """The rest of ``SEND_TIMEOUT`` for one client, so that a slow client cannot occupy a slot."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self.left = clock, SEND_TIMEOUT

    @asynccontextmanager
    async def sending(self, size: int) -> AsyncIterator[None]:
        """Limit the time to send ``size`` bytes; raises ``TimeoutError``."""
        began = self._clock()
        async with asyncio.timeout(max(self.left, 0.0)):
            yield
        self.left = min(SEND_TIMEOUT, self.left - (self._clock() - began) + size / MIN_BYTES_PER_SECOND)


async def _disconnected(request: Request) -> None:
    await request.receive()


async def _lines(snapshot: Snapshot) -> AsyncIterator[bytes]:
    count = 0
    yield _line({"system": snapshot.system, "cursor": snapshot.cursor, "at": snapshot.at})
    async for batch in snapshot.rows:
        count += len(batch)
        yield b"".join(map(_line, batch))
    yield _line({"count": count})


def _line(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)
