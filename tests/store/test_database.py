"""The settings of connections, and the end of transactions."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta, timezone

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from hub.store.database import DURABLE, UNAVAILABLE, Cause, Database, driver_connection, execute, record_statements
from tests.waits import hanging


async def test_a_connection_without_a_peer_is_dropped_within_a_minute(empty_database_url: str) -> None:
    # Over a local socket the server accepts the values without using them: it shows the configured ones.
    query = "select name, reset_val::int as reset_val from pg_settings where name like 'tcp_keepalives%'"
    database = Database(empty_database_url)
    async with database.read() as db:
        found = {row.name: row.reset_val for row in await db.execute(text(query))}
    await database.close()
    idle, every, times = (found[f"tcp_keepalives_{name}"] for name in ("idle", "interval", "count"))
    assert 0 < idle + every * times <= 60


@pytest.mark.parametrize(("server", "hub"), [("off", "on"), ("on", "on"), ("remote_apply", "remote_apply")])
async def test_commits_wait_for_the_disk_on_an_asynchronous_server(
    empty_database_url: str, server: str, hub: str
) -> None:
    await _run(empty_database_url, "create table written (as_seen text)")
    async with await psycopg.AsyncConnection.connect(empty_database_url, autocommit=True) as connection:
        name = sql.Identifier(connection.info.dbname)
        await connection.execute(sql.SQL("alter database {} set synchronous_commit = {}").format(name, server))
    database = Database(empty_database_url)
    seen = "select current_setting('synchronous_commit') from durable, jsonb_to_recordset(%(rows)s) as r(n int)"
    try:
        async with database.write(Cause("test", "test", "run-1")) as db:
            assert await db.scalar(text("show synchronous_commit")) == hub
        await database.grouped_writes.write(f"{DURABLE} insert into written {seen}", [{"n": 1}])
        async with database.read() as db:
            assert await db.scalar(text("select as_seen from written")) == hub
    finally:
        await database.close()


async def test_reads_of_a_snapshot_see_one_moment(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    await _run(empty_database_url, "create table seen (n int)")
    async with database.snapshot() as db:
        before = await db.scalar(text("select count(*) from seen"))
        await _run(empty_database_url, "insert into seen values (1)")
        assert await db.scalar(text("select count(*) from seen")) == before == 0
    async with database.snapshot() as db:
        assert await db.scalar(text("select count(*) from seen")) == 1
    await database.close()


async def test_snapshot_refuses_writes(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    with pytest.raises(DBAPIError, match="read-only transaction"):
        async with database.snapshot() as db:
            await db.execute(text("create table written (n int)"))
    await database.close()


async def test_lost_connections_cost_a_snapshot_nothing(empty_database_url: str) -> None:
    database = Database(empty_database_url, snapshots=3)
    async with database.snapshot() as one, database.snapshot() as two, database.snapshot() as three:
        pids = [await db.scalar(text("select pg_backend_pid()")) for db in (one, two, three)]
    for pid in pids:
        await _run(empty_database_url, f"select pg_terminate_backend({pid}, 5000)")
    for _ in pids:
        with record_statements() as statements:
            async with database.snapshot() as db:
                assert await db.scalar(text("select pg_backend_pid()")) not in pids
        assert len(statements) == 1
    await database.close()


async def test_disposed_pool_closes_connections_in_use_later(
    empty_database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    database = Database(empty_database_url, pool_size=1)
    async with database.read() as db, database.snapshot() as snapshot:
        connections = [await driver_connection(each) for each in (db, snapshot)]
        waiting = asyncio.create_task(_read(database))
        await asyncio.sleep(0)
        await database.close()
        assert await db.scalar(text("select 1")) == await snapshot.scalar(text("select 1")) == 1
    assert [each.closed for each in connections] == [True, True]
    assert await waiting == 1
    await database.close()
    # The output of a command is not for the log of a pool.
    assert caplog.messages == []


async def _read(database: Database) -> int:
    async with database.read() as db:
        one: int = await db.scalar(text("select 1"))
        return one


async def test_statements_stay_prepared_from_one_snapshot_to_the_next(empty_database_url: str) -> None:
    database = Database(empty_database_url, snapshots=1)
    for before in (0, 1, 1):
        async with database.snapshot() as db:
            prepared = await db.scalar(text("select count(*) from pg_prepared_statements where statement = 'select 7'"))
            assert prepared == before
            await execute(db, "select 7", {})
    await database.close()


async def test_a_snapshot_may_lose_its_connection_at_its_end(empty_database_url: str) -> None:
    database = Database(empty_database_url, snapshots=1)
    async with database.snapshot() as db:
        pid = await db.scalar(text("select pg_backend_pid()"))
        await _run(empty_database_url, f"select pg_terminate_backend({pid}, 5000)")
    async with database.snapshot() as db:
        assert await db.scalar(text("select pg_backend_pid()")) != pid
    await database.close()


async def _run(url: str, statement: str) -> None:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute(statement.encode())


async def test_task_cancelled_twice_in_a_transaction_ends_cancelled(empty_database_url: str) -> None:
    database = Database(empty_database_url)

    async def sleep() -> None:
        async with database.write(Cause("test", "test", "run-1")) as db:
            await execute(db, "select pg_sleep(60)", {})

    task = asyncio.create_task(sleep())
    await _sleeping(empty_database_url)
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with database.read() as db:
        assert await db.scalar(text("select 1")) == 1
    await database.close()


async def _sleeping(url: str) -> None:
    """Wait until a statement waits in ``pg_sleep``."""
    sleeps = "select count(*) from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'"
    async with hanging(), await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        while not (await (await connection.execute(sleeps)).fetchone() or (0,))[0]:
            await asyncio.sleep(0.02)


async def test_server_that_became_read_only_counts_as_unavailable(empty_database_url: str) -> None:
    database = Database(empty_database_url, pool_size=1)
    name = psycopg.conninfo.conninfo_to_dict(empty_database_url)["dbname"]
    await _run(empty_database_url, f'alter database "{name}" set default_transaction_read_only = on')
    with pytest.raises(UNAVAILABLE):
        async with database.write(Cause("test", "test", "run-1")) as db:
            await execute(db, "create table written (n int)", {})
    writable = psycopg.conninfo.make_conninfo(empty_database_url, options="-c default_transaction_read_only=off")
    await _run(writable, f'alter database "{name}" reset all')
    async with database.write(Cause("test", "test", "run-1")) as db:
        await execute(db, "create table written (n int)", {})
    await database.close()


@pytest.mark.parametrize("time", ["9999-12-31 23:59:59+00", "infinity", "0001-01-01 00:00:00+00", "-infinity"])
async def test_times_at_the_ends_exist_in_every_time_zone(empty_database_url: str, time: str) -> None:
    database = Database(empty_database_url)
    async with database.read() as db:
        (row,) = await execute(db, "select cast(%(time)s as timestamptz) as at", {"time": time})
    await database.close()
    assert row["at"].astimezone(timezone(timedelta(hours=14))).astimezone(timezone(-timedelta(hours=12))) == row["at"]
