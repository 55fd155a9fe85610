"""A reader that checks the feed against the history."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from hub.store.database import Database
from hub.store.feed import pages
from hub.store.feed.changes import Change
from hub.store.feed.cursors import decode
from hub.store.feed.pages import FeedRequest
from hub.viewer import WORKER
from tests.schema.harness import Stage

HISTORY = "select system, kind, subject, id, before, after from changes order by id"


@dataclass
class Reader:
    """Follows the feed page by page."""

    database: Database
    dice: random.Random = field(default_factory=lambda: random.Random(1))
    read: list[Change] = field(default_factory=list)
    cursor: str | None = None

    async def page(self, first: int | None = None) -> bool:
        """Read one page of random size and return whether more follow; sometimes resume from the middle of the page."""
        after = decode(self.cursor) if self.cursor else None
        async with self.database.read() as db:
            page = await pages.read_page(db, WORKER, FeedRequest(first or self.dice.randint(1, 100), after))
        kept = self.dice.randint(1, len(page.changes)) if page.changes and self.dice.random() < 0.2 else None
        self.read += page.changes[:kept]
        self.cursor = page.cursors[kept - 1] if kept else page.end
        return page.more or kept is not None

    async def rest(self) -> None:
        """Read to the end."""
        while await self.page():
            pass

    async def check(self, stage: Stage) -> None:
        """Check that the feed has each committed change once, without gaps, and those of one subject in order."""
        positions: dict[str, list[int]] = defaultdict(list)
        lives: dict[tuple[str, str, str], list[Change]] = defaultdict(list)
        for change in self.read:
            positions[change.system].append(change.position)
            lives[change.system, change.kind, change.subject].append(change)
        for numbers in positions.values():
            assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        history: dict[Any, int] = defaultdict(int)
        for system, kind, subject, *_ in await stage.rows(HISTORY):
            history[system, kind, subject] += 1
        assert {subject: len(life) for subject, life in lives.items()} == history
        for life in lives.values():
            in_order(life)


def in_order(life: list[Change]) -> None:
    """Check that each change begins with the values that the one before it left."""
    facts: dict[str, Any] = {}
    for change in life:
        assert {name: facts.get(name) for name in change.before or {}} == (change.before or {})
        facts |= change.after or {}
