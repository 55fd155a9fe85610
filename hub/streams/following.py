"""Following the feed: the changes after a cursor from the database, then live ones, each once and in order.

A reader that is slower than its buffer goes back to reading pages, at its own pace. Only what is really lost for it is
lost, and is said by a ``Gap``: changes that were dropped from the feed, a cursor of another history, or so many
changes that a snapshot is the shorter way.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from enum import Enum

import structlog

from hub.store.database import UNAVAILABLE, Database
from hub.store.feed import cursors, pages
from hub.store.feed.changes import Change
from hub.store.feed.cursors import Positions
from hub.store.feed.pages import FeedPage, FeedRequest, PositionExpired
from hub.streams import handover
from hub.streams.broadcaster import Broadcaster, Reader
from hub.streams.handover import Filter
from hub.viewer import Viewer

log = structlog.stdlib.get_logger(__name__)

PAGE = 100
"""Changes that a reader reads at once from the database."""
MAX_BEHIND = 20_000
"""Positions that a reader which fell behind may catch up by reading pages."""
RETRY = 1.0
"""Seconds before a page is read again if the database was not available."""


class GapReason(Enum):
    """Why a reader did not get some changes."""

    PRUNED = "PRUNED"
    RESTORED = "RESTORED"
    SLOW_READER = "SLOW_READER"


@dataclass(frozen=True, slots=True)
class Gap:
    """Changes of ``system`` between two cursors that the reader does not get; it goes on from ``end``."""

    system: str
    start: str
    end: str
    reason: GapReason

    @property
    def snapshot(self) -> str:
        """The request for a snapshot, whose cursor leads on without a gap."""
        return f"GET /bulk/{self.system}?after={self.start}"


@dataclass(frozen=True, slots=True)
class Event:
    """A change with the cursor behind it."""

    change: Change
    cursor: str


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The reader has got everything before ``cursor``."""

    cursor: str


Message = Event | Gap | Checkpoint


class Following:
    """One reader of the feed. ``after`` is where it begins; None means now."""

    def __init__(
        self, database: Database, broadcaster: Broadcaster, viewer: Viewer, after: Positions | None, wanted: Filter
    ) -> None:
        self._database, self._broadcaster = database, broadcaster
        self._positions = after
        self._reader = Reader(viewer, wanted)

    @property
    def cursor(self) -> str:
        """The cursor behind all that the reader got, and behind what has changed since and is not for it."""
        positions, quiet = self._positions or {}, self._reader.buffer.quiet_end()
        return cursors.encode(positions if quiet is None else handover.advance(positions, quiet))

    async def begin(self) -> None:
        """Find the position of a reader that begins now, so that it has a cursor before the first change."""
        if self._positions is None:
            self._positions = cursors.decode((await self._page()).end)

    def checkpoint(self) -> Checkpoint:
        """Return a message with the current cursor, from which a reader that was cut off goes on."""
        return Checkpoint(self.cursor)

    async def batches(self) -> AsyncGenerator[Sequence[Message], None]:
        """Yield what the reader gets, without end; a checkpoint comes whenever it has caught up."""
        while True:
            async for each in self._read_pages():
                yield each
            await self._head()
            with self._broadcaster.reading(self._reader):
                # What was committed before the broadcaster knew of the reader.
                async for each in self._read_pages():
                    yield each
                yield [self.checkpoint()]
                async for each in self._read_live():
                    yield each
            async for each in self._skip_if_far_behind():
                yield each

    async def _read_pages(self) -> AsyncGenerator[Sequence[Message], None]:
        more = True
        while more:
            try:
                page = await self._page()
            except PositionExpired as expired:
                yield [self._expired(expired)]
                continue
            except UNAVAILABLE as error:
                log.warning("streams.page", error=type(error).__name__)
                await asyncio.sleep(RETRY)
                continue
            self._positions, more = cursors.decode(page.end), page.more
            if page.changes:
                yield [Event(*each) for each in zip(page.changes, page.cursors, strict=True)]

    async def _head(self) -> Positions:
        """Return how far the broadcaster has read, once the database is available."""
        while True:
            try:
                return await self._broadcaster.head()
            except UNAVAILABLE as error:
                log.warning("streams.head", error=type(error).__name__)
                await asyncio.sleep(RETRY)

    async def _page(self) -> FeedPage:
        wanted = self._reader.wanted
        systems, kinds, subjects = (
            None if values is None else sorted(values) for values in (wanted.systems, wanted.kinds, wanted.subjects)
        )
        request = FeedRequest(PAGE, self._positions, systems, kinds, subjects, now=self._positions is None)
        async with self._database.read() as db:
            return await pages.read_page(db, self._reader.viewer, request)

    async def _read_live(self) -> AsyncGenerator[Sequence[Message], None]:
        """Yield what the broadcaster hands out, until something of it is missing."""
        while batch := await self._reader.buffer.take():
            positions = self._positions or {}
            if handover.is_missing(positions, batch.start):
                return
            events = []
            for change in handover.only_new(positions, batch.changes):
                positions = {**positions, change.system: change.position}
                events.append(Event(change, cursors.encode(positions)))
            self._positions = handover.advance(positions, batch.end)
            if events:
                yield events

    async def _skip_if_far_behind(self) -> AsyncGenerator[Sequence[Message], None]:
        head, positions = await self._head(), self._positions or {}
        followed = {name: position for name, position in positions.items() if self._reader.follows(name)}
        if handover.behind(followed, head) <= MAX_BEHIND:
            return
        late = [name for name in followed if head.get(name, 0) > followed[name]]
        yield [self._gap(name, head[name], GapReason.SLOW_READER) for name in late]

    def _expired(self, expired: PositionExpired) -> Gap:
        if expired.ahead:
            return self._gap(expired.system, expired.head.last, GapReason.RESTORED)
        return self._gap(expired.system, expired.head.dropped, GapReason.PRUNED)

    def _gap(self, system: str, position: int, reason: GapReason) -> Gap:
        start = self._positions or {}
        self._positions = {**start, system: position}
        return Gap(system, cursors.encode(start), cursors.encode(self._positions), reason)
