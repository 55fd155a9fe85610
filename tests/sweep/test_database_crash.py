"""Acknowledged data survives a crash of the database's server: after each commit, and before each response."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from hub.runtime.embedded_postgres import EmbeddedPostgres
from hub.store.migrate import migrate
from tests.conftest import on, temporary_database
from tests.sweep.crash_points import Point, same_everywhere
from tests.sweep.database_crash import FORGETFUL
from tests.sweep.scenarios.bulk import Bulk
from tests.sweep.scenarios.deliver import Deliver
from tests.sweep.scenarios.push import Push
from tests.sweep.scenarios.scenario import Scenario
from tests.sweep.scenarios.workflow import Workflow
from tests.sweep.setup import SweepSetup, sweep_setup
from tests.sweep.test_sweep import SHOWN, prepared
from tests.waits import HANGS_AFTER

pytestmark = [pytest.mark.whole, pytest.mark.timeout(6 * HANGS_AFTER)]

AFTER = ("committed", "answers")
"""The crash points after which something may have been acknowledged."""


def acknowledging(passed: Iterable[str]) -> list[Point]:
    """Return the first pass of every such place; how a process starts, and what it does by the clock, tells nobody."""
    return [Point(place) for place in dict.fromkeys(passed) if place.endswith(AFTER) and not same_everywhere(place)]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL server for this test that by default loses recent commits in a crash."""
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


@pytest.mark.parametrize("scenario", [Workflow(), Push(), Bulk(), Deliver()], ids=lambda each: each.name)
async def test_the_death_of_the_server_takes_back_nothing(
    server: EmbeddedPostgres, setup: SweepSetup, scenario: Scenario, record_figure: Callable[[str], None]
) -> None:
    async with AsyncExitStack() as stack:
        sweep = await prepared(setup, scenario, stack, asyncio.Semaphore(1))
        sweep = replace(sweep, server=server, choose=acknowledging)
        await sweep.record()
        await sweep.run()
    record_figure(f"{scenario.name}, the database dies: {len(sweep.swept)} of {len(sweep.planned)} points")
    assert not sweep.failures, "\n".join(sweep.failures[:SHOWN])
    assert sweep.swept
    assert sweep.missed == set()
