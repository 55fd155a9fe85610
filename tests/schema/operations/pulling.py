"""Pulls the fake system as a worker does."""

from __future__ import annotations

from hub.http_client import Http
from hub.sync.pull import Pull
from tests.fake_connector import Fake, FakeSettings, World
from tests.schema.harness import Stage


async def full_of_next_pull(stage: Stage) -> bool:
    """Pull once, and return whether it was a full run."""
    async with Http("http://127.0.0.1:9") as http:
        world = World([[]])
        assert (await Pull(stage.database, Fake(FakeSettings(), http, world), stage.cipher).run()).outcome == "DONE"
    return world.runs[-1].full
