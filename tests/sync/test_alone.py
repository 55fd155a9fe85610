"""Two who write what one system tells wait for each other in one order, whatever each of them writes first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.connectors.base import Raw
from hub.connectors.http import Http
from hub.store import migrate
from hub.store.database import Cause, Database
from hub.store.ingest import quarantine, records
from hub.store.sealing import Seal
from hub.sync.ingest import Ingest
from tests.fake import Fake, FakeSettings, World, payment

CAUSE = Cause("test", "test", "run-1")
NOW = datetime.now(UTC)
BROKEN = payment("P1", broken=True)


class Other(Fake):
    """A second system."""

    name = "other"


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    await migrate.migrate(database_url, [(Fake, FakeSettings()), (Other, FakeSettings())])
    database = Database(database_url, pool_size=3)
    yield database
    await database.close()


@asynccontextmanager
async def taking(database: Database) -> AsyncIterator[tuple[Ingest, AsyncConnection]]:
    """The way in, in a transaction of its own."""
    async with Http("http://127.0.0.1:9") as http, database.write(CAUSE) as db:
        yield Ingest(Fake(FakeSettings(), http, World()), Seal([b"k" * 32], b"s" * 32)), db


async def tell(database: Database, *items: Raw, settle: bool = True) -> None:
    async with taking(database) as (ingest, db):
        await ingest.batch(db, items, NOW, settle=settle)


async def beside(database: Database, other: Callable[[], Awaitable[Any]], *items: Raw) -> Any:
    """``other``, which begins while a batch of ``items`` is being taken in; what came of it."""
    async with taking(database) as (ingest, db):
        await records.alone(db, "fake")
        doing = asyncio.ensure_future(other())
        await asyncio.sleep(0.3)
        await ingest.batch(db, items, NOW)
    return await doing


async def test_what_is_replayed_may_be_told_again_meanwhile(database: Database) -> None:
    await tell(database, BROKEN)
    async with database.read() as db:
        (entry,) = await quarantine.entries(db)

    async def replay() -> tuple[int, int]:
        async with taking(database) as (ingest, db):
            return await ingest.replay(db, [entry.id])

    assert await beside(database, replay, BROKEN) == (1, 1)


async def test_the_end_of_a_run_may_come_while_something_newer_is_told(database: Database) -> None:
    await tell(database, payment("P1", amount="1"))
    await tell(database, payment("P1", amount="2"), settle=False)

    async def settle() -> None:
        async with taking(database) as (ingest, db):
            await ingest.settle(db, NOW)

    await beside(database, settle, payment("P1", amount="3", version=2))
    async with database.read() as db:
        held = await db.execute(text("select amount, (select count(*) from pending_items) from records"))
        assert [tuple(row) for row in held] == [(3, 0)]


async def test_only_entries_of_the_system_are_replayed_and_in_the_order_they_came(database: Database) -> None:
    mended = [{**BROKEN, "amount": str(number)} for number in (3, 1, 2)]
    async with database.write(CAUSE) as db:
        for number, item in enumerate(mended):
            fault = quarantine.Fault({**item, "broken": False}, "broken: it said so")
            await quarantine.put(db, "fake", [fault], NOW.replace(microsecond=number))
        await quarantine.put(db, "other", [quarantine.Fault(BROKEN, "broken: it says so")], NOW)
    async with database.read() as db:
        ids = [entry.id for entry in await quarantine.entries(db)]
        assert await quarantine.systems_of(db, ids) == ["fake", "other"]
    async with taking(database) as (ingest, db):
        assert await ingest.replay(db, ids) == (3, 0)
    async with database.read() as db:
        assert await quarantine.systems_of(db, ids) == ["other"]
        assert list(await db.scalars(text("select amount from records"))) == [2]


async def test_what_is_replayed_does_not_make_a_record_seem_unseen_since(database: Database) -> None:
    old = NOW - timedelta(days=5)
    async with database.write(CAUSE) as db:
        await quarantine.put(db, "fake", [quarantine.Fault(payment("P1"), "broken: it said so")], old)
    await tell(database, payment("P1", version=2))
    async with database.read() as db:
        (entry,) = await quarantine.entries(db)
    async with taking(database) as (ingest, db):
        assert await ingest.replay(db, [entry.id]) == (1, 0)
    async with database.read() as db:
        assert await db.scalar(text("select seen_at from records")) == NOW
