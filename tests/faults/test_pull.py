"""Pulling over every bad network: nothing is lost or doubled, and nothing is left behind in memory."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from hub.connectors.base import Connector
from tests.connectors.running import found
from tests.faults.faults import Cell, cells
from tests.faults.field import field_of, for_a_while
from tests.faults.trying import tried

pytestmark = [pytest.mark.whole, pytest.mark.timeout(400)]

CONNECTORS = [pytest.param(kind, id=name) for name, kind in found().items()]
ROUNDS = 40
GROWTH = 1_000_000
"""Bytes that may be held after ``ROUNDS`` pulls and were not after a third of them."""


@pytest.mark.parametrize("connector", CONNECTORS)
async def test_what_is_pulled_over_a_bad_network_is_what_is_there(
    connector: type[Connector], postgres_url: str, every_system: str, keys: Path, tell: Callable[[str], None]
) -> None:
    async def cell(cell: Cell) -> None:
        async with field_of(connector, postgres_url, every_system, keys) as field:
            field.bad(cell, share=0.4)
            await for_a_while(field.pull, field)
            for _ in range(3):
                field.running.sandbox.tick()
            field.bad(cell, share=1.0)
            await for_a_while(field.pull, field)
            await field.good()
            assert await field.pull() == "DONE"
            await field.agree(await field.listed())

    await tried(f"pull of {connector.name}", cell, cells(), tell)


@pytest.mark.parametrize("connector", CONNECTORS)
async def test_many_pulls_over_bad_networks_hold_no_memory_and_no_tasks(
    connector: type[Connector], postgres_url: str, every_system: str, keys: Path
) -> None:
    before = len(asyncio.all_tasks())
    async with field_of(connector, postgres_url, every_system, keys) as field:
        assert await field.pull() == "DONE"
        networks, running, held = [*cells()], len(asyncio.all_tasks()), 0
        tracemalloc.start()
        for number in range(ROUNDS):
            field.bad(networks[number % len(networks)], share=0.7)
            await for_a_while(field.pull, field)
            await field.good()
            if number == ROUNDS // 3:
                held = _traced()
        grown = _traced() - held
        tracemalloc.stop()
        await asyncio.sleep(1.0)
        assert len(asyncio.all_tasks()) <= running
    assert grown < GROWTH, f"{grown:,} bytes more"
    assert len(asyncio.all_tasks()) <= before


def _traced() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]
