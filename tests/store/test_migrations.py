"""The migrations make the tables the code knows, on whatever database and however often they are run."""

from __future__ import annotations

import asyncio
from importlib.metadata import version
from pathlib import Path
from typing import Any

import procrastinate
import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from hub.store import migrate, tables_auth, tables_sync
from hub.store.database import driver_url
from hub.store.tables import metadata
from tests.fake import Fake, FakeSettings

APART = ("procrastinate_", "alembic_version", "records_")
"""Tables of the queue and of the migrations themselves, and partitions, which connectors bring."""
FAKE = [(Fake, FakeSettings())]
BY_TRANSACTION = {("changes", "transaction"), ("feed_heads", "horizon")}
"""Columns that hold PostgreSQL's own number of a transaction, of a type that SQLAlchemy does not know."""
MODULES = (tables_auth, tables_sync)
"""Modules that declare tables when they are imported."""


def ours(thing: Any, name: str, kind: str, *_: Any) -> bool:
    written_by = kind == "column" and (thing.table.name, name) in BY_TRANSACTION
    return kind != "index" and not written_by and not (kind == "table" and name.startswith(APART))


def differences(url: str) -> list[Any]:
    """Tables and columns that the code and the database do not agree on: names, types, nullability."""
    engine = create_engine(driver_url(url))
    try:
        with engine.connect() as connection:
            options = {"compare_type": True, "include_object": ours}
            found = compare_metadata(MigrationContext.configure(connection, opts=options), metadata)
    finally:
        engine.dispose()
    return [each for each in found if "constraint" not in str(each[0]) and "fk" not in str(each[0])]


@pytest.mark.filterwarnings("ignore:Did not recognize type 'xid8'")
async def test_the_tables_are_those_the_code_knows(database_url: str) -> None:
    await migrate.migrate(database_url, FAKE)
    assert await asyncio.to_thread(differences, database_url) == []


@pytest.mark.filterwarnings("ignore:Did not recognize type 'xid8'")
async def test_a_column_that_only_the_database_knows_is_found(database_url: str) -> None:
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        await connection.execute("alter table complaints add column mood text")
        await connection.execute("alter table complaints alter column title drop not null")
    found = await asyncio.to_thread(differences, database_url)
    assert len(found) == 2


async def snapshot(url: str) -> list[Any]:
    """All that migrations make: columns, indexes, triggers, functions, reference data, systems."""
    queries = (
        "select table_name, column_name, data_type from information_schema.columns where table_schema = 'public'",
        "select indexname, indexdef from pg_indexes where schemaname = 'public'",
        "select tgrelid::regclass::text, tgname from pg_trigger where not tgisinternal",
        "select proname, md5(prosrc) from pg_proc where pronamespace = 'public'::regnamespace",
        "select code, name, aliases::text, valid_from, valid_to, head_name from agencies",
        "select code, name, type from areas",
        "select name, title, every, enabled from systems",
        "select version_num from alembic_version",
    )
    async with await psycopg.AsyncConnection.connect(url) as connection:
        return [sorted(await (await connection.execute(query)).fetchall(), key=str) for query in queries]  # type: ignore[arg-type]


async def test_migrating_twice_changes_nothing(empty_database_url: str) -> None:
    await migrate.migrate(empty_database_url, FAKE)
    once = await snapshot(empty_database_url)
    await migrate.migrate(empty_database_url, FAKE)
    assert await snapshot(empty_database_url) == once


async def test_two_migrations_at_once_are_one(empty_database_url: str, database_url: str) -> None:
    await migrate.migrate(database_url, FAKE)
    await asyncio.gather(*(migrate.migrate(empty_database_url, FAKE) for _ in range(3)))
    assert await snapshot(empty_database_url) == await snapshot(database_url)


async def test_migrating_beside_a_pull_waits_for_its_page_and_takes_nothing_that_the_page_needs(
    database_url: str,
) -> None:
    await migrate.migrate(database_url, FAKE)
    waiting = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    async with (
        await psycopg.AsyncConnection.connect(database_url) as pull,
        await psycopg.AsyncConnection.connect(database_url, autocommit=True) as other,
    ):
        await pull.execute("lock table records_fake in row exclusive mode")
        again = asyncio.create_task(migrate.migrate(database_url, FAKE))
        async with asyncio.timeout(20):
            while (await (await other.execute(waiting)).fetchone()) == (0,):
                await asyncio.sleep(0.05)
        # A page ends with its cursor, in the row of its system.
        await pull.execute("update systems set trouble = 'none' where name = 'fake'")
        await pull.commit()
        await again
        assert await (await other.execute("select trouble from systems")).fetchall() == [("none",)]


async def test_what_an_office_entered_itself_outlives_a_migration(database_url: str) -> None:
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        await connection.execute("update agencies set head_name = 'Uji Kepala', name = 'Salah' where code = 'DISHUB'")
        await migrate.migrate(database_url)
        found = await connection.execute("select head_name, name from agencies where code = 'DISHUB'")
        assert await found.fetchone() == ("Uji Kepala", "Dinas Perhubungan")


async def test_a_system_that_is_not_enabled_any_more_keeps_its_records(database_url: str) -> None:
    class Other(Fake):
        name = "other"

    await migrate.migrate(database_url, FAKE)
    await migrate.migrate(database_url, [(Other, FakeSettings())])
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        found = await connection.execute("select name, enabled from systems order by name")
        assert await found.fetchall() == [("fake", False), ("other", True)]
        await connection.execute("select * from records_fake")


async def test_the_state_tells_the_version_a_database_is_at(empty_database_url: str) -> None:
    before, head = await migrate.state(empty_database_url)
    assert (before, head) == (None, sorted(versions())[-1])
    await migrate.migrate(empty_database_url)
    assert await migrate.state(empty_database_url) == (head, head)


def versions() -> list[str]:
    """The versions there are files for."""
    folder = Path(migrate.__file__).parent / "migrations" / "versions"
    return [path.stem[1:].split("_")[0] for path in folder.glob("v[0-9]*.py")]


QUEUE_SCHEMA = "3.10.0"
"""The release of the queue whose schema, or whose upgrades up to it, our versions have applied."""


def test_the_queue_is_of_the_release_whose_schema_was_applied() -> None:
    assert version("procrastinate") == QUEUE_SCHEMA, (
        "procrastinate was upgraded: add a version that runs its migrations since this release, then move QUEUE_SCHEMA"
    )


async def test_the_queue_has_the_schema_its_package_brings(database_url: str, empty_database_url: str) -> None:
    async with await psycopg.AsyncConnection.connect(empty_database_url, autocommit=True) as connection:
        await connection.execute(procrastinate.schema.SchemaManager.get_schema().encode())
    assert await queue(database_url) == await queue(empty_database_url)


async def queue(url: str) -> list[Any]:
    """The tables, columns, functions and triggers of the queue."""
    columns = "select table_name, column_name, data_type, is_nullable from information_schema.columns"
    queries = (
        f"{columns} where table_name like 'procrastinate%' order by 1, 2",
        "select proname, md5(prosrc) from pg_proc where proname like 'procrastinate%' order by 1, 2",
        "select tgname from pg_trigger where tgname like 'procrastinate%' order by 1",
        "select indexname, indexdef from pg_indexes where tablename like 'procrastinate%' order by 1",
    )
    async with await psycopg.AsyncConnection.connect(url) as connection:
        found = [await (await connection.execute(query)).fetchall() for query in queries]  # type: ignore[arg-type]
    assert all(found)
    return found


@pytest.mark.parametrize("statement", ["update changes set actor = 'x'", "delete from changes"])
async def test_the_history_refuses_to_be_rewritten_even_when_it_is_empty(database_url: str, statement: str) -> None:
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
            await connection.execute(statement.encode())
