"""The hub survives a kill anywhere: at each commit, and before and after each call and response."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from hub.connectors import registry
from tests.conftest import on, temporary_database
from tests.sweep.scenarios import scenarios
from tests.sweep.scenarios.scenario import Scenario, staged
from tests.sweep.setup import SweepSetup, sweep_setup
from tests.sweep.sweep import Sweep
from tests.sweep.transactions import functions_with_transactions
from tests.waits import HANGS_AFTER

pytestmark = [pytest.mark.whole, pytest.mark.timeout(6 * HANGS_AFTER)]

SCENARIOS = scenarios([registry.load(name) for name in registry.discover()])
SHOWN = 10
"""Failures that are printed in full; the others mostly have the same cause."""
AT_ONCE = 5
"""Concurrent attempts; much of their time is waiting."""


async def prepared(setup: SweepSetup, scenario: Scenario, stack: AsyncExitStack, room: asyncio.Semaphore) -> Sweep:
    """Return the sweep of a scenario, on a template that is filled for it."""
    name = await stack.enter_async_context(temporary_database(setup.server, setup.template))
    stage = await staged(setup, on(setup.server, name))
    await scenario.prepare(setup, stage)
    await stage.database.close()
    return Sweep(setup, scenario, name, room)


@pytest.fixture(scope="module")
async def setup(
    postgres_url: str, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[SweepSetup]:
    """What all scenarios share."""
    async with sweep_setup(postgres_url, template_database, tmp_path_factory.mktemp("sweep")) as setup:
        yield setup


@pytest.fixture(scope="module")
def elsewhere() -> dict[str, Sweep]:
    """The sweeps of this process that try what is the same in each scenario."""
    return {}


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of this test run share."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda each: each.name)
async def test_every_crash_point_is_survived(
    scenario: Scenario,
    setup: SweepSetup,
    elsewhere: dict[str, Sweep],
    run_folder: Path,
    record_figure: Callable[[str], None],
) -> None:
    async with AsyncExitStack() as stack:
        sweep = await prepared(setup, scenario, stack, asyncio.Semaphore(AT_ONCE))
        sweep = replace(sweep, elsewhere=elsewhere)
        await sweep.record()
        await sweep.run()
    record_figure(f"{scenario.name}: {len(sweep.swept)} of {len(sweep.planned)} points, {len(sweep.places)} places")
    assert not sweep.failures, "\n".join(sweep.failures[:SHOWN])
    assert {place.rpartition(" ")[2] for place in sweep.recorded} >= scenario.edges
    assert (sweep.missed, sweep.found - sweep.places) == (set(), set())
    _check_transactions(run_folder / "sweep", scenario, sweep)


def _check_transactions(folder: Path, scenario: Scenario, sweep: Sweep) -> None:
    """Note the transactions that the scenario swept; with the last one, no transaction of the hub may be left.

    The scenarios run in several processes.
    """
    folder.mkdir(exist_ok=True)
    swept = {" ".join(place.split()[1:3]) for place in sweep.places if place.endswith("commits")}
    (folder / scenario.name).write_text("\n".join(swept))
    noted = {each.name: each.read_text().splitlines() for each in folder.iterdir()}
    if noted.keys() == {each.name for each in SCENARIOS}:
        left = functions_with_transactions() - {name for names in noted.values() for name in names}
        assert left == set(), "no scenario does this: add one, or state why it may be spared"
