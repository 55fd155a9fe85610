"""Tests of Example beyond the contract; ``hub connectors check`` runs them too."""

from __future__ import annotations

from hub.connectors import registry
from hub.contract import Page
from hub.testing.running import Running, pages_of


class TestExample:
    """With the connector's sandbox; see ``hub.testing.fixtures``."""

    connector = registry.load("example")

    async def test_a_run_reads_only_what_changed_since_the_last_one(self, running: Running, pulled: list[Page]) -> None:
        """Start at the cursor, earlier by the overlap, and read what changed since."""
        running.sandbox.tick()
        async with running.connected() as connector:
            again = await pages_of(connector, pulled[-1].cursor)
        numbers = [item["number"] for page in again for item in page.items]
        assert "E0000" in numbers, "it was completed since"
        assert len(numbers) <= 2
