"""``GET /bulk/{system}``: all that one may see of a system as NDJSON, and the cursor to follow its changes from there.

``?after=`` is a cursor that could not go on in this system; the new one keeps its place in the others.
The first line is ``{"system", "cursor", "at"}``, then a line for each subject, the last one ``{"count"}``; without that
one the answer was cut, and is worth nothing. Memory is bounded: rows leave as fast as the client reads them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import orjson
import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope, Send

from hub.errors import TryLater
from hub.store.database import AWAY, Database
from hub.store.feed import cursors, snapshots
from hub.store.feed.positions import HUB
from hub.store.feed.snapshots import Snapshot
from hub.store.reading.cursors import BadCursor
from hub.web.allowance import Allowance, TakenBack
from hub.web.entrance import Entrance
from hub.web.envelope import Unfit

log = structlog.stdlib.get_logger(__name__)

NDJSON = b"application/x-ndjson"
AT_ONCE = 2
"""Snapshots that are told at once: each holds a connection for as long as its client reads."""
COST = 5_000
"""What one costs of a client's budget: it reads all there is, however little of that is the client's."""
PATIENCE = 30.0
"""Seconds in which a client has to take what is sent."""


_NOT_THERE = (
    "There is no such system of which you may take a snapshot; that takes the scope records:sync.<system>, "
    f"and for {HUB} complaints:read."
)


class _Cut(Exception):
    """The client is gone, stopped reading or is suspended, or the database broke off, after the answer had begun."""


class Snapshots:
    """The endpoint, an ASGI app."""

    def __init__(self, entrance: Entrance, database: Database) -> None:
        self._entrance, self._database = entrance, database
        self._free = asyncio.Semaphore(AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; what a client that goes away leaves behind is closed with it."""
        request = Request(scope, receive)
        try:
            async with self._entrance.of(request, pinned=False) as allowance:
                # Until it is here the client could not be seen to go away; and nothing is held while it comes.
                await request.body()
                await self._answer(request, allowance, send)
        except (_Cut, ClientDisconnect):
            # The server then ends the connection, by which the client sees that this is not all.
            log.info("snapshot cut", path=request.url.path)

    async def _answer(self, request: Request, allowance: Allowance, send: Send) -> None:
        after = _after(request)
        if self._free.locked():
            raise TryLater("Others are told a snapshot.")
        await allowance.charge(COST)
        system: str = request.path_params["system"]
        async with self._free, snapshots.opened(self._database, allowance.viewer, system, after) as snapshot:
            if snapshot is None:
                raise Unfit(404, "NOT_FOUND", _NOT_THERE)
            await _tell(snapshot, request, allowance, send)


def _after(request: Request) -> cursors.Positions:
    try:
        return cursors.decode(request.query_params["after"]) if "after" in request.query_params else {}
    except BadCursor as bad:
        raise Unfit(400, "BAD_INPUT", str(bad)) from None


async def _tell(snapshot: Snapshot, request: Request, allowance: Allowance, send: Send) -> None:
    """Send it, as long as the client is there, reads and may; nothing is cut off while it reads from the database."""
    gone = asyncio.create_task(_gone(request))
    headers = [(b"content-type", NDJSON), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    try:
        async for chunk in _lines(snapshot):
            if gone.done():
                raise TimeoutError
            await allowance.check()
            async with asyncio.timeout(PATIENCE):
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    except (TimeoutError, TakenBack, TryLater, *AWAY) as error:
        raise _Cut from error
    finally:
        gone.cancel()


async def _gone(request: Request) -> None:
    await request.receive()


async def _lines(snapshot: Snapshot) -> AsyncIterator[bytes]:
    count = 0
    yield _line({"system": snapshot.system, "cursor": snapshot.cursor, "at": snapshot.at})
    async for batch in snapshot.rows:
        count += len(batch)
        yield b"".join(map(_line, batch))
    yield _line({"count": count})


def _line(told: object) -> bytes:
    return orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE)
