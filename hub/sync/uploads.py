"""Uploads: records that a system's client sends in bulk, as lines of JSON, ingested batch by batch.

A batch is stored with the results of its rows, under the client's idempotency key and a fingerprint of all lines so
far. A repeat, whether after a broken connection or in parallel, gets the stored results for the batches that are
stored, stores the rest, and is refused if its lines differ.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import NamedTuple

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.bounds import MAX_DEPTH, is_nested_deeper
from hub.connectors import registry
from hub.connectors.registry import Enabled
from hub.contract import Raw
from hub.errors import TryLater
from hub.store.database import Cause, Database
from hub.store.encryption import FieldCipher
from hub.store.idempotency import KeyConflict
from hub.store.ingest import uploads
from hub.store.ingest.outcomes import ItemResult, Outcome
from hub.store.ingest.uploads import RowResult, Upload
from hub.sync.batch import Batch
from hub.sync.ingest import Ingest

MAX_QUEUED = 20
"""Maximum number of queued uploads of a system; a further one is refused."""
MAX_ROW_BYTES = 262_144
"""Maximum number of bytes of a row."""


class Line(NamedTuple):
    """One line of an upload. For a line that is ``too_long``, the content is only its hash in hex."""

    content: bytes
    too_long: bool = False


class ReadLines(NamedTuple):
    """Lines that are mapped: for each the reason why it has no item, or None; and the batch of the items."""

    refusals: list[str | None]
    batch: Batch


class SystemQueue:
    """The ingest of one system, for one batch at a time, so that waiting uploads hold no connection."""

    def __init__(self, ingest: Ingest) -> None:
        self.ingest, self._lock, self._queued = ingest, asyncio.Lock(), 0

    @property
    def is_full(self) -> bool:
        """Whether a further upload is refused."""
        return self._queued >= MAX_QUEUED

    @asynccontextmanager
    async def next(self) -> AsyncIterator[None]:
        """Execute the block after those of the batches that were queued before."""
        self._queued += 1
        try:
            await self._lock.acquire()
        finally:
            self._queued -= 1
        try:
            yield
        finally:
            self._lock.release()


class Uploads:
    """The uploads to the enabled systems."""

    def __init__(self, database: Database, cipher: FieldCipher, enabled: Iterable[Enabled]) -> None:
        self._database, self._cipher = database, cipher
        self._queues = {
            system.name: SystemQueue(Ingest(registry.offline_connector(system), cipher)) for system in enabled
        }

    def open(self, upload: Upload, cause: Cause) -> UploadSession | None:
        """Return a session at the beginning of an upload; None if the system is not enabled.

        Raises ``TryLater`` if too many uploads of the system are queued.
        """
        queue = self._queues.get(upload.system)
        if queue and queue.is_full:
            raise TryLater("Too many uploads of the system are queued.")
        return UploadSession(self._database, self._cipher, queue, upload, cause) if queue else None

    async def store_all(
        self, upload: Upload, cause: Cause, rows: Sequence[bytes]
    ) -> list[RowResult] | KeyConflict | None:
        """Store an upload of one batch and return the results of its rows; None if the system is not enabled."""
        session = self.open(upload, cause)
        if session is None:
            return None
        conflict = await session.store_batch([Line(row, too_long=len(row) > MAX_ROW_BYTES) for row in rows], last=True)
        return conflict or [row async for batch in session.results() for row in batch]


class UploadSession:
    """One upload, from its first line on."""

    def __init__(
        self, database: Database, cipher: FieldCipher, queue: SystemQueue, upload: Upload, cause: Cause
    ) -> None:
        self._database, self._cipher, self._queue, self._upload, self._cause = database, cipher, queue, upload, cause
        self._fingerprint, self._batches, self._id = b"", 0, 0

    async def stored_batches(self) -> int:
        """Return how many batches of the upload are stored already, by an earlier attempt."""
        async with self._database.read() as db:
            upload = await uploads.find(db, self._upload)
        return upload.batches if upload else 0

    async def read(self, lines: Sequence[Line]) -> ReadLines:
        """Map the lines of a batch, which needs no connection: another batch may be stored meanwhile."""
        refusals: list[str | None] = []

        def items() -> Iterator[Raw]:
            for line in lines:
                item = parse_line(line)
                refusals.append(item if isinstance(item, str) else None)
                if isinstance(item, dict):
                    yield item

        return ReadLines(refusals, await self._queue.ingest.read(items(), datetime.now(UTC)))

    async def store_batch(
        self, lines: Sequence[Line], *, last: bool, read: ReadLines | None = None
    ) -> KeyConflict | None:
        """Store the next batch, unless it is stored already; ``read`` has its lines if they are mapped.

        Return ``KeyConflict`` if the idempotency key was used for other lines.
        """
        self._fingerprint = self._fingerprint_of(lines, last=last)
        async with self._queue.next(), self._database.write(self._cause) as db:
            upload = await uploads.lock_upload(db, self._upload)
            if self._batches < upload.batches:
                before, _ = await uploads.load_batch(db, upload.id, self._batches)
                if before != self._fingerprint:
                    return KeyConflict()
            elif upload.done or self._batches > upload.batches:
                return KeyConflict()
            else:
                results = await self._store(db, read or await self.read(lines))
                await uploads.save_batch(db, upload, self._fingerprint, results, last=last)
        self._id, self._batches = upload.id, self._batches + 1
        return None

    async def results(self) -> AsyncGenerator[list[RowResult], None]:
        """Yield the results of the stored rows, batch by batch."""
        for number in range(self._batches):
            async with self._database.read() as db:
                rows = await uploads.row_results(db, self._upload.system, self._id, number)
            yield rows

    def _fingerprint_of(self, lines: Sequence[Line], *, last: bool) -> bytes:
        """Return a keyed hash of all lines so far, and of whether these are the last."""
        read = hashlib.sha256(b"\n".join(line.content for line in lines)).hexdigest()
        return self._cipher.hash("push", f"{self._fingerprint.hex()} {read} {last}")

    async def _store(self, db: AsyncConnection, read: ReadLines) -> list[ItemResult]:
        stored = iter((await self._queue.ingest.store_batch(db, read.batch, datetime.now(UTC))).results)
        return [ItemResult(Outcome.REFUSED, reason=each) if each else next(stored) for each in read.refusals]


def parse_line(line: Line) -> Raw | str:
    """Return the item of a line, or the reason why it has none."""
    if line.too_long:
        return f"the row is longer than {MAX_ROW_BYTES} bytes"
    try:
        item = orjson.loads(line.content)
    except orjson.JSONDecodeError:
        return "the row is not JSON in UTF-8"
    if not isinstance(item, dict):
        return "the row is not a JSON object"
    # Counting brackets is cheap and avoids the walk for most rows.
    brackets = line.content.count(b"{") + line.content.count(b"[")
    return f"the row is nested more than {MAX_DEPTH} deep" if brackets > MAX_DEPTH and is_nested_deeper(item) else item
