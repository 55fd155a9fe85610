"""Two concurrent writers of one system take their locks in one order, whatever they write first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.contract import Raw
from hub.http_client import Http
from hub.store import migrate
from hub.store.database import Cause, Database
from hub.store.encryption import FieldCipher
from hub.store.ingest import quarantine, records
from hub.sync.ingest import Ingest
from tests.fake_connector import Fake, FakeSettings, World, payment
from tests.waits import blocked

CAUSE = Cause("test", "test", "run-1")
NOW = datetime.now(UTC)
BROKEN = payment("P1", broken=True)


class Other(Fake):
    """A second system."""

    name = "other"


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    await migrate.migrate(database_url, [Fake.declaration(FakeSettings()), Other.declaration(FakeSettings())])
    database = Database(database_url, pool_size=3)
    yield database
    await database.close()


@asynccontextmanager
async def ingesting(database: Database) -> AsyncIterator[tuple[Ingest, AsyncConnection]]:
    """Ingest in a transaction."""
    async with Http("http://127.0.0.1:9") as http, database.write(CAUSE) as db:
        yield Ingest(Fake(FakeSettings(), http, World()), FieldCipher([b"k" * 32], b"s" * 32)), db


async def store(database: Database, *items: Raw, settle: bool = True) -> None:
    async with ingesting(database) as (ingest, db):
        await ingest.store(db, items, NOW, settle=settle)


async def beside(database: Database, other: Callable[[], Awaitable[Any]], *items: Raw) -> Any:
    """Run ``other`` while a batch of ``items`` is being stored; return its result."""
    async with ingesting(database) as (ingest, db):
        await records.lock_system(db, "fake")
        task = asyncio.ensure_future(other())
        await blocked(database)
        await ingest.store(db, items, NOW)
    return await task


async def test_an_item_can_arrive_while_it_is_replayed(database: Database) -> None:
    await store(database, BROKEN)
    async with database.read() as db:
        (entry,) = await quarantine.entries(db)

    async def replay() -> tuple[int, int]:
        async with ingesting(database) as (ingest, db):
            return await ingest.replay(db, [entry.id])

    assert await beside(database, replay, BROKEN) == (1, 1)


async def test_a_run_can_end_while_a_newer_version_is_written(database: Database) -> None:
    await store(database, payment("P1", amount="1"))
    await store(database, payment("P1", amount="2"), settle=False)

    async def settle() -> None:
        async with ingesting(database) as (ingest, db):
            await ingest.finish_run(db, NOW)

    await beside(database, settle, payment("P1", amount="3", version=2))
    async with database.read() as db:
        result = await db.execute(text("select amount, (select count(*) from pending_items) from records"))
        assert [tuple(row) for row in result] == [(3, 0)]


async def test_only_the_systems_entries_are_replayed_in_arrival_order(database: Database) -> None:
    mended = [{**BROKEN, "amount": str(number)} for number in (3, 1, 2)]
    async with database.write(CAUSE) as db:
        for number, item in enumerate(mended):
            fault = quarantine.RejectedItem({**item, "broken": False}, "broken: it said so")
            await quarantine.add(db, "fake", [fault], NOW.replace(microsecond=number))
        await quarantine.add(db, "other", [quarantine.RejectedItem(BROKEN, "broken: it says so")], NOW)
    async with database.read() as db:
        ids = [entry.id for entry in await quarantine.entries(db)]
        assert {entry.system for entry in await quarantine.entries(db)} == {"fake", "other"}
    async with ingesting(database) as (ingest, db):
        assert await ingest.replay(db, ids) == (3, 0)
    async with database.read() as db:
        assert {entry.system for entry in await quarantine.entries(db)} == {"other"}
        assert list(await db.scalars(text("select amount from records"))) == [2]


async def test_a_replay_does_not_make_a_record_look_unseen(database: Database) -> None:
    old = NOW - timedelta(days=5)
    async with database.write(CAUSE) as db:
        await quarantine.add(db, "fake", [quarantine.RejectedItem(payment("P1"), "broken: it said so")], old)
    await store(database, payment("P1", version=2))
    async with database.read() as db:
        (entry,) = await quarantine.entries(db)
    async with ingesting(database) as (ingest, db):
        assert await ingest.replay(db, [entry.id]) == (1, 0)
    async with database.read() as db:
        assert await db.scalar(text("select seen_at from records")) == NOW
