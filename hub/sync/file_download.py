"""Downloads files, a few at a time and for a limited time; each outcome is stored, and an error stops nothing else."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.complaints.attachments import MAX_BYTES
from hub.complaints.file_types import detect_media_type, safe_name
from hub.concurrency import gather_limited
from hub.connectors.base import Connector
from hub.contract import File
from hub.errors import HubError, Refused, TryLater, UnsupportedFile
from hub.store.database import Cause, Database
from hub.store.ingest import file_downloads
from hub.store.ingest.file_downloads import DueFile
from hub.store.ingest.rows import RecordKey

log = structlog.get_logger()

CONCURRENCY = 6
"""Files downloaded concurrently and stored together, each of at most ``MAX_BYTES``."""

TIME_BUDGET = 60.0
"""Seconds that a pull may spend on files; the rest waits for the next pull."""

MAX_FAILURES = 3
"""Number of failed calls after which a pull downloads no more files of the system."""

UNAVAILABLE_REASON = "its system is not available now"

RETRY_DELAYS = tuple(timedelta(minutes=each) for each in (1, 10, 60, 360, 1440, 2880, 2880))
"""The wait after each failed attempt. After the last one the file is given up; an unsupported file is at once."""


class FileDownloads:
    """The downloads of one pull of one system; each write is a short transaction of its own."""

    def __init__(self, database: Database, connector: Connector, cause: Cause) -> None:
        self._database, self._connector, self._cause = database, connector, cause
        self._name = connector.name
        self._seconds_left, self._failures = TIME_BUDGET, 0

    @property
    def has_budget(self) -> bool:
        """Whether there is time left and the system has not failed too often."""
        return self._seconds_left > 0 and self._failures < MAX_FAILURES

    @contextlib.contextmanager
    def measure(self) -> Iterator[None]:
        """Subtract the duration of the block from the time that is left."""
        began = time.monotonic()
        try:
            yield
        finally:
            self._seconds_left -= time.monotonic() - began

    async def download(self, files: Sequence[DueFile], addresses: Mapping[RecordKey, Mapping[str, File]]) -> None:
        """Download ``files`` from their ``addresses``, by record and source, until the budget is used up."""
        for start in range(0, len(files), CONCURRENCY):
            if not self.has_budget:
                return
            due = files[start : start + CONCURRENCY]
            with self.measure():
                results = await gather_limited(
                    self._get, [addresses[each.key].get(each.source) for each in due], CONCURRENCY
                )
                await self._store(due, results)

    async def record_failures(self, due: Sequence[DueFile], error: HubError) -> None:
        """Record that the record of these files could not be fetched."""
        self._count(error)
        await self._store(due, [error] * len(due))

    async def _get(self, file: File | None) -> DownloadedFile | HubError:
        if file is None:
            return Refused("its system no longer lists it")
        try:
            return _validate(await self._connector.fetch(file))
        except HubError as error:
            self._count(error)
            return error

    def _count(self, error: HubError) -> None:
        self._failures += isinstance(error, TryLater)

    async def _store(self, due: Sequence[DueFile], results: Sequence[DownloadedFile | HubError]) -> None:
        # In the order of their contents, so that two pulls that store equal contents cannot deadlock.
        pairs = sorted(
            zip(due, results, strict=True),
            key=lambda pair: pair[1].content if isinstance(pair[1], DownloadedFile) else b"",
        )
        async with self._database.write(self._cause) as db:
            for file, result in pairs:
                if isinstance(result, HubError):
                    await self._record_failure(db, file, result)
                else:
                    name = safe_name(file.name, result.media_type)
                    await file_downloads.store(db, self._name, file, name, result.media_type, result.content)

    async def _record_failure(self, db: AsyncConnection, file: DueFile, error: HubError) -> None:
        """Record a failed download. Users see the hub's own messages only; a system's message goes to the log."""
        log.warning("file.missed", system=self._name, record=file.external_id, error=str(error))
        shown = str(error) if isinstance(error, Refused) else UNAVAILABLE_REASON
        final = isinstance(error, UnsupportedFile) or file.attempts >= len(RETRY_DELAYS)
        await file_downloads.record_failure(db, self._name, file, shown, None if final else RETRY_DELAYS[file.attempts])


class DownloadedFile(NamedTuple):
    """A file's content and media type."""

    content: bytes
    media_type: str


def _validate(content: bytes) -> DownloadedFile:
    """Return the file with its type; raises ``UnsupportedFile`` if it is too large or of another type."""
    if len(content) > MAX_BYTES:
        raise UnsupportedFile(f"it is larger than {MAX_BYTES} bytes")
    kind = detect_media_type(content)
    if kind is None:
        raise UnsupportedFile("its content is not JPEG, PNG, WebP or PDF")
    return DownloadedFile(content, kind)
