"""PostgreSQL is killed under load, with two workers on one queue: acknowledged data is stored once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from hub.runtime.embedded_postgres import EmbeddedPostgres
from hub.store.migrate import migrate
from tests.conftest import on, temporary_database
from tests.sweep import expectations
from tests.sweep.attempt import Attempt, started_attempt
from tests.sweep.client import Client
from tests.sweep.database_crash import FORGETFUL, crash
from tests.sweep.scenarios.workflow import MOVE, SUBMISSION, SUBMIT
from tests.sweep.setup import SweepSetup, sweep_setup

pytestmark = [pytest.mark.whole, pytest.mark.timeout(400)]

CLIENTS, EACH, KILLS = 4, 6, 3
EVERY = 1 + CLIENTS * EACH
STEPS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("verifyComplaint", {"verdict": "VERIFIED"}),
    ("assignComplaint", {"agencyCode": "DISHUB"}),
    ("forwardComplaint", {}),
)
OPEN = "select count(*) from deliveries where state <> 'DONE'"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL server for this test."""
    server = EmbeddedPostgres(tmp_path / "pg", FORGETFUL)
    try:
        yield server
    finally:
        server.destroy()


@pytest.fixture
async def setup(server: EmbeddedPostgres, tmp_path: Path) -> AsyncIterator[SweepSetup]:
    """A hub on that server."""
    url = server.start()
    async with temporary_database(url) as template:
        await migrate(on(url, template))
        async with sweep_setup(url, template, tmp_path) as setup:
            yield setup


async def submit(client: Client, name: str) -> str:
    """Submit and forward a complaint; return its ticket after all mutations were acknowledged."""
    given = {**SUBMISSION, "idempotencyKey": f"submission-{name}"}
    ticket = (await client.graph("submit", SUBMIT, input=given))["submitComplaint"]["ticket"]
    for mutation, more in STEPS:
        query = MOVE % (mutation[0].upper() + mutation[1:], mutation)
        input_ = {"ticket": ticket, "idempotencyKey": f"{mutation}-{name}", **more}
        await client.graph(mutation, query, input=input_)
    return str(ticket)


async def work(client: Client, number: int) -> list[str]:
    """Submit the complaints of one client, one after the other; return their tickets."""
    return [await submit(client, f"{number}-{each}") for each in range(EACH)]


async def load(attempt: Attempt, server: EmbeddedPostgres) -> list[str]:
    """Kill the database repeatedly while clients submit complaints; return the acknowledged tickets."""
    async with attempt.serving() as client, attempt.command("worker"), attempt.command("worker"):
        await attempt.until("select count(*) from procrastinate_workers", 2)
        first = await submit(client, "first")
        working = [asyncio.create_task(work(client, number)) for number in range(CLIENTS)]
        for _ in range(KILLS):
            await asyncio.sleep(1.0)
            await crash(server)
        tickets = [first, *(ticket for submitted in await asyncio.gather(*working) for ticket in submitted)]
        await attempt.until(OPEN, 0)
    return tickets


async def test_acknowledged_data_survives_the_death_of_the_database(
    server: EmbeddedPostgres, setup: SweepSetup
) -> None:
    async with AsyncExitStack() as stack:
        takes = started_attempt(setup, setup.template, (), lambda connector: bool(connector.sends))
        attempt = await stack.enter_async_context(takes)
        tickets = await load(attempt, server)
        assert len(set(tickets)) == EVERY
        stored = await attempt.rows("select ticket from complaints where submitted_by not like 'system:%'")
        assert sorted(ticket for (ticket,) in stored) == sorted(tickets)
        expectations.nothing_doubled(attempt)
        for running in attempt.sandboxes.values():
            assert running.sandbox.figures()["sent"] == EVERY
            await expectations.pulled(attempt, running)
        await expectations.history_holds(attempt)
