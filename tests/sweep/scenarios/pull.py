"""A system is pulled, changes, and is pulled again."""

from __future__ import annotations

from hub.connectors.base import Connector
from hub.testing.running import Running
from tests.sweep import expectations
from tests.sweep.attempt import DAY, HOUR, Attempt
from tests.sweep.scenarios.scenario import CALLS, COMMITS, Scenario
from tests.sweep.setup import listed_items

STEPS = 5
FULL = "select now() - full_at < interval '12 hours' from systems where name = :system"


class Pull(Scenario):
    """``hub sync`` of one system, in full and from its cursor."""

    edges = CALLS | COMMITS

    def __init__(self, connector: type[Connector]) -> None:
        self.name, self.system = f"pull {connector.name}", connector.name

    def speaks_to(self, connector: type[Connector]) -> bool:
        """Return whether it is the system of this scenario."""
        return connector.name == self.system

    async def run(self, attempt: Attempt) -> None:
        """Pull fully, from the cursor after the system's clock was set back, and fully again."""
        running = attempt.sandboxes[self.system]
        await self._sync(attempt, running)
        async with running.fault("clock", value=-HOUR.total_seconds()):
            self._move_on(running)
            await self._sync(attempt, running)
            await expectations.records_agree(attempt, running.connector, await listed_items(running))
        self._move_on(running)
        await attempt.passes(DAY)
        await self._sync(attempt, running)

    async def _sync(self, attempt: Attempt, running: Running) -> None:
        """Pull what the system lists now; a report that requires an answer may be answered before the next pull."""
        attempt.asking |= await expectations.asking(attempt, running)
        await attempt.done("sync", self.system)

    def _move_on(self, running: Running) -> None:
        for _ in range(STEPS):
            running.sandbox.tick()

    async def check(self, attempt: Attempt) -> None:
        """Check that the hub has what the system lists, with its files and the complaints that reports became."""
        running = attempt.sandboxes[self.system]
        assert await attempt.rows(FULL, system=self.system) == [(True,)], "a day has passed: it was pulled in full"
        items = await listed_items(running)
        await expectations.records_agree(attempt, running.connector, items)
        await expectations.taken_in_once(attempt, running, attempt.asking)
        await expectations.files_are_here(attempt, running, items)
        await expectations.history_holds(attempt)
