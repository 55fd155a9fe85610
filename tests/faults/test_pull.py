"""Pulling over each faulty network: no record is lost or doubled, and no memory leaks."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from hub.connectors.base import Connector
from hub.testing.running import all_connectors
from tests.faults.attempts import try_cells
from tests.faults.cells import Cell, cells
from tests.faults.setup import fault_setup, for_a_while

pytestmark = [pytest.mark.whole, pytest.mark.timeout(400)]

CONNECTORS = [pytest.param(kind, id=name) for name, kind in all_connectors().items()]
ROUNDS = 40
GROWTH = 1_000_000
"""Maximum growth of memory in bytes between a third of ``ROUNDS`` pulls and all of them."""


@pytest.mark.parametrize("connector", CONNECTORS)
async def test_pulls_over_a_bad_network_store_all_items(
    connector: type[Connector], postgres_url: str, every_system: str, keys: Path, record_figure: Callable[[str], None]
) -> None:
    async def cell(cell: Cell) -> None:
        async with fault_setup(connector, postgres_url, every_system, keys) as setup:
            setup.bad(cell, share=0.4)
            await for_a_while(setup.pull, setup)
            for _ in range(3):
                setup.running.sandbox.tick()
            setup.bad(cell, share=1.0)
            await for_a_while(setup.pull, setup)
            await setup.good()
            assert await setup.pull() == "DONE"
            await setup.agree(await setup.listed())

    await try_cells(f"pull of {connector.name}", cell, cells(), record_figure)


@pytest.mark.parametrize("connector", CONNECTORS)
async def test_many_pulls_over_bad_networks_leak_no_memory_or_tasks(
    connector: type[Connector], postgres_url: str, every_system: str, keys: Path
) -> None:
    before = len(asyncio.all_tasks())
    async with fault_setup(connector, postgres_url, every_system, keys) as setup:
        assert await setup.pull() == "DONE"
        networks, running, traced = [*cells()], len(asyncio.all_tasks()), 0
        tracemalloc.start()
        for number in range(ROUNDS):
            setup.bad(networks[number % len(networks)], share=0.7)
            await for_a_while(setup.pull, setup)
            await setup.good()
            if number == ROUNDS // 3:
                traced = _traced()
        grown = _traced() - traced
        tracemalloc.stop()
        await asyncio.sleep(1.0)
        assert len(asyncio.all_tasks()) <= running
    assert grown < GROWTH, f"{grown:,} bytes more"
    assert len(asyncio.all_tasks()) <= before


def _traced() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]
