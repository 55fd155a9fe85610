"""The hub survives a kill anywhere: at each commit, and before and after each call and response."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable, Iterable
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
from tests.sweep.transactions import SPARED, functions_with_transactions
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
    assert {point for point in sweep.missed if point.place in sweep.recorded} == set()
    assert sweep.found - sweep.places - sweep.by_chance == set()
    _check_transactions(run_folder / "sweep", scenario, sweep)


def _check_transactions(folder: Path, scenario: Scenario, sweep: Sweep) -> None:
    """Note the transactions that the scenario swept; with the last one, no transaction of the hub may be left.

    The scenarios run in several processes.
    """
    folder.mkdir(exist_ok=True)
    notes = {"swept": sorted(_transactions(sweep.places)), "by chance": sorted(_transactions(sweep.by_chance))}
    (folder / scenario.name).write_text(json.dumps(notes))
    noted = {each.name: json.loads(each.read_text()) for each in folder.iterdir()}
    if noted.keys() == {each.name for each in SCENARIOS}:
        swept, by_chance = ({name for notes in noted.values() for name in notes[key]} for key in notes)
        left = (functions_with_transactions() | by_chance) - swept - SPARED.keys()
        assert left == set(), "no scenario does this: add one, or state why it may be spared"


def _transactions(places: Iterable[str]) -> set[str]:
    return {" ".join(place.split()[1:3]) for place in places if place.endswith("commits")}
