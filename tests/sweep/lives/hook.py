"""Systems call the hub by themselves, and call again what is not answered."""

from __future__ import annotations

from hub.connectors.base import Connector
from tests.sweep import truth
from tests.sweep.attempt import Attempt
from tests.sweep.ground import listed
from tests.sweep.lives.life import ANSWERS, COMMITS, Life

NOTICES = 6
HELD = "select count(*) from records where system = '{}'"


class Hook(Life):
    """``hub serve``, told of things one by one; what was answered with success is not told again."""

    name = "hook"
    edges = COMMITS | ANSWERS

    def speaks_to(self, connector: type[Connector]) -> bool:
        """Those that call."""
        return bool(connector.hooks)

    async def live(self, attempt: Attempt) -> None:
        """A few things of each system, until the hub holds them."""
        async with attempt.serving():
            for name, running in attempt.sandboxes.items():
                rows = truth.understood(attempt, running.connector, attempt.ground.items[name]).rows
                for _, external_id in [*rows][:NOTICES]:
                    running.sandbox.act({"do": "notify", "reference": external_id})
                await attempt.until(HELD.format(name), NOTICES)

    async def check(self, attempt: Attempt) -> None:
        """Once the rest is pulled, the hub holds what the systems list."""
        for running in attempt.sandboxes.values():
            await truth.pulled(attempt, running)
            await truth.records_agree(attempt, running.connector, await listed(running))
        await truth.history_holds(attempt)
