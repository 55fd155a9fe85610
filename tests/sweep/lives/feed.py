"""Changes get their positions, and a reader follows them over HTTP."""

from __future__ import annotations

from typing import Any

from hub.complaints.workflow import Action
from tests.schema.stage import Stage
from tests.sweep import truth
from tests.sweep.attempt import Attempt
from tests.sweep.client import Client
from tests.sweep.ground import Ground
from tests.sweep.lives.life import ANSWERS, COMMITS, Life

COMPLAINTS = 60
CHANGES = """query($after: String) { changes(after: $after, first: 80) {
    edges { node { system position kind subject before after } } pageInfo { hasNextPage endCursor } } }"""
HISTORY = "select system, kind, subject, count(*) from changes group by system, kind, subject"


class Feed(Life):
    """``hub worker`` and ``hub serve``, either of which may die."""

    name = "feed"
    edges = COMMITS | ANSWERS

    async def prepare(self, ground: Ground, stage: Stage) -> None:
        """Changes enough for several rounds and pages; no system is due, so that the worker does nothing else."""
        for ticket in await stage.complaints("VERIFIED", [{}] * COMPLAINTS):
            await stage.act(ticket, Action.ASSIGN)
        await stage.run("update systems set next_pull_at = now() + interval '10 years'")

    async def live(self, attempt: Attempt) -> None:
        """The reader begins before there is anything to read, and ends when it has read everything."""
        async with attempt.serving() as client, attempt.command("worker"):
            await self._follow(client)
            await attempt.until(truth.LEFT, 0)
            await self._follow(client)

    async def _follow(self, client: Client) -> None:
        """From where the last page ended to the end."""
        more = True
        while more:
            told = [data["changes"] for _, data in client.told]
            after = told[-1]["pageInfo"]["endCursor"] if told else None
            more = (await client.graph("changes", CHANGES, after=after))["changes"]["pageInfo"]["hasNextPage"]

    async def check(self, attempt: Attempt) -> None:
        """The reader was told every change once, in order, without gaps."""
        nodes = [edge["node"] for _, data in attempt.told for edge in data["changes"]["edges"]]
        positions: dict[str, list[int]] = {}
        lives: dict[Any, int] = {}
        for node in nodes:
            positions.setdefault(node["system"], []).append(node["position"])
            subject = node["system"], node["kind"], node["subject"]
            lives[subject] = lives.get(subject, 0) + 1
        assert all(told == list(range(1, len(told) + 1)) for told in positions.values())
        assert lives == {(system, kind, subject): count for system, kind, subject, count in await attempt.rows(HISTORY)}
        await truth.history_holds(attempt)
