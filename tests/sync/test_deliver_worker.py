"""Real workers that deliver: at once, though a nudge is lost, two of them, and one that is killed in the middle."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from hub.complaints.workflow import Action
from hub.store.complaints import handling
from hub.store.complaints.handling import Act
from hub.viewer import WORKER
from tests.process import running as processes
from tests.schema.stage import CAUSE, Stage, staged
from tests.sync.receiver import Receiver
from tests.sync.test_worker import STALLED_AFTER, Place

pytestmark = pytest.mark.whole


@dataclass
class Out:
    """A hub whose complaints go to the receiver, and a place for its workers."""

    stage: Stage
    receiver: Receiver
    place: Place

    async def forward(self, *more: Action) -> str:
        """A complaint that goes out, and what follows it; its ticket."""
        ticket = await self.stage.complaint("ASSIGNED")
        for action in (Action.FORWARD, *more):
            async with self.stage.database.write(CAUSE) as db:
                act = Act(ticket, action, "Kata-kata", to="west" if action is Action.FORWARD else None)
                await handling.act(db, CAUSE, WORKER, act)
        return ticket

    def done(self) -> int:
        """How many deliveries arrived, as far as the hub knows."""
        return len(self.place.rows("select id from deliveries where state = 'DONE'"))


@contextlib.asynccontextmanager
async def out(database_url: str, tmp: Path) -> AsyncIterator[Out]:
    """All of that, migrated by the real command."""
    receiver = Receiver()
    async with staged(database_url) as stage, receiver.served(tmp / "connectors"):
        keys = ",".join(key.get_secret_value() for key in stage.settings.pii_keys)
        secret = stage.settings.secret_key
        assert secret
        own = {"HUB_PII_KEYS": keys, "HUB_SECRET_KEY": secret.get_secret_value()}
        place = env(Place(receiver, database_url, tmp, every=60), **own)  # type: ignore[arg-type]
        await asyncio.to_thread(processes.command, "migrate", env=place.env())
        yield Out(stage, receiver, place)


def env(place: Place, **more: str) -> Place:
    """The same place, whose workers have ``more`` variables."""
    before = place.env()
    place.env = lambda: before | more  # type: ignore[method-assign]
    return place


async def test_a_nudge_has_it_sent_long_before_the_worker_would_look(database_url: str, tmp_path: Path) -> None:
    async with out(database_url, tmp_path) as hub:
        place = env(hub.place, HUB_PULL_TICK="30")
        with place.worker():
            await place.until(
                lambda: place.rows("select name from systems where name = 'west' and synced_at is not null")
            )
            await hub.forward()
            took = await place.until(lambda: hub.done() == 1)
    assert took < 5


async def test_a_lost_nudge_loses_nothing(database_url: str, tmp_path: Path) -> None:
    async with out(database_url, tmp_path) as hub:
        await hub.forward(Action.START)
        await hub.stage.run("delete from procrastinate_jobs where task_name = 'hub:deliver'")
        with hub.place.worker():
            await hub.place.until(lambda: hub.done() == 2)
    assert hub.receiver.doubled == []


async def test_two_workers_deliver_everything_once(database_url: str, tmp_path: Path) -> None:
    async with out(database_url, tmp_path) as hub:
        with hub.place.worker(), hub.place.worker():
            for _ in range(15):
                await hub.forward(Action.START)
            await hub.place.until(lambda: hub.done() == 30)
    assert (len(hub.receiver.taken), hub.receiver.doubled) == (30, [])


async def test_a_worker_killed_while_it_sends_loses_and_doubles_nothing(database_url: str, tmp_path: Path) -> None:
    async with out(database_url, tmp_path) as hub:
        hub.receiver.going.clear()
        tickets = [await hub.forward(Action.START) for _ in range(6)]
        with hub.place.worker() as first:
            await hub.place.until(lambda: len(hub.receiver.taken) == 4)
            first.send_signal(signal.SIGKILL)
            hub.receiver.going.set()
            with hub.place.worker():
                took = await hub.place.until(lambda: hub.done() == 12)
    assert took < 3 * STALLED_AFTER + 5
    assert sorted(hub.receiver.taken) == sorted(f"{ticket}/{number}" for ticket in tickets for number in (1, 2))
    found = hub.place.rows("select count(*) from delivery_attempts where outcome = 'FOUND'")
    assert found == [(4,)]
