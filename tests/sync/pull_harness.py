"""Pulls of the fake system, and tools to move the times that the store has of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from hub.contract import Raw
from hub.http_client import Http
from hub.store import system_issues, systems
from hub.store.database import Cause, Database
from hub.store.encryption import FieldCipher
from hub.sync.ingest import Ingest
from hub.sync.pull import Pull, PullResult
from hub.sync.removal_detection import RemovalRules
from hub.testing.databases import Templates
from tests.conftest import on, temporary_database
from tests.fake_connector import Fake, FakeSettings, World

SEAL = FieldCipher([b"k" * 32], b"s" * 32)
CAUSE = Cause("test", "test", "test")
_TIMES = {
    "systems": (
        *("next_pull_at", "synced_at", "full_at", "full_started_at", "absent_at", "broken_since", "last_stop_at"),
        *("listed_at", "listed_from"),
    ),
    "records": ("seen_at", "direct_at", "asked_at", "missed_at"),
    "sightings": ("run",),
}


class Pulling:
    """A database with the fake system, which a test pulls."""

    def __init__(self, database: Database, connector: type[Fake] = Fake) -> None:
        self.database, self.connector = database, connector

    async def pull(
        self,
        world: World,
        *,
        full: bool = False,
        confirmed: bool = False,
        rules: RemovalRules = RemovalRules(),
        ahead: timedelta | None = None,
    ) -> PullResult:
        """Pull once; the responses of the system show a clock that is ``ahead``."""
        async with Http("http://127.0.0.1:9") as http:
            http.clock.offset = ahead
            pull = Pull(self.database, self.connector(FakeSettings(), http, world), SEAL, rules)
            return await pull.run(full=full, confirmed=confirmed)

    async def push(self, *items: Raw) -> None:
        """Store ``items`` as if the system pushed them."""
        await self.store(datetime.now(UTC), *items)

    async def store(self, seen_at: datetime, *items: Raw) -> None:
        """Store ``items`` as if they had arrived at ``seen_at``."""
        async with Http("http://127.0.0.1:9") as http, self.database.write(CAUSE) as db:
            await Ingest(self.connector(FakeSettings(), http, World()), SEAL).store(db, items, seen_at)

    async def wait(self, passing: timedelta) -> None:
        """Move all stored times back, so that time passes."""
        for table, columns in _TIMES.items():
            moved = ", ".join(f"{column} = {column} - cast(:passing as interval)" for column in columns)
            await self.run(f"update {table} set {moved}", passing=passing)

    async def run(self, statement: str, **values: Any) -> None:
        """Execute a statement."""
        async with self.database.write(CAUSE) as db:
            await db.execute(text(statement), values)

    async def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        async with self.database.read() as db:
            return [tuple(row) for row in await db.execute(text(statement))]

    async def stored(self) -> set[str]:
        """Return the ids of the records that are not gone."""
        return {each for (each,) in await self.rows("select external_id from records where gone_at is null")}

    async def issues(self) -> list[str]:
        """Return the codes of the open issues."""
        async with self.database.read() as db:
            return [issue.code for issue in await system_issues.entries(db)]

    async def state(self) -> systems.SystemState:
        """Return the state of the system."""
        async with self.database.read() as db:
            (found,) = await systems.overview(db)
            return found

    async def due(self) -> bool:
        """Return whether a pull is due."""
        async with self.database.read() as db:
            return await systems.due(db) == ["fake"]

    async def next_pull(self) -> float:
        """Return the seconds until the next pull is due."""
        ((seconds,),) = await self.rows("select extract(epoch from next_pull_at - now())::float from systems")
        return float(seconds)


@pytest.fixture
async def pulling(postgres_url: str, templates: Templates) -> AsyncIterator[Pulling]:
    """The fake system in a database of its own."""
    template = await templates.name((Fake.declaration(FakeSettings()),))
    async with temporary_database(postgres_url, template) as name:
        database = Database(on(postgres_url, name))
        yield Pulling(database)
        await database.close()
