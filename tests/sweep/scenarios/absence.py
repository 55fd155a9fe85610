"""A register that lists nothing is asked for a permit that only the other register has."""

from __future__ import annotations

from hub.connectors.base import Connector
from hub.testing.running import running_sandbox
from tests.opposite_register import prepare, store_missing
from tests.schema.harness import Stage
from tests.sweep import expectations
from tests.sweep.attempt import Attempt
from tests.sweep.scenarios.scenario import CALLS, COMMITS, Scenario
from tests.sweep.setup import SIZE, SweepSetup

NO_PULLS = "update systems set next_pull_at = now() + interval '20 hours'"
DUE = "select count(*) from inquiries where due_at < now() + interval '1 hour'"
FOUND = "select state, left_id is null, right_id is null from matters"
ASKED = "select trouble, attempts from inquiries"


class Absence(Scenario):
    """``hub worker`` asks until the system has answered; that it has no such permit is no failure."""

    edges = CALLS | COMMITS

    def __init__(self, connector: type[Connector]) -> None:
        self.name, self.system = f"absence {connector.name}", connector.name

    async def prepare(self, setup: SweepSetup, stage: Stage) -> None:
        """Let the hub learn of a permit from the other register."""
        (connector,) = filter(self.speaks_to, setup.connectors)
        async with running_sandbox(connector, setup.keys, size=SIZE) as running:
            await prepare(stage.database.url, running)
            await store_missing(stage.database, running, setup.cipher)
        await stage.run(NO_PULLS)

    def speaks_to(self, connector: type[Connector]) -> bool:
        """Return whether it is the system of this scenario."""
        return connector.name == self.system

    async def run(self, attempt: Attempt) -> None:
        """Run until the system was asked and is not to be asked soon again."""
        async with attempt.command("worker", HUB_CONNECTORS=self.system):
            await attempt.until(DUE, 0)

    async def check(self, attempt: Attempt) -> None:
        """Check that the hub knows that the permit is on one side only, and that nothing failed."""
        assert await attempt.rows(FOUND) == [("ONE_SIDED", True, False)]
        assert await attempt.rows(ASKED) == [(None, 1)]
        await expectations.history_holds(attempt)
