"""The broadcaster on PostgreSQL: woken by the sequencer, few statements, and each viewer sees only its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from hub.store.database import record_statements
from hub.store.feed import live, pages
from hub.store.feed.live import Window
from hub.streams.broadcaster import Broadcaster
from hub.streams.following import Checkpoint, Event, Following
from hub.streams.handover import Filter
from hub.viewer import ANONYMOUS, WORKER, Viewer, ViewerKind
from tests.fake_connector import payment
from tests.schema.harness import CLERK, OFFICER, Stage
from tests.sync import isolated_sequencer
from tests.waits import hanging

CENTRAL = Viewer(ViewerKind.PARTNER, "client:central", frozenset({"records:sync.fake"}), "central")


@asynccontextmanager
async def broadcasting(stage: Stage, poll: float = 3_600) -> AsyncIterator[Broadcaster]:
    """A broadcaster that hardly ever polls, so that only notifications wake it."""
    broadcaster = Broadcaster(stage.database, poll)
    try:
        yield broadcaster
    finally:
        await broadcaster.close()


class Follower:
    """A reader whose events are collected."""

    def __init__(self, stage: Stage, broadcaster: Broadcaster, viewer: Viewer, wanted: Filter | None = None) -> None:
        self.following = Following(stage.database, broadcaster, viewer, {}, wanted or Filter())
        self._batches = self.following.batches()
        self._waiting: list[Any] = []

    async def next(self) -> tuple[str, int, str]:
        async with hanging():
            while not self._waiting:
                self._waiting += [each for each in await anext(self._batches) if not isinstance(each, Checkpoint)]
        event = self._waiting.pop(0)
        assert isinstance(event, Event)
        return event.change.system, event.change.position, event.change.subject


async def test_old_changes_come_first_and_new_ones_as_told(stage: Stage) -> None:
    await stage.records(payment("P1"))
    await isolated_sequencer.sequence(stage.database)
    async with broadcasting(stage) as broadcaster:
        follower = Follower(stage, broadcaster, CENTRAL)
        assert await follower.next() == ("fake", 1, "P1")
        waiting = asyncio.create_task(follower.next())
        for number in (2, 3):
            await stage.records(payment(f"P{number}"))
            await isolated_sequencer.sequence(stage.database)
            assert await waiting == ("fake", number, f"P{number}")
            waiting = asyncio.create_task(follower.next())
        waiting.cancel()


async def test_equal_viewers_share_what_is_read(stage: Stage) -> None:
    async with broadcasting(stage) as broadcaster:
        followers = [Follower(stage, broadcaster, CENTRAL) for _ in range(20)]
        others = Follower(stage, broadcaster, OFFICER, Filter(subjects=frozenset({"P2"})))
        waiting = [asyncio.create_task(each.next()) for each in followers]
        quiet = asyncio.create_task(others.next())
        async with hanging():
            while len(broadcaster._readers) < 21:
                await asyncio.sleep(0.01)
        await stage.records(payment("P1"))
        with record_statements() as statements:
            await broadcaster.close()  # No other task reads meanwhile.
            await isolated_sequencer.sequence(stage.database)
            statements.clear()
            await broadcaster.read_new()
        assert [await each for each in waiting] == [("fake", 1, "P1")] * 20
        # Heads, subjects, the changes as this one viewer sees them (the other wants another subject), and heads again.
        assert len(statements) == 4
        quiet.cancel()


def partner(name: str) -> Viewer:
    return Viewer(ViewerKind.PARTNER, name, frozenset({"complaints:read", "records:sync.fake"}), name)


async def everybody(stage: Stage) -> tuple[list[Viewer], Window]:
    """Viewers of every kind, and a window with complaints of some of them, a secret one, and records."""
    await stage.run("insert into users (id, kind) values ('u_siti', 'CITIZEN'), ('u_budi', 'CITIZEN')")
    citizens = [Viewer(ViewerKind.CITIZEN, each, frozenset({"complaints:read"})) for each in ("u_siti", "u_budi")]
    partners = [partner(f"client:{number}") for number in range(3)]
    tickets = [await stage.complaint(by=each) for each in (*partners[:2], citizens[0])]
    tickets.append(await stage.complaint("ASSIGNED", by=partners[0], secret=True, agency="DISHUB"))
    await stage.records(payment("P1"), payment("P2"))
    await isolated_sequencer.sequence(stage.database)
    async with stage.database.read() as db:
        window = await live.next_window(db, {})
    assert window
    holders = [
        Viewer(ViewerKind.HOLDER, f"holder {each}", frozenset({"complaints:read"}), ticket=each)
        for each in (tickets[0], "LG-2026-999999")
    ]
    officers = [replace(each, agency=agency) for each in (OFFICER, CLERK) for agency in (None, "DISHUB", "DINKES")]
    return [*citizens, *partners, *holders, *officers, CENTRAL, ANONYMOUS, WORKER], window


async def test_who_is_read_for_sees_what_each_of_them_sees(stage: Stage) -> None:
    viewers, window = await everybody(stage)
    seen = set()
    async with stage.database.read() as db:
        for viewer in viewers:
            alone = await pages.read_window(db, viewer, window.start, window.end)
            together = await pages.read_window(db, live.reading_as(viewer, window), window.start, window.end)
            assert together == alone, viewer
            seen.add(len(alone))
    assert len(seen) > 4, "the viewers see the same"


async def test_statements_follow_what_changed_not_who_reads(stage: Stage) -> None:
    async with broadcasting(stage) as broadcaster:
        partners = [partner(f"client:{number}") for number in range(60)]
        followers = [Follower(stage, broadcaster, each) for each in partners]
        waiting = [asyncio.create_task(each.next()) for each in followers]
        async with hanging():
            while len(broadcaster._readers) < len(partners):
                await asyncio.sleep(0.01)
        await stage.complaint(by=partners[0])
        await stage.records(payment("P1"))
        with record_statements() as statements:
            await broadcaster.close()  # No other task reads meanwhile.
            await isolated_sequencer.sequence(stage.database)
            statements.clear()
            await broadcaster.read_new()
        # Heads, subjects, the changes as their submitter and as the 59 others see them, and heads again.
        assert len(statements) == 5
        assert [(await each)[0] for each in waiting] == ["hub", *["fake"] * 59]


async def test_a_live_change_reaches_only_viewers_who_may_see_it(stage: Stage) -> None:
    async with broadcasting(stage) as broadcaster:
        seen = Follower(stage, broadcaster, OFFICER)
        hidden = Follower(stage, broadcaster, CLERK)
        first, second = asyncio.create_task(seen.next()), asyncio.create_task(hidden.next())
        async with hanging():
            while len(broadcaster._readers) < 2:
                await asyncio.sleep(0.01)
        secret = await stage.complaint(secret=True)
        await isolated_sequencer.sequence(stage.database)
        assert (await first)[2] == secret
        opened = await stage.complaint()
        await isolated_sequencer.sequence(stage.database)
        assert (await second)[2] == opened


async def test_without_notifications_a_poll_finds_changes(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "CHANNEL", "hub_nobody")
    async with broadcasting(stage, poll=0.01) as broadcaster:
        waiting = asyncio.create_task(Follower(stage, broadcaster, CENTRAL).next())
        async with hanging():
            while not broadcaster._readers:
                await asyncio.sleep(0.01)
        monkeypatch.setattr(live, "CHANNEL", "hub_feed")
        await stage.records(payment("P1"))
        await isolated_sequencer.sequence(stage.database)
        assert await waiting == ("fake", 1, "P1")


async def test_a_restored_database_is_noticed_by_positions(stage: Stage) -> None:
    await stage.records(payment("P1"))
    await isolated_sequencer.sequence(stage.database)
    async with stage.database.read() as db:
        behind, same, ahead = [await live.next_window(db, {"fake": number}) for number in (0, 1, 2)]
    assert behind
    assert (behind.restored, behind.end["fake"], len(behind.subjects)) == (False, 1, 1)
    assert same is None
    assert ahead
    assert (ahead.restored, ahead.start, ahead.end["fake"]) == (True, ahead.end, 1)
