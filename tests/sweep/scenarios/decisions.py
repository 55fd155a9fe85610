"""Decisions of one register are sent to the other one."""

from __future__ import annotations

from hub.connectors.base import Connector
from hub.testing.registers import regular
from hub.testing.running import running_sandbox
from tests.opposite_register import Decided, decide, followed, prepare
from tests.schema.harness import Stage
from tests.sweep import expectations
from tests.sweep.attempt import Attempt
from tests.sweep.scenarios.scenario import CALLS, COMMITS, Scenario
from tests.sweep.setup import SIZE, SweepSetup

COUNT = 2
OPEN = "select count(*) from decisions where state <> 'DONE'"
FAULTS = (("down", 8), ("accept_then_hang", 1))
"""The system hangs up at first, more often than one attempt calls it, and then loses an answer."""
NO_PULLS = "update systems set next_pull_at = now() + interval '20 hours'"


class Decisions(Scenario):
    """``hub worker``, while the system that has to follow is down at first and then loses an answer."""

    edges = CALLS | COMMITS

    def __init__(self, connector: type[Connector]) -> None:
        self.name, self.system = f"decisions {connector.name}", connector.name
        self._decided = Decided(())

    async def prepare(self, setup: SweepSetup, stage: Stage) -> None:
        """Let the hub know some records of the system, and a decision of the other side about each."""
        (connector,) = filter(self.speaks_to, setup.connectors)
        async with running_sandbox(connector, setup.keys, size=SIZE) as running:
            await prepare(stage.database.url, running)
            self._decided = await decide(stage.database, running, setup.cipher, COUNT)
        await stage.run(NO_PULLS)

    def speaks_to(self, connector: type[Connector]) -> bool:
        """Return whether it is the system of this scenario."""
        return connector.name == self.system

    async def run(self, attempt: Attempt) -> None:
        """Run until every decision has arrived."""
        running = attempt.sandboxes[self.system]
        for name, times in FAULTS:
            running.sandbox.fault.set(name, times)
        with regular(running):
            async with attempt.command("worker", HUB_CONNECTORS=self.system):
                await attempt.until(OPEN, 0)

    async def check(self, attempt: Attempt) -> None:
        """Check that the system has each decision once, and that both sides agree."""
        await followed(attempt.database, attempt.sandboxes[self.system], self._decided)
        await expectations.history_holds(attempt)
