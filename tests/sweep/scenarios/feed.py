"""Changes get their positions, and a reader follows them over HTTP."""

from __future__ import annotations

from typing import Any

from hub.complaints.workflow import Action
from tests.schema.harness import Stage
from tests.sweep import expectations
from tests.sweep.attempt import Attempt
from tests.sweep.client import Client
from tests.sweep.scenarios.scenario import ANSWERS, COMMITS, Scenario
from tests.sweep.setup import SweepSetup

COMPLAINTS = 60
CHANGES = """query($after: String) { changes(after: $after, first: 80) {
    edges { node { system position kind subject before after } } pageInfo { hasNextPage endCursor } } }"""
HISTORY = "select system, kind, subject, count(*) from changes group by system, kind, subject"


class Feed(Scenario):
    """``hub worker`` and ``hub serve``, either of which may be killed."""

    name = "feed"
    edges = COMMITS | ANSWERS

    async def prepare(self, setup: SweepSetup, stage: Stage) -> None:
        """Create changes for several batches and pages; no system is due, so that the worker does nothing else."""
        for ticket in await stage.complaints("VERIFIED", [{}] * COMPLAINTS):
            await stage.act(ticket, Action.ASSIGN)
        await stage.run("update systems set next_pull_at = now() + interval '10 years'")

    async def run(self, attempt: Attempt) -> None:
        """Follow the feed from before the first position to the end."""
        async with attempt.serving() as client, attempt.command("worker"):
            await self._follow(client)
            await attempt.until(expectations.LEFT, 0)
            await self._follow(client)

    async def _follow(self, client: Client) -> None:
        """Read from the end of the last page to the end of the feed."""
        more = True
        while more:
            pages = [data["changes"] for _, data in client.responses]
            after = pages[-1]["pageInfo"]["endCursor"] if pages else None
            more = (await client.graph("changes", CHANGES, after=after))["changes"]["pageInfo"]["hasNextPage"]

    async def check(self, attempt: Attempt) -> None:
        """Check that the reader got every change once, in order, without gaps."""
        nodes = [edge["node"] for _, data in attempt.responses for edge in data["changes"]["edges"]]
        positions: dict[str, list[int]] = {}
        lives: dict[Any, int] = {}
        for node in nodes:
            positions.setdefault(node["system"], []).append(node["position"])
            subject = node["system"], node["kind"], node["subject"]
            lives[subject] = lives.get(subject, 0) + 1
        assert all(of_system == list(range(1, len(of_system) + 1)) for of_system in positions.values())
        assert lives == {(system, kind, subject): count for system, kind, subject, count in await attempt.rows(HISTORY)}
        await expectations.history_holds(attempt)
