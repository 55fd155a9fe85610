"""The hub survives a kill anywhere: at each commit, and before and after each call and response."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import on, temporary_database
from tests.sweep.scenarios import scenarios
from tests.sweep.scenarios.scenario import Scenario, staged
from tests.sweep.setup import SweepSetup, sweep_setup
from tests.sweep.sweep import Sweep
from tests.sweep.transactions import functions_with_transactions
from tests.waits import HANGS_AFTER

pytestmark = [pytest.mark.whole, pytest.mark.timeout(6 * HANGS_AFTER)]

SHOWN = 10
"""Failures that are printed in full; the others mostly have the same cause."""
AT_ONCE = 5
"""Concurrent attempts; most of their time is waiting."""


async def prepared(setup: SweepSetup, scenario: Scenario, stack: AsyncExitStack, room: asyncio.Semaphore) -> Sweep:
    """Return the sweep of a scenario, on a template that is filled for it."""
    name = await stack.enter_async_context(temporary_database(setup.server, setup.template))
    stage = await staged(setup, on(setup.server, name))
    await scenario.prepare(setup, stage)
    await stage.database.close()
    return Sweep(setup, scenario, name, room)


async def test_every_crash_point_is_survived(
    postgres_url: str, template_database: str, tmp_path: Path, record_figure: Callable[[str], None]
) -> None:
    room = asyncio.Semaphore(AT_ONCE)
    async with AsyncExitStack() as stack:
        setup = await stack.enter_async_context(sweep_setup(postgres_url, template_database, tmp_path))
        elsewhere: dict[str, Sweep] = {}
        sweeps = [
            replace(await prepared(setup, scenario, stack, room), elsewhere=elsewhere)
            for scenario in scenarios(setup.connectors)
        ]
        await asyncio.gather(*(sweep.record() for sweep in sweeps))
        await asyncio.gather(*(sweep.run() for sweep in sweeps))
    for sweep in sweeps:
        record_figure(
            f"{sweep.scenario.name}: {len(sweep.swept)} of {len(sweep.planned)} points, {len(sweep.places)} places"
        )
    record_figure(
        f"{sum(len(sweep.swept) for sweep in sweeps)} of {sum(len(sweep.planned) for sweep in sweeps)} points"
    )
    failures = [failure for sweep in sweeps for failure in sweep.failures]
    assert not failures, "\n".join(failures[:SHOWN])
    for sweep in sweeps:
        passed = {place.rpartition(" ")[2] for place in sweep.recorded}
        assert passed >= sweep.scenario.edges, sweep.scenario.name
        assert (sweep.missed, sweep.found - sweep.places) == (set(), set()), sweep.scenario.name
    swept = {" ".join(place.split()[1:3]) for sweep in sweeps for place in sweep.places if place.endswith("commits")}
    assert functions_with_transactions() - swept == set(), (
        "no scenario does this: add one, or state why it may be spared"
    )
