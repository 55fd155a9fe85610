"""Random schedules of faults: no delivery is lost, arrives twice or overtakes another."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from hub.complaints.workflow import Action
from hub.store import migrate
from hub.store.idempotency import Completed
from hub.store.use_cases import delivery_decisions, transitions
from hub.store.use_cases.transitions import Transition
from hub.sync.delivery import DeliveryRun
from hub.viewer import WORKER
from tests.fake_connector import FakeSettings
from tests.fake_receiver import ReceivingConnector, RemoteSystem
from tests.schema.harness import CAUSE, Stage, staged

FAULTS = ["", "", "later", "lost", "unclear", "late", "hang", "refuse", "stop", "fault of ours"]
LOOKS = ["", "", "later", "stop"]
WITHIN = 0.15


class Blind(ReceivingConnector):
    """The same system without a look-up."""

    listing = False


@pytest.fixture(scope="module")
async def stage(postgres_url: str, template_database: str) -> AsyncIterator[Stage]:
    """A hub with one system that accepts deliveries."""
    from tests.conftest import on, temporary_database

    async with temporary_database(postgres_url, template_database) as name:
        url = on(postgres_url, name)
        async with staged(url) as stage:
            await migrate.migrate(url, [ReceivingConnector.declaration(FakeSettings())])
            yield stage


@dataclass
class Chaos:
    """A random schedule from a seed; ``did`` records it, to explain a failure."""

    stage: Stage
    dice: random.Random
    kind: type[ReceivingConnector]
    there: RemoteSystem = field(default_factory=RemoteSystem)
    tickets: list[str] = field(default_factory=list)
    did: list[str] = field(default_factory=list)

    async def forward(self) -> None:
        """Submit and forward a complaint."""
        self.tickets.append(await self.stage.complaint("ASSIGNED"))
        await self._act(self.tickets[-1], Action.FORWARD)

    async def follow(self) -> None:
        """Apply an action to a forwarded complaint."""
        await self._act(self.dice.choice(self.tickets), self.dice.choice([Action.START, Action.REPLY]))

    async def _act(self, ticket: str, action: Action) -> None:
        async with self.stage.database.write(CAUSE) as db:
            act = Transition(ticket, action, None if action is Action.FORWARD else "Kata-kata")
            assert isinstance(await transitions.transition(db, CAUSE, WORKER, act), Completed)

    async def deliver(self) -> None:
        """Run one or two workers with faults."""
        self._trouble()
        workers = [self._worker() for _ in range(self.dice.choice([1, 2]))]
        await asyncio.gather(*workers)

    async def die(self) -> None:
        """Run a worker that is killed at some point."""
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
            await DeliveryRun(self.stage.database, kind, self.stage.cipher, timeout=WITHIN, max_attempts=3).run()

    async def later(self) -> None:
        """Let time pass, and correct the settings."""
        await self.stage.run("update deliveries set due_at = now() where state in ('WAITING', 'SENDING')")
        await self.stage.run("update systems set stopped_at = null")

    async def decide(self) -> None:
        """Decide what waits for a person, correctly."""
        waiting = "select key, state, action, ticket from deliveries where state in ('BLOCKED', 'OUTCOME_UNKNOWN')"
        self.there.settle()
        for key, _, action, ticket in await self.stage.rows(waiting):
            there = key in self.there.keys
            number = self.there.number(ticket) if action == "CREATE" else None
            async with self.stage.database.write(CAUSE) as db:
                if there:
                    assert isinstance(await delivery_decisions.confirm(db, CAUSE, WORKER, key, number), Completed)
                else:
                    assert isinstance(await delivery_decisions.retry(db, CAUSE, WORKER, key), Completed)

    async def calm(self) -> None:
        """Run until all deliveries are settled, without faults."""
        self.there.faults = self.there.looks = iter(())
        for _ in range(6):
            await self.later()
            await self.decide()
            await self._worker()


@pytest.mark.parametrize("kind", [ReceivingConnector, Blind])
@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.whole) for seed in range(1, 12))])
async def test_nothing_is_lost_and_nothing_comes_twice(stage: Stage, seed: int, kind: type[ReceivingConnector]) -> None:
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
    log = "\n".join(chaos.did)
    assert {state for *_, state in rows} == {"DONE"}, log
    assert sorted(chaos.there.keys) == sorted(key for key, *_ in rows), log
    assert chaos.there.most_at_once == 1, log
    planned = {ticket: [action for _, action, of, _ in rows if of == ticket] for ticket in chaos.tickets}
    assert dict(chaos.there.by_ticket) == planned, log
