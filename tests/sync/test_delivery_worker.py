"""Real workers deliver at once, also without a notification, with two of them, and after one was killed."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from hub.complaints.workflow import Action
from hub.store.use_cases import transitions
from hub.store.use_cases.transitions import Transition
from hub.viewer import WORKER
from tests import hub_processes
from tests.schema.harness import CAUSE, Stage, staged
from tests.sync.receiving_system import Receiver
from tests.sync.test_worker import Place

pytestmark = pytest.mark.whole


@dataclass
class Out:
    """A hub that forwards complaints to the receiver, and the environment of its workers."""

    stage: Stage
    receiver: Receiver
    place: Place

    async def forward(self, *more: Action) -> str:
        """Forward a complaint and act on it; return its ticket."""
        ticket = await self.stage.complaint("ASSIGNED")
        for action in (Action.FORWARD, *more):
            async with self.stage.database.write(CAUSE) as db:
                act = Transition(ticket, action, "Kata-kata", to="west" if action is Action.FORWARD else None)
                await transitions.transition(db, CAUSE, WORKER, act)
        return ticket

    def done(self) -> int:
        """Return how many deliveries are done."""
        return len(self.place.rows("select id from deliveries where state = 'DONE'"))


@contextlib.asynccontextmanager
async def out(database_url: str, tmp: Path) -> AsyncIterator[Out]:
    """The hub, migrated by the real command."""
    receiver = Receiver()
    async with staged(database_url) as stage, receiver.served(tmp / "connectors"):
        keys = ",".join(key.get_secret_value() for key in stage.settings.pii_keys)
        secret = stage.settings.secret_key
        assert secret
        own = {"HUB_PII_KEYS": keys, "HUB_SECRET_KEY": secret.get_secret_value()}
        place = env(Place(receiver, database_url, tmp, every=60), **own)  # type: ignore[arg-type]
        await asyncio.to_thread(hub_processes.command, "migrate", env=place.env())
        yield Out(stage, receiver, place)


def env(place: Place, **more: str) -> Place:
    """Return the same hub with ``more`` variables for its workers."""
    before = place.env()
    place.env = lambda: before | more  # type: ignore[method-assign]
    return place


async def test_a_nudge_has_it_sent_long_before_the_worker_would_look(database_url: str, tmp_path: Path) -> None:
    async with out(database_url, tmp_path) as hub:
        place = env(hub.place, HUB_PULL_TICK="3600")
        with place.worker():
            await place.until(
                lambda: place.rows("select name from systems where name = 'west' and synced_at is not null")
            )
            await hub.forward()
            await place.until(lambda: hub.done() == 1)


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


async def test_a_worker_killed_while_sending_loses_nothing(database_url: str, tmp_path: Path) -> None:
    async with out(database_url, tmp_path) as hub:
        hub.receiver.responding.clear()
        tickets = [await hub.forward(Action.START) for _ in range(6)]
        with hub.place.worker() as first:
            await hub.place.until(lambda: len(hub.receiver.taken) == 4)
            first.send_signal(signal.SIGKILL)
            hub.receiver.responding.set()
            with hub.place.worker():
                await hub.place.until(lambda: hub.done() == 12)
    assert sorted(hub.receiver.taken) == sorted(f"{ticket}/{number}" for ticket in tickets for number in (1, 2))
    found = hub.place.rows("select count(*) from delivery_attempts where outcome = 'FOUND'")
    assert found == [(4,)]
