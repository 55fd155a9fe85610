"""Counts events of this process in the database, so that operators see the sum of all processes."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from contextlib import suppress
from contextvars import Context

import structlog

from hub.store.database import DATABASE_ERRORS, Cause, Database
from hub.store.operations import event_counts
from hub.store.operations.event_counts import Event

log = structlog.get_logger()

WRITE_AFTER = 5.0
"""Seconds for which counts are collected before they are written, however many there are."""


class EventCounter:
    """Collects counts, and writes them a while after the first one; nothing runs while there are none."""

    def __init__(self, database: Database, write_after: float = WRITE_AFTER) -> None:
        self._database, self._write_after = database, write_after
        self._counts = Counter[tuple[Event, str]]()
        self._writing: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()

    def count(self, event: Event, subject: str = "", number: int = 1) -> None:
        """Count an event, ``number`` times; returns at once."""
        self._counts[event, subject] += number
        if self._writing is None or self._writing.done():
            # In a context of its own, so that it does not log and record as a part of this request.
            self._writing = asyncio.create_task(self._write_later(), context=Context())

    async def write(self) -> None:
        """Write what has been counted; it is lost if the database does not take it."""
        counts, self._counts = self._counts, Counter()
        if not counts:
            return
        try:
            async with self._database.write(Cause("count-events", "serve", uuid.uuid4().hex)) as db:
                await event_counts.add(db, counts)
        except DATABASE_ERRORS as error:
            log.warning("events.not_counted", error=type(error).__name__)

    async def close(self) -> None:
        """Write the rest, and end. What is being written is not cancelled, since it would be lost."""
        self._closing.set()
        if self._writing:
            await self._writing

    async def _write_later(self) -> None:
        # In a loop: what is counted while it writes finds a task that is not done.
        while self._counts:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._write_after):
                    await self._closing.wait()
            await self.write()
