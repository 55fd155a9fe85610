"""Systems call the hub by themselves, and call again what is not answered."""

from __future__ import annotations

import asyncio

from hub.connectors.base import Connector
from tests.connectors.running import Running
from tests.sweep import truth
from tests.sweep.attempt import Attempt
from tests.sweep.ground import listed
from tests.sweep.lives.life import ANSWERS, COMMITS, Life

NOTICES = 6
WITHIN, PAUSE = 100, 8
"""Seconds until all has to be there, and those until a system begins to tell anew."""
HELD = "select external_id from records where system = :system"


class Hook(Life):
    """``hub serve``, told of things one by one; what was answered with success is not told again."""

    name = "hook"
    edges = COMMITS | ANSWERS

    def speaks_to(self, connector: type[Connector]) -> bool:
        """Those that call."""
        return bool(connector.hooks)

    async def live(self, attempt: Attempt) -> None:
        """A few things of each system, told again later where the hub does not hold them."""
        async with attempt.serving() as client:
            await client.send("", "GET", "/healthz")
            for name, running in attempt.sandboxes.items():
                rows = truth.understood(attempt, running.connector, attempt.ground.items[name]).rows
                await self._tell(attempt, running, [external_id for _, external_id in rows][:NOTICES])

    async def _tell(self, attempt: Attempt, running: Running, references: list[str]) -> None:
        async with asyncio.timeout(WITHIN):
            left = references
            while left:
                for reference in left:
                    running.sandbox.act({"do": "notify", "reference": reference})
                for _ in range(PAUSE * 20):
                    held = {name for (name,) in await attempt.rows(HELD, system=running.connector.name)}
                    left = [reference for reference in references if reference not in held]
                    if not left:
                        break
                    await asyncio.sleep(0.05)

    async def check(self, attempt: Attempt) -> None:
        """Once the rest is pulled, the hub holds what the systems list."""
        for running in attempt.sandboxes.values():
            await truth.pulled(attempt, running)
            await truth.records_agree(attempt, running.connector, await listed(running))
        await truth.history_holds(attempt)
