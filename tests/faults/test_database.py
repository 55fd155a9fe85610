"""PostgreSQL is killed under load, with two workers on one queue: what was acknowledged is there, once."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from hub.errors import BadSetting
from hub.process.embedded import THROWAWAY, Embedded
from hub.store.migrate import migrate
from tests.conftest import on, temporary_database
from tests.sweep import truth
from tests.sweep.attempt import Attempt, attempted
from tests.sweep.client import Client
from tests.sweep.ground import Ground, grounded
from tests.sweep.lives.workflow import MOVE, SUBMISSION, SUBMIT

pytestmark = [pytest.mark.whole, pytest.mark.timeout(400)]

CLIENTS, EACH, KILLS = 4, 6, 3
EVERY = 1 + CLIENTS * EACH
STEPS = (
    ("verifyComplaint", {"verdict": "VERIFIED"}),
    ("assignComplaint", {"agencyCode": "DISHUB"}),
    ("forwardComplaint", {}),
)
OPEN = "select count(*) from deliveries where state <> 'DONE'"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Embedded]:
    """A PostgreSQL of this test's own, which confirms no commit that a crash could undo."""
    server = Embedded(tmp_path / "pg", {**THROWAWAY, "synchronous_commit": "on"})
    try:
        yield server
    finally:
        server.destroy()


@pytest.fixture
async def ground(server: Embedded, tmp_path: Path) -> AsyncIterator[Ground]:
    """A hub on it."""
    url = server.start()
    async with temporary_database(url) as template:
        await migrate(on(url, template))
        async with grounded(url, template, tmp_path) as ground:
            yield ground


async def kill(server: Embedded) -> None:
    """Kill it with all that it holds in memory, and start it again."""
    assert server.pid
    os.kill(server.pid, signal.SIGKILL)
    await asyncio.sleep(0.3)
    server.stop()
    async with asyncio.timeout(30):
        # Its children take a moment to see that they are orphans, and hold the data until then.
        while True:
            try:
                server.start()
            except BadSetting:
                await asyncio.sleep(0.1)
            else:
                return


async def submit(client: Client, name: str) -> str:
    """A complaint on its way to whoever takes it; its ticket, once all of that was acknowledged."""
    given = {**SUBMISSION, "idempotencyKey": f"submission-{name}"}
    ticket = (await client.graph("submit", SUBMIT, input=given))["submitComplaint"]["ticket"]
    for mutation, more in STEPS:
        query = MOVE % (mutation[0].upper() + mutation[1:], mutation)
        told = {"ticket": ticket, "idempotencyKey": f"{mutation}-{name}", **more}
        await client.graph(mutation, query, input=told)
    return str(ticket)


async def work(client: Client, number: int) -> list[str]:
    """One client's complaints, one after the other."""
    return [await submit(client, f"{number}-{each}") for each in range(EACH)]


async def load(attempt: Attempt, server: Embedded) -> list[str]:
    """The tickets that clients were told while the database died again and again."""
    async with attempt.serving() as client, attempt.command("worker"), attempt.command("worker"):
        await attempt.until("select count(*) from procrastinate_workers", 2)
        first = await submit(client, "first")
        working = [asyncio.create_task(work(client, number)) for number in range(CLIENTS)]
        for _ in range(KILLS):
            await asyncio.sleep(1.0)
            await kill(server)
        tickets = [first, *(ticket for told in await asyncio.gather(*working) for ticket in told)]
        await attempt.until(OPEN, 0)
    return tickets


async def test_what_was_acknowledged_survives_the_death_of_the_database(server: Embedded, ground: Ground) -> None:
    async with AsyncExitStack() as stack:
        takes = attempted(ground, ground.template, (), lambda connector: bool(connector.sends))
        attempt = await stack.enter_async_context(takes)
        tickets = await load(attempt, server)
        assert len(set(tickets)) == EVERY
        held = await attempt.rows("select ticket from complaints where submitted_by not like 'system:%'")
        assert sorted(ticket for (ticket,) in held) == sorted(tickets)
        truth.nothing_doubled(attempt)
        for running in attempt.sandboxes.values():
            assert running.sandbox.figures()["sent"] == EVERY
            await truth.pulled(attempt, running)
        await truth.history_holds(attempt)
