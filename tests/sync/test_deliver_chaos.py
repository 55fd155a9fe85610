"""Whatever happens on the way, and in whatever order: nothing is lost, nothing comes twice, nothing overtakes."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from hub.complaints.workflow import Action
from hub.store import migrate
from hub.store.complaints import handling
from hub.store.complaints.handling import Act
from hub.store.exchange import settling
from hub.store.promises import Done
from hub.sync.deliver import Deliver
from hub.viewer import WORKER
from tests.fake import FakeSettings
from tests.schema.stage import CAUSE, Stage, staged
from tests.taking import Taking, There

FAULTS = ["", "", "later", "lost", "unclear", "late", "hang", "refuse", "stop", "fault of ours"]
LOOKS = ["", "", "later", "stop"]
WITHIN = 0.15


class Blind(Taking):
    """The same without a way to look."""

    listing = False


@pytest.fixture(scope="module")
async def stage(postgres_url: str, template_database: str) -> AsyncIterator[Stage]:
    """A hub with one system that takes what is sent."""
    from tests.conftest import on, temporary_database

    async with temporary_database(postgres_url, template_database) as name:
        url = on(postgres_url, name)
        async with staged(url) as stage:
            await migrate.migrate(url, [(Taking, FakeSettings())])
            yield stage


@dataclass
class Chaos:
    """A schedule made up from one seed. ``did`` tells it, for whoever has to find out what went wrong."""

    stage: Stage
    dice: random.Random
    kind: type[Taking]
    there: There = field(default_factory=There)
    tickets: list[str] = field(default_factory=list)
    did: list[str] = field(default_factory=list)

    async def forward(self) -> None:
        """A complaint comes in and goes out."""
        self.tickets.append(await self.stage.complaint("ASSIGNED"))
        await self._act(self.tickets[-1], Action.FORWARD)

    async def follow(self) -> None:
        """Something is done to one that is out."""
        await self._act(self.dice.choice(self.tickets), self.dice.choice([Action.START, Action.REPLY]))

    async def _act(self, ticket: str, action: Action) -> None:
        async with self.stage.database.write(CAUSE) as db:
            act = Act(ticket, action, None if action is Action.FORWARD else "Kata-kata")
            assert isinstance(await handling.act(db, CAUSE, WORKER, act), Done)

    async def deliver(self) -> None:
        """One or two workers, who meet faults."""
        self._trouble()
        workers = [self._worker() for _ in range(self.dice.choice([1, 2]))]
        await asyncio.gather(*workers)

    async def die(self) -> None:
        """A worker that is killed at some point."""
        self._trouble()
        self.there.delay = 0.01
        working = asyncio.create_task(self._worker())
        await asyncio.sleep(self.dice.random() * 0.12)
        working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await working
        self.there.delay = 0.0

    def _trouble(self) -> None:
        faults, looks = self.dice.choices(FAULTS, k=6), self.dice.choices(LOOKS, k=3)
        self.did.append(f"faults {faults}, looks {looks}")
        self.there.faults, self.there.looks = iter(faults), iter(looks)

    async def _worker(self) -> None:
        with contextlib.suppress(ZeroDivisionError):
            kind = self.kind(self.there)
            await Deliver(self.stage.database, kind, self.stage.seal, within=WITHIN, budget=3).run()

    async def later(self) -> None:
        """Time passes; somebody has mended the settings."""
        await self.stage.run("update deliveries set due_at = now() where state in ('WAITING', 'SENDING')")
        await self.stage.run("update systems set stopped_at = null")

    async def decide(self) -> None:
        """A person looks at what waits for them, and does what is right."""
        waiting = "select key, state, action, ticket from deliveries where state in ('HELD', 'UNKNOWN')"
        self.there.settle()
        for key, _, action, ticket in await self.stage.rows(waiting):
            there = key in self.there.keys
            number = self.there.number(ticket) if action == "CREATE" else None
            async with self.stage.database.write(CAUSE) as db:
                if there:
                    assert isinstance(await settling.confirm(db, CAUSE, WORKER, key, number), Done)
                else:
                    assert isinstance(await settling.retry(db, CAUSE, WORKER, key), Done)

    async def calm(self) -> None:
        """In the end everything works."""
        self.there.faults = self.there.looks = iter(())
        for _ in range(6):
            await self.later()
            await self.decide()
            await self._worker()


@pytest.mark.parametrize("kind", [Taking, Blind])
@pytest.mark.parametrize("seed", range(12))
async def test_nothing_is_lost_and_nothing_comes_twice(stage: Stage, seed: int, kind: type[Taking]) -> None:
    await stage.run("delete from delivery_attempts")
    await stage.run("delete from deliveries")
    chaos = Chaos(stage, random.Random(seed), kind)
    await chaos.forward()
    steps = [chaos.forward, chaos.follow, chaos.follow, chaos.deliver, chaos.deliver, chaos.die, chaos.later]
    for step in chaos.dice.choices([*steps, chaos.decide], k=25):
        chaos.did.append(step.__name__)
        await step()
    await chaos.calm()
    rows = await stage.rows("select key, action, ticket, state from deliveries order by complaint_id, sequence")
    told = "\n".join(chaos.did)
    assert {state for *_, state in rows} == {"DONE"}, told
    assert sorted(chaos.there.keys) == sorted(key for key, *_ in rows), told
    assert chaos.there.most_at_once == 1, told
    planned = {ticket: [action for _, action, of, _ in rows if of == ticket] for ticket in chaos.tickets}
    assert dict(chaos.there.by_ticket) == planned, told
