"""The hub survives being killed anywhere: at each commit, before and after, and around each call and answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.conftest import on, temporary_database
from tests.sweep.ground import Ground, grounded
from tests.sweep.lives import lives
from tests.sweep.lives.life import Life, staged
from tests.sweep.sweep import Sweep
from tests.sweep.written import opening
from tests.worlds import small_worlds

pytestmark = [pytest.mark.whole, pytest.mark.timeout(900)]

FEW = 60
"""Things in a sandbox's world."""
SHOWN = 10
"""Failures told in full; the others mostly say the same."""
AT_ONCE = 5
"""Attempts at the same time; most of each is waiting."""


async def _prepared(ground: Ground, life: Life, stack: AsyncExitStack, room: asyncio.Semaphore) -> Sweep:
    name = await stack.enter_async_context(temporary_database(ground.server, ground.template))
    stage = await staged(ground, on(ground.server, name))
    await life.prepare(ground, stage)
    await stage.database.close()
    return Sweep(ground, life, name, room)


async def test_every_crash_point_is_survived(
    postgres_url: str, template_database: str, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    room = asyncio.Semaphore(AT_ONCE)
    async with AsyncExitStack() as stack:
        stack.enter_context(small_worlds(FEW))
        ground = await stack.enter_async_context(grounded(postgres_url, template_database, tmp_path))
        sweeps = [await _prepared(ground, life, stack, room) for life in lives(ground.connectors)]
        await asyncio.gather(*(sweep.run() for sweep in sweeps))
    for sweep in sweeps:
        tell(f"{sweep.life.name}: {len(sweep.swept)} of {len(sweep.planned)} points, {len(sweep.places)} places")
    tell(f"{sum(len(sweep.swept) for sweep in sweeps)} of {sum(len(sweep.planned) for sweep in sweeps)} points")
    failures = [failure for sweep in sweeps for failure in sweep.failures]
    assert not failures, "\n".join(failures[:SHOWN])
    for sweep in sweeps:
        passed = {place.rpartition(" ")[2] for place in sweep.recorded}
        assert passed >= sweep.life.edges, sweep.life.name
        assert (sweep.missed, sweep.found - sweep.places) == (set(), set()), sweep.life.name
    swept = {" ".join(place.split()[1:3]) for sweep in sweeps for place in sweep.places if place.endswith("commits")}
    assert opening() - swept == set(), "no life does this: add one, or say why it may be spared"
