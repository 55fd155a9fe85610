"""No change is missed or repeated, however pages, windows, overflows and slow readers interleave.

The real reader and broadcaster run on a feed in memory.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from hub.store.database import Database
from hub.store.feed import live, pages
from hub.store.feed.cursors import decode, encode
from hub.store.feed.live import Subject, Window
from hub.store.feed.pages import FeedPage, FeedRequest, PositionExpired
from hub.store.feed.sequence import Head
from hub.streams.broadcaster import Broadcaster
from hub.streams.following import Checkpoint, Event, Following, Gap, GapReason, Message
from hub.streams.handover import Filter
from hub.viewer import Viewer, ViewerKind

SYSTEMS = ("east", "west")
WHO = Viewer(ViewerKind.PARTNER, "client:c", frozenset({"records:sync.east", "records:sync.west"}), "c")


@dataclass(frozen=True)
class Committed:
    system: str
    position: int
    kind: str = "payment"
    subject: str = "P"


@dataclass
class Feed:
    """A feed in memory, which the reader's functions read instead of the database."""

    last: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SYSTEMS, 0))
    dropped: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SYSTEMS, 0))

    @contextlib.asynccontextmanager
    async def read(self) -> AsyncIterator[None]:
        await asyncio.sleep(0)
        yield None

    def between(self, start: Mapping[str, int], end: Mapping[str, int]) -> list[Committed]:
        return [Committed(name, n) for name in SYSTEMS for n in range(start.get(name, 0) + 1, end.get(name, 0) + 1)]

    async def read_page(self, _: Any, viewer: Viewer, request: FeedRequest) -> FeedPage:
        start = self.last if request.now else {**self.dropped, **(request.after or {})}
        for name in SYSTEMS:
            if not self.dropped[name] <= start[name] <= self.last[name]:
                raise PositionExpired(
                    name, Head(self.dropped[name], self.last[name]), ahead=start[name] > self.last[name]
                )
        found, end = self.between(start, self.last), dict(start)
        cursors = []
        for each in found[: request.first]:
            end[each.system] = each.position
            cursors.append(encode(end))
        more = len(found) > request.first
        return FeedPage(cast(Any, found[: request.first]), cursors, encode(end), more)

    async def next_window(self, _: Any, after: Mapping[str, int]) -> Window | None:
        if after == self.last:
            return None
        end = dict(self.last)
        return Window(after, end, frozenset(Subject(e.system, e.kind, e.subject) for e in self.between(after, end)))

    async def read_window(self, _: Any, viewer: Viewer, start: Any, end: Any) -> list[Committed]:
        await asyncio.sleep(0)
        return self.between(start, end)

    async def current(self, _: Any) -> Mapping[str, int]:
        return dict(self.last)


class Unwoken(Broadcaster):
    """Reads only when the test says so."""

    async def _run(self) -> None:
        await asyncio.Event().wait()


@contextlib.contextmanager
def in_memory(feed: Feed, page: int = 3, buffer: int = 4) -> Any:
    with (
        patch.object(pages, "read_page", feed.read_page),
        patch.object(pages, "read_window", feed.read_window),
        patch.object(live, "next_window", feed.next_window),
        patch.object(live, "current", feed.current),
        patch("hub.streams.following.PAGE", page),
        patch("hub.streams.buffer.Buffer.__init__.__defaults__", (buffer,)),
    ):
        yield


async def settle() -> None:
    """Let every task run until it waits."""
    for _ in range(30):
        await asyncio.sleep(0)


@dataclass
class Run:
    """A reader that takes a batch only when it is told to."""

    feed: Feed
    after: Mapping[str, int] | None = None
    got: list[Message] = field(default_factory=list)

    async def play(self, steps: list[tuple[str, str, int]]) -> None:
        database = cast(Database, self.feed)
        broadcaster = Unwoken(database)
        following = Following(database, broadcaster, WHO, self.after, Filter())
        batches = following.batches()
        taking: asyncio.Future[Any] | None = None
        for what, system, number in [*steps, *[("read", "", 0), *[("take", "", 0)] * 60]]:
            if what == "commit":
                self.feed.last[system] += number
            elif what == "read":
                await broadcaster.read_new()
            else:
                taking = taking or asyncio.ensure_future(anext(batches))
                await settle()
                if taking.done():
                    self.got += taking.result()
                    taking = None
        if taking:
            taking.cancel()
            await asyncio.gather(taking, return_exceptions=True)
        await broadcaster.close()
        self.end = decode(following.cursor)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("commit"), st.sampled_from(SYSTEMS), st.integers(1, 6)),
        st.tuples(st.sampled_from(["read", "take", "take"]), st.just(""), st.just(0)),
    ),
    max_size=40,
)


@given(STEPS, st.integers(0, 5), st.integers(0, 5))
async def test_each_change_arrives_once_and_in_order(steps: list[Any], kept: int, begun: int) -> None:
    feed = Feed({"east": kept + begun, "west": begun})
    after = {"east": kept, "west": 0}
    with in_memory(feed):
        run = Run(feed, after)
        await run.play(steps)
    for name in SYSTEMS:
        positions = [each.change.position for each in run.got if isinstance(each, Event) and each.change.system == name]
        assert positions == list(range(after[name] + 1, feed.last[name] + 1))
    assert run.end == feed.last


@given(STEPS)
async def test_each_cursor_leads_on_to_exactly_the_rest(steps: list[Any]) -> None:
    feed = Feed()
    with in_memory(feed):
        run = Run(feed, {})
        await run.play(steps)
        for index, each in enumerate(run.got):
            assert not isinstance(each, Gap)
            rest = feed.between(decode(each.cursor), feed.last)
            later = [other.change for other in run.got[index + 1 :] if isinstance(other, Event)]
            assert sorted(rest, key=str) == sorted(cast(Any, later), key=str)


async def test_a_pruned_cursor_is_a_gap_with_a_snapshot() -> None:
    feed = Feed({"east": 9, "west": 1}, {"east": 5, "west": 0})
    with in_memory(feed):
        run = Run(feed, {"east": 2, "west": 1})
        await run.play([])
    gap, *rest = run.got
    after = encode({"east": 2, "west": 1})
    assert gap == Gap("east", after, encode({"east": 5, "west": 1}), GapReason.PRUNED)
    assert isinstance(gap, Gap)
    assert gap.snapshot == f"GET /bulk/east?after={after}"
    assert [each.change.position for each in rest if isinstance(each, Event)] == [6, 7, 8, 9]


async def test_a_cursor_of_another_history_is_a_gap() -> None:
    feed = Feed({"east": 3, "west": 1})
    with in_memory(feed):
        run = Run(feed, {"east": 7, "west": 1})
        await run.play([("commit", "east", 1)])
    assert [each.reason for each in run.got if isinstance(each, Gap)] == [GapReason.RESTORED]
    assert run.end == feed.last


async def test_a_reader_far_behind_gets_a_gap_and_goes_on() -> None:
    feed = Feed()
    with in_memory(feed), patch("hub.streams.following.MAX_BEHIND", 10):
        run = Run(feed, {})
        wait = [("take", "", 0)] * 3
        await run.play([*wait, ("commit", "east", 50), ("read", "", 0), *wait, ("commit", "west", 2)])
    checkpoint, gap, *rest = run.got
    assert checkpoint == Checkpoint(encode({"east": 0, "west": 0}))
    assert gap == Gap("east", encode({"east": 0, "west": 0}), encode({"east": 50, "west": 0}), GapReason.SLOW_READER)
    assert [cast(Any, each.change) for each in rest if isinstance(each, Event)] == [
        Committed("west", 1),
        Committed("west", 2),
    ]
