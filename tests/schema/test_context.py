"""The reads of one operation use one connection and one snapshot, until it writes or a read fails."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from hub.auth.purposes import Purpose
from hub.schema.context import Context
from hub.schema.graph import schema
from hub.store.database import Cause, Database
from tests.schema.harness import OFFICER, Stage

COUNT = text("select count(*) from areas")
ONE_MORE = text("insert into areas select '99.99', type, name, name_en from areas limit 1")


@pytest.fixture
def context(stage: Stage) -> Context:
    """Return the context of an officer's operation."""
    return Context(stage.database, OFFICER, stage.cipher, stage.settings.secret, purpose=Purpose.HANDLING)


async def _count(context: Context) -> int:
    async with context.read() as db:
        return int(await db.scalar(COUNT) or 0)


async def test_reads_of_an_operation_see_one_moment(stage: Stage, context: Context) -> None:
    async with context:
        before = await _count(context)
        await stage.run(ONE_MORE.text)
        assert await _count(context) == before
        context.clear_cache()
        assert await _count(context) == before + 1


async def test_read_after_a_failed_read_is_answered(context: Context) -> None:
    async with context:
        with pytest.raises(DBAPIError):
            async with context.read() as db:
                await db.execute(text("select 1 / 0"))
        assert await _count(context) > 0


async def test_concurrent_reads_wait_for_each_other(context: Context) -> None:
    async with context:
        counts = await asyncio.gather(*(_count(context) for _ in range(5)))
    assert len(set(counts)) == 1


async def test_operations_that_record_reads_do_not_deadlock(stage: Stage) -> None:
    await stage.complaint("ASSIGNED")
    database = Database(stage.database.url, pool_size=1, snapshots=2)
    query = "{complaints {nodes {reporter {name} agency {name}}} systems {name}}"

    async def run() -> None:
        shared = stage.cipher, stage.settings.secret
        async with Context(database, OFFICER, *shared, purpose=Purpose.HANDLING, request_id="test") as context:
            result = await schema().execute(query, context_value=context)
        assert result.errors is None

    async with asyncio.timeout(20):
        await asyncio.gather(*(run() for _ in range(6)))
    async with database.write(Cause("test", "test", "test")) as db:
        assert int(await db.scalar(text("select count(*) from reads")) or 0) >= 6
    await database.close()
