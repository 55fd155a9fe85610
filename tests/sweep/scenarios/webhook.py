"""Systems call the hub and repeat calls that are not acknowledged."""

from __future__ import annotations

import asyncio

from sqlalchemy import text

from hub.connectors.base import Connector
from hub.contract import Coverage
from hub.store.database import Cause
from hub.testing.running import Running
from tests.sweep import expectations
from tests.sweep.attempt import Attempt
from tests.sweep.scenarios.scenario import ANSWERS, COMMITS, Scenario
from tests.sweep.setup import listed_items
from tests.waits import hanging

NOTICES = 6
PAUSE = 8
"""Seconds until a system repeats its calls."""
STORED = "select external_id from records where system = :system"
NO_PULLS = "update systems set next_pull_at = now() + interval '12 hours'"
"""Disables pulls, so that records come only from calls. A time that is further away counts as an error: it is due."""


class Hook(Scenario):
    """``hub serve`` receives notifications, and ``hub worker`` inquires about those without proof.

    A call with a success response is not repeated.
    """

    name = "hook"
    edges = COMMITS | ANSWERS

    def speaks_to(self, connector: type[Connector]) -> bool:
        """Return whether the system calls and has a listing; OSS gives up a call without a timely response."""
        return bool(connector.webhooks) and connector.covers(connector.Settings()) is Coverage.FULL

    async def run(self, attempt: Attempt) -> None:
        """Send a few notifications of each system, and repeat those whose records are not stored."""
        async with attempt.serving() as client:
            await client.send("", "GET", "/healthz")
            await self._notify_all(attempt)

    async def _notify_all(self, attempt: Attempt) -> None:
        async with attempt.database.write(Cause("test", "test", "no pulls")) as db:
            await db.execute(text(NO_PULLS))
        async with attempt.command("worker", HUB_CONNECTORS=",".join(attempt.sandboxes)):
            for name, running in attempt.sandboxes.items():
                rows = expectations.parsed_batch(attempt, running.connector, attempt.setup.items[name]).rows
                await self._notify(attempt, running, [external_id for _, external_id in rows][:NOTICES])

    async def _notify(self, attempt: Attempt, running: Running, references: list[str]) -> None:
        left = references
        async with hanging():
            while left:
                for reference in left:
                    running.sandbox.act({"do": "notify", "reference": reference})
                for _ in range(PAUSE * 20):
                    stored = {name for (name,) in await attempt.rows(STORED, system=running.connector.name)}
                    left = [reference for reference in references if reference not in stored]
                    if not left:
                        break
                    await asyncio.sleep(0.05)

    async def check(self, attempt: Attempt) -> None:
        """Check after a pull that the hub has what the systems list."""
        for running in attempt.sandboxes.values():
            await expectations.pulled(attempt, running)
            await expectations.records_agree(attempt, running.connector, await listed_items(running))
        await expectations.history_holds(attempt)
