"""The one reader of the feed in a process: it reads each window once and hands it to the buffers of all readers.

A window takes two statements, and one more for each group of viewers that see the same of it and may want one of its
changes. All who follow a system are one group; who may read complaints is read for apart only if the window has one of
theirs. So the statements depend on what changed, not on how many read. A notification of the sequencer wakes the
broadcaster; without one it looks every ``POLL`` seconds. While nobody reads, it reads nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import Context
from dataclasses import dataclass, field

import structlog

from hub.concurrency import cancel_and_wait, is_cancelled
from hub.store import systems
from hub.store.database import Database
from hub.store.feed import live, pages
from hub.store.feed.changes import Change
from hub.store.feed.cursors import Positions
from hub.store.feed.live import Subject, Window
from hub.store.systems import SystemState
from hub.streams.buffer import Batch, Buffer
from hub.streams.handover import Filter
from hub.viewer import Viewer

log = structlog.stdlib.get_logger(__name__)

SYSTEM = "system"
"""The kind of a system as a subject. The feed has no changes of systems, so their states are compared."""
POLL = 1.0
"""Seconds after which the broadcaster looks for changes without a notification."""


@dataclass(eq=False, slots=True)
class Reader:
    """A reader of changes: what it may see, what it wants, and what waits for it."""

    viewer: Viewer
    wanted: Filter
    buffer: Buffer = field(default_factory=Buffer)

    def follows(self, system: str) -> bool:
        """Return whether the reader gets changes of ``system``."""
        chosen = self.wanted.systems is None or system in self.wanted.systems
        return chosen and pages.may_follow(self.viewer, system)

    def may_want(self, subjects: frozenset[Subject]) -> bool:
        """Return whether one of ``subjects`` may concern the reader."""
        return any(self.wanted.wants(*each) and self.follows(each.system) for each in subjects)


class Broadcaster:
    """Reads the feed for all streams of a process; ``close`` ends it."""

    def __init__(self, database: Database, poll: float = POLL) -> None:
        self._database, self._poll = database, poll
        self._readers: set[Reader] = set()
        self._watches: dict[Subject, set[asyncio.Event]] = defaultdict(set)
        self._positions: Positions | None = None
        self._reading = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._states: Mapping[str, SystemState] = {}
        self._compared_at = float("-inf")

    @staticmethod
    def system_subject(name: str) -> Subject:
        """Return what to watch for the state of a system."""
        return Subject(name, SYSTEM, name)

    async def close(self) -> None:
        """Stop reading."""
        if self._task:
            await cancel_and_wait([self._task])
            self._task = None

    @contextmanager
    def reading(self, reader: Reader) -> Iterator[Buffer]:
        """Hand what is read from now on to ``reader`` while the context is open."""
        self._readers.add(reader)
        try:
            yield reader.buffer
        finally:
            self._readers.discard(reader)

    @contextmanager
    def watching(self, subject: Subject) -> Iterator[asyncio.Event]:
        """Yield an event that is set whenever ``subject`` changes, for whoever may see it."""
        changed = asyncio.Event()
        self._watches[subject].add(changed)
        try:
            yield changed
        finally:
            self._watches[subject].discard(changed)
            if not self._watches[subject]:
                del self._watches[subject]

    async def head(self) -> Positions:
        """Return how far the process has read; the first call begins to read."""
        async with self._reading:
            if self._positions is None:
                async with self._database.read() as db:
                    self._positions = await live.current(db)
            if self._task is None or self._task.done():
                # In a context of its own, so that it does not log and record as a part of this request.
                self._task = asyncio.create_task(self._run(), context=Context())
            return self._positions

    async def read_new(self) -> None:
        """Read all new windows and hand them out."""
        async with self._reading:
            while self._positions is not None:
                if not self._readers and not self._watches:
                    self._positions = None
                    return
                window, changes = await self._next_window(self._positions)
                if window is None:
                    return
                self._hand_out(window, changes)
                self._positions = window.end

    async def _next_window(self, after: Positions) -> tuple[Window | None, Mapping[Viewer, Sequence[Change]]]:
        async with self._database.read() as db:
            window = await live.next_window(db, after)
            if window is None:
                return None, {}
            wanted = {reader.viewer for reader in self._readers if reader.may_want(window.subjects)}
            same = {viewer: live.reading_as(viewer, window) for viewer in wanted}
            # A reader that comes meanwhile must not be taken for one that wants nothing.
            others: dict[Viewer, Sequence[Change]] = {each.viewer: () for each in self._readers}
            read = {each: await pages.read_window(db, each, window.start, window.end) for each in {*same.values()}}
            return window, others | {viewer: read[each] for viewer, each in same.items()}

    def _hand_out(self, window: Window, changes: Mapping[Viewer, Sequence[Change]]) -> None:
        for reader in self._readers:
            # A reader that came while the window was read is not among the viewers.
            if window.restored or reader.viewer not in changes:
                reader.buffer.overflow()
            else:
                reader.buffer.offer(_batch(reader, window, changes[reader.viewer]))
        for subject in self._watches.keys() if window.restored else window.subjects & self._watches.keys():
            for changed in self._watches[subject]:
                changed.set()

    async def _compare_systems(self) -> None:
        """Wake those who watch a system whose state has changed, at most once in ``poll`` seconds."""
        now = time.monotonic()
        if now < self._compared_at + self._poll or not any(each.kind == SYSTEM for each in self._watches):
            return
        async with self._database.read() as db:
            states = {each.name: each for each in await systems.overview(db)}
        before, self._states, self._compared_at = self._states, states, now
        for name, state in states.items():
            if before.get(name) != state:
                for changed in self._watches.get(self.system_subject(name), ()):
                    changed.set()

    async def _run(self) -> None:
        """Read what is new whenever the sequencer notifies, or ``poll`` seconds have passed."""
        while True:
            try:
                async with live.listen(self._database.url) as connection:
                    while True:
                        await self.read_new()
                        await self._compare_systems()
                        async for _ in connection.notifies(timeout=self._poll, stop_after=1):
                            pass
            # An error must not end the loop: every reader would wait for ever. They keep their positions, so they miss
            # nothing of what was committed meanwhile.
            except Exception as error:
                if is_cancelled():
                    raise
                log.warning("streams.database", error=type(error).__name__)
                await asyncio.sleep(self._poll)


def _batch(reader: Reader, window: Window, changes: Sequence[Change]) -> Batch:
    wanted = [each for each in changes if reader.wanted.wants(each.system, each.kind, each.subject)]
    start, end = (
        {name: position for name, position in positions.items() if reader.follows(name)}
        for positions in (window.start, window.end)
    )
    return Batch(start, end, wanted)
