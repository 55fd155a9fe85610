"""Decisions over each faulty network: both registers agree once it works again, and nothing is decided twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path

import pytest

from hub.connectors.base import Connector
from hub.store.database import Database
from hub.sync.decisions import DecisionRun
from hub.testing.registers import regular
from hub.testing.running import running_sandbox
from tests.conftest import on, temporary_database
from tests.faults.attempts import try_cells
from tests.faults.cells import Cell, cells
from tests.faults.setup import SEAL, SIZE, FaultSetup, fault_setup, for_a_while
from tests.faults.test_send import BUDGET, WITHIN
from tests.opposite_register import REGISTERS, Decided, decide, followed, hurry, prepare

pytestmark = [pytest.mark.whole, pytest.mark.timeout(400)]

COUNT = 3
ROUNDS = 3
"""Runs until all is settled: one that reads what may have arrived, one that sends, one that finds nothing to do."""


@pytest.fixture(params=[pytest.param(kind, id=name) for name, kind in REGISTERS.items()])
async def connector(request: pytest.FixtureRequest) -> type[Connector]:
    """Each connector that takes decisions."""
    kind: type[Connector] = request.param
    return kind


@pytest.fixture
async def decided(
    connector: type[Connector], postgres_url: str, template_database: str, keys: Path
) -> AsyncIterator[tuple[str, Decided]]:
    """The name of a database with decisions that the system has to follow, and these decisions."""
    async with (
        temporary_database(postgres_url, template_database) as name,
        running_sandbox(connector, keys, size=SIZE) as running,
    ):
        await prepare(on(postgres_url, name), running)
        database = Database(on(postgres_url, name), pool_size=2)
        found = await decide(database, running, SEAL, COUNT)
        await database.close()
        yield name, found


async def send(setup: FaultSetup, within: float = WITHIN) -> None:
    """Send the decisions that are due, as far as the network permits."""
    async with setup.connected() as connector:
        await DecisionRun(setup.database, connector, setup.cipher, timeout=within, max_attempts=BUDGET).run()


async def later(setup: FaultSetup) -> None:
    """Let time pass: no call is in progress, waiting decisions are due, and leases have ended."""
    await setup.proxy.forget()
    await asyncio.sleep(0.1)
    await hurry(setup.database)


async def test_decisions_over_a_bad_network_arrive_once(
    connector: type[Connector],
    postgres_url: str,
    decided: tuple[str, Decided],
    keys: Path,
    record_figure: Callable[[str], None],
) -> None:
    name, expected = decided

    async def cell(cell: Cell) -> None:
        async with fault_setup(connector, postgres_url, name, keys) as setup:
            with regular(setup.running):
                for share in (1.0, 0.4):
                    setup.bad(cell, share)
                    await for_a_while(partial(send, setup), setup)
                    await later(setup)
                await setup.good()
                for _ in range(ROUNDS):
                    await later(setup)
                    await send(setup, within=60.0)
                await followed(setup.database, setup.running, expected)

    await try_cells(f"decisions for {connector.name}", cell, cells(), record_figure)
