"""A system is pulled, moves on, and is pulled again."""

from __future__ import annotations

from hub.connectors.base import Connector
from tests.sweep import truth
from tests.sweep.attempt import Attempt
from tests.sweep.ground import listed
from tests.sweep.lives.life import CALLS, COMMITS, Life

STEPS = 5


class Pull(Life):
    """``hub sync`` of one system, in full and from its cursor."""

    edges = CALLS | COMMITS

    def __init__(self, connector: type[Connector]) -> None:
        self.name, self.system = f"pull {connector.name}", connector.name

    def speaks_to(self, connector: type[Connector]) -> bool:
        """The one system."""
        return connector.name == self.system

    async def live(self, attempt: Attempt) -> None:
        """Twice, as the second pull goes on from the cursor of the first."""
        await attempt.done("sync", self.system)
        for _ in range(STEPS):
            attempt.sandboxes[self.system].sandbox.tick()
        await attempt.done("sync", self.system)

    async def check(self, attempt: Attempt) -> None:
        """The hub holds what the system lists, and its files; what asked to become a complaint is one."""
        running = attempt.sandboxes[self.system]
        items = await listed(running)
        await truth.records_agree(attempt, running.connector, items)
        await truth.taken_in_once(attempt, running, items)
        await truth.files_are_here(attempt, running, items)
        await truth.history_holds(attempt)
