"""One hour of outage of OSS or of the licensing app, by moved times, while both decide: afterwards they agree.

While OSS is down it also makes no calls of its own; it makes them once it is back.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from hub.store import systems
from hub.store.agreement import decisions
from hub.store.database import Cause
from hub.store.ingest import inquiries
from hub.sync.decisions import DecisionRun
from hub.sync.inquiries import InquiryRun
from hub.sync.pull import Pull
from hub.testing.running import Running
from tests.connectors.licensing_hub import LicensingHub, licensing_hub
from tests.faults.setup import SEAL
from tests.sweep.attempt import PASSES
from tests.waits import HANGS_AFTER

pytestmark = [pytest.mark.whole, pytest.mark.timeout(6 * HANGS_AFTER)]

SIZE = 60
MINUTE, STEP = timedelta(minutes=1), timedelta(seconds=5)
OUTAGE = 60
"""Minutes."""
EVERY = 6
"""Minutes between two decisions of each side."""
ROUNDS = 4
"""How often the worker looks in each step: a pull leads to a decision, and a decision to an answer."""
BEHIND = """
select key, state, cause, next_step from matters where key = any(:keys)
    and state <> 'AGREED' and next_step is distinct from 'PERSON'
"""
STATES = "select state, next_step, count(*) from matters where key = any(:keys) group by state, next_step"


@dataclass
class Hub:
    """A hub with a worker whose work is done when time is moved."""

    running: LicensingHub

    async def passes(self, time: timedelta) -> None:
        """Let OSS make its calls, move all times, and do what is then due as the worker does."""
        await self.running.called()
        async with self.running.database.write(Cause("clock", "test", "time passes")) as db:
            for statement in PASSES:
                await db.execute(text(statement), {"time": time})
        for _ in range(ROUNDS):
            found = [await self._work(side) for side in (self.running.oss, self.running.app)]
            if not any(found):
                break

    async def _work(self, side: Running) -> bool:
        """Do what is due at one side; return whether anything was."""
        name = side.connector.name
        async with self.running.database.read() as db:
            pulls, sends = await systems.due(db), await decisions.due_systems(db)
            asks = await inquiries.due_systems(db)
        async with side.connected() as connector:
            if name in asks:
                await InquiryRun(self.running.database, connector, SEAL).run()
            if name in pulls:
                await Pull(self.running.database, connector, SEAL).run()
            if name in sends:
                await DecisionRun(self.running.database, connector, SEAL, timeout=30, max_attempts=20).run()
        return name in {*asks, *pulls, *sends}

    async def decide(self) -> list[str]:
        """Let each side decide a permit of its own; return their numbers."""
        acts = ((self.running.oss, {"do": "approve"}), (self.running.app, {"do": "status", "kode": "TERBIT"}))
        decided = []
        for side, act in acts:
            # A side may have no open application left.
            with suppress(ValueError):
                decided.append(side.sandbox.act(act))
        return [each["id_izin"] for each in decided]


@pytest.fixture
async def hub(postgres_url: str, template_database: str, tmp_path: Path) -> AsyncIterator[Hub]:
    """Both registers are known to the hub."""
    async with licensing_hub(postgres_url, template_database, tmp_path, SIZE) as running:
        hub = Hub(running)
        running.oss.sandbox.act({"do": "notify_all"})
        await hub.passes(MINUTE)
        yield hub


@pytest.mark.parametrize("name", ["oss", "perizinan"])
async def test_after_an_hour_of_outage_both_registers_agree(
    hub: Hub, name: str, record_figure: Callable[[str], None]
) -> None:
    side = {"oss": hub.running.oss, "perizinan": hub.running.app}[name]
    decided: list[str] = []
    async with side.fault("down"):
        for minute in range(OUTAGE):
            if minute % EVERY == 0:
                decided += await hub.decide()
            await hub.passes(MINUTE)
        assert await hub.running.rows(BEHIND, keys=decided), "nothing waited for the system"
    passed = timedelta()
    while behind := await hub.running.rows(BEHIND, keys=decided):
        assert passed < MINUTE, behind
        passed += STEP
        await hub.passes(STEP)
    states = await hub.running.rows(STATES, keys=decided)
    assert sum(count for *_, count in states) == len(decided)
    record_figure(
        f"{name} was down for an hour, {len(decided)} decisions meanwhile: settled {passed.total_seconds():.0f} s after"
        f" its return: {states}"
    )
