"""The migrations create the tables that the code declares, on any database and however often they run."""

from __future__ import annotations

import asyncio
from importlib.metadata import version
from pathlib import Path
from typing import Any, LiteralString

import procrastinate
import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from hub.store import migrate, schema_version
from hub.store.database import driver_url
from hub.store.schema_version import SchemaState
from hub.store.tables import agreement, metadata, oauth, operations, sync, totals, webhooks
from tests.fake_connector import Fake, FakeSettings
from tests.waits import blocked_at

MONTHLY = ("feed_2", "feed_default", "webhook_attempts_")
APART = ("procrastinate_", "alembic_version", "records_", *MONTHLY)
"""Tables of the queue and of the migrations themselves, and partitions by system and by month."""
FAKE = [Fake.declaration(FakeSettings())]
BY_TRANSACTION = {("changes", "transaction"), ("feed_heads", "horizon"), ("matters_due", "transaction")}
"""Columns with PostgreSQL's number of a transaction, a type that SQLAlchemy does not know."""
MODULES = (agreement, oauth, operations, sync, totals, webhooks)
"""Modules that declare tables at import."""


def ours(thing: Any, name: str, kind: str, *_: Any) -> bool:
    written_by = kind == "column" and (thing.table.name, name) in BY_TRANSACTION
    return kind != "index" and not written_by and not (kind == "table" and name.startswith(APART))


def differences(url: str) -> list[Any]:
    """Return the tables and columns in which code and database differ: names, types, nullability."""
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
    """Return everything that migrations create: columns, indexes, triggers, functions, reference data, systems."""
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
        return [sorted(await (await connection.execute(query)).fetchall(), key=str) for query in queries]


async def test_migrating_twice_changes_nothing(empty_database_url: str) -> None:
    await migrate.migrate(empty_database_url, FAKE)
    once = await snapshot(empty_database_url)
    await migrate.migrate(empty_database_url, FAKE)
    assert await snapshot(empty_database_url) == once


async def test_two_migrations_at_once_are_one(empty_database_url: str, database_url: str) -> None:
    await migrate.migrate(database_url, FAKE)
    await asyncio.gather(*(migrate.migrate(empty_database_url, FAKE) for _ in range(3)))
    assert await snapshot(empty_database_url) == await snapshot(database_url)


async def test_an_index_is_built_beside_a_pull_and_other_writers(database_url: str) -> None:
    """A build that was interrupted is repeated; it waits for the page of a pull, and blocks no other statement."""
    await migrate.migrate(database_url, FAKE)
    async with (
        await psycopg.AsyncConnection.connect(database_url) as pull,
        await psycopg.AsyncConnection.connect(database_url, autocommit=True) as other,
    ):
        await other.execute("update pg_index set indisvalid = false where indexrelid = 'records_fake_open'::regclass")
        await pull.execute("lock table records_fake in row exclusive mode")
        again = asyncio.create_task(migrate.migrate(database_url, FAKE))
        await blocked_at(database_url)
        async with other.transaction():
            await other.execute("set local lock_timeout = '2s'")
            await other.execute("lock table records_fake in row exclusive mode")
        # A page ends with its cursor, in the row of its system.
        await pull.execute("update systems set trouble = 'none' where name = 'fake'")
        await pull.commit()
        await again
        assert await (await other.execute("select trouble from systems")).fetchall() == [("none",)]
        found = await other.execute("select indisvalid from pg_index where indexrelid = 'records_fake_open'::regclass")
        assert await found.fetchone() == (True,)


async def test_what_an_office_entered_itself_outlives_a_migration(database_url: str) -> None:
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        await connection.execute("update agencies set head_name = 'Uji Kepala', name = 'Salah' where code = 'DISHUB'")
        await migrate.migrate(database_url)
        found = await connection.execute("select head_name, name from agencies where code = 'DISHUB'")
        assert await found.fetchone() == ("Uji Kepala", "Dinas Perhubungan")


async def test_a_disabled_system_keeps_its_records(database_url: str) -> None:
    class Other(Fake):
        name = "other"

    await migrate.migrate(database_url, FAKE)
    await migrate.migrate(database_url, [Other.declaration(FakeSettings())])
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        found = await connection.execute("select name, enabled from systems order by name")
        assert await found.fetchall() == [("fake", False), ("other", True)]
        await connection.execute("select * from records_fake")


async def test_the_state_names_the_databases_version(empty_database_url: str) -> None:
    newest = sorted(versions())[-1]
    assert await schema_version.state(empty_database_url) == SchemaState(None, newest, usable=False)
    await migrate.migrate(empty_database_url)
    assert await schema_version.state(empty_database_url) == SchemaState(newest, newest, usable=True)


def versions() -> list[str]:
    """Return the versions that have files."""
    folder = Path(migrate.__file__).parent / "migrations" / "versions"
    return [path.stem[1:].split("_")[0] for path in folder.glob("v[0-9]*.py")]


QUEUE_SCHEMA = "3.10.0"
"""The release of the queue whose schema, or whose upgrades up to it, the migrations contain."""


def test_the_queue_is_of_the_release_whose_schema_was_applied() -> None:
    assert version("procrastinate") == QUEUE_SCHEMA, (
        "procrastinate was upgraded: add a version that runs its migrations since this release, then move QUEUE_SCHEMA"
    )


async def test_the_queue_has_the_schema_its_package_brings(database_url: str, empty_database_url: str) -> None:
    async with await psycopg.AsyncConnection.connect(empty_database_url, autocommit=True) as connection:
        await connection.execute(procrastinate.schema.SchemaManager.get_schema().encode())
    assert await queue(database_url) == await queue(empty_database_url)


async def queue(url: str) -> list[Any]:
    """Return the tables, columns, functions and triggers of the queue."""
    columns = "select table_name, column_name, data_type, is_nullable from information_schema.columns"
    queries = (
        f"{columns} where table_name like 'procrastinate%' order by 1, 2",
        "select proname, md5(prosrc) from pg_proc where proname like 'procrastinate%' order by 1, 2",
        "select tgname from pg_trigger where tgname like 'procrastinate%' order by 1",
        "select indexname, indexdef from pg_indexes where tablename like 'procrastinate%' order by 1",
    )
    async with await psycopg.AsyncConnection.connect(url) as connection:
        found = [await (await connection.execute(query)).fetchall() for query in queries]
    assert all(found)
    return found


@pytest.mark.parametrize("statement", ["update changes set actor = 'x'", "delete from changes"])
async def test_an_empty_history_cannot_be_rewritten_either(database_url: str, statement: str) -> None:
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
            await connection.execute(statement.encode())


OLD_VALUES = """
insert into systems (name, title, owner, tells_changes, every, shared) values ('fake', 'F', 'F', true, 60,
    '[{"field": "status", "authority": "LATEST"}, {"field": "agency", "authority": "BOTH"},
      {"field": "area", "authority": "SYSTEM"}, {"field": "class", "authority": "HUB"}]'),
    ('other', 'O', 'O', true, 60, '[]');
insert into system_issues (system, code, detail)
select 'fake', code, '' from unnest('{CLOCK,FUTURE_TIMES,CONTRACT_BROKEN,MANY_ABSENT}'::text[]) code;
select set_config('hub.' || name, 'test', false) from unnest('{cause,actor,correlation}'::text[]) name;
insert into areas (code, name, name_en, type) values ('33.74', 'Kota Semarang', 'Semarang City', 'CITY');
insert into complaints (ticket, channel, class, category, title, text, area_code, status, received_at, updated_at,
    submitted_by)
values ('LG-2026-000001', 'WEB', 'COMPLAINT', 'OTHER', 'T', 'T', '33.74', 'RECEIVED', now(), now(), 'test');
insert into complaint_steps (complaint_id, action, status, role, actor, at)
select id, action, 'RECEIVED', 'DESK', 'test', now() from complaints, unnest('{SUBMIT,ADOPT,KEEP}'::text[]) action;
insert into deliveries (system, complaint_id, ticket, sequence, action, key, state, actor, correlation)
select 'fake', id, ticket, n, 'CREATE', ticket || '/' || n, state, 'test', 'test'
from complaints, unnest('{HELD,UNKNOWN,WAITING}'::text[]) with ordinality each(state, n);
insert into delivery_attempts (delivery_id, outcome, actor)
select d.id, outcome, 'worker' from deliveries d, unnest('{UNCLEAR,UNFIT,UNKNOWN}'::text[]) outcome where sequence = 1;
insert into audit_events (action, actor, request_id, details) values
    ('conflicts:resolve', 'u', 'r', '{"keep": "OURS", "field": "AGENCY"}'),
    ('conflicts:resolve', 'u', 'r', '{"keep": "THEIRS"}'), ('users:create', 'u', 'r', '{"keep": "OURS"}');
"""
NEW_VALUES = {
    "select each ->> 'authority' from systems, jsonb_array_elements(shared) with ordinality as x(each, n) order by n": [
        *("LATEST", "MANUAL", "REMOTE", "LOCAL"),
    ],
    "select shared::text from systems where name = 'other'": ["[]"],
    "select code from system_issues order by code": [
        *("CLOCK_SKEW", "CONTRACT_VIOLATION", "FUTURE_TIMESTAMPS", "MANY_MISSING"),
    ],
    "select action from complaint_steps order by id": ["SUBMIT", "ACCEPT_REMOTE", "KEEP_LOCAL"],
    "select state from deliveries order by sequence": ["BLOCKED", "OUTCOME_UNKNOWN", "WAITING"],
    "select outcome from delivery_attempts order by id": ["NO_RESPONSE", "NOT_SENDABLE", "UNKNOWN"],
    "select coalesce(details ->> 'resolution', details ->> 'keep') from audit_events order by id": [
        *("KEEP_LOCAL", "ACCEPT_REMOTE", "OURS"),
    ],
}


async def test_stored_values_of_enums_get_their_new_names(empty_database_url: str) -> None:
    await asyncio.to_thread(upgrade, empty_database_url, "0028")
    async with await psycopg.AsyncConnection.connect(empty_database_url, autocommit=True) as connection:
        await connection.execute(OLD_VALUES)
        await asyncio.to_thread(upgrade, empty_database_url, "0029")
        for query, expected in NEW_VALUES.items():
            assert [value for (value,) in await (await connection.execute(query)).fetchall()] == expected, query
        for table in ("complaint_steps", "audit_events"):
            with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
                await connection.execute(f"update {table} set action = 'x'".encode())


BEFORE_COUNTS = """
insert into systems (name, title, owner, tells_changes, every) values ('fake', 'F', 'F', true, 60);
create table records_fake partition of records for values in ('fake');
select set_config('hub.' || name, 'test', false) from unnest('{cause,actor,correlation}'::text[]) name;
insert into areas (code, name, name_en, type) values ('33.74', 'Kota Semarang', 'Semarang City', 'CITY');
"""
COUNTED = """
insert into records (system, kind, external_id, version, digest, status, told, final, secret, occurred_at, updated_at,
    body, seen_at)
select 'fake', 'order', gen_random_uuid(), 1, '', 'PENDING', '', false, false, now(), now(),
    '{"agency_code": "DISHUB", "marketplace": "pasar"}', now() from generate_series(1, 3);
insert into complaints (ticket, channel, class, category, title, text, area_code, status, received_at, updated_at,
    submitted_by)
values (gen_random_uuid(), 'WEB', 'COMPLAINT', 'OTHER', 'T', 'T', '33.74', 'RECEIVED', now(), now(), 'test');
"""


async def test_what_is_written_while_counts_begin_is_counted(empty_database_url: str) -> None:
    """A write that is open when the triggers come is counted, as is what was there. All can be repeated."""
    await asyncio.to_thread(upgrade, empty_database_url, "0041")
    connect = psycopg.AsyncConnection.connect
    async with await connect(empty_database_url) as writer, await connect(empty_database_url) as reader:
        await writer.execute(BEFORE_COUNTS + COUNTED)
        await writer.commit()
        await writer.execute(COUNTED)
        upgrading = asyncio.create_task(asyncio.to_thread(upgrade, empty_database_url, "0042"))
        await blocked_at(empty_database_url)
        await writer.commit()
        await upgrading
        await writer.execute(COUNTED)
        await writer.commit()
        for _ in range(2):
            for query, expected in AFTER_COUNTS.items():
                assert await (await reader.execute(query)).fetchall() == expected, query
            await reader.rollback()
            await writer.execute("update alembic_version set version_num = '0041'")
            await writer.commit()
            await asyncio.to_thread(upgrade, empty_database_url, "0042")


AFTER_COUNTS: dict[LiteralString, list[Any]] = {
    "select by, records from record_fact_counts order by by": [("all", 9), ("marketplace", 9)],
    "select from differing_fact_counts('fake')": [],
    "select sum(complaints) from complaint_totals where by = 'class' and month = '-infinity'": [(3,)],
    "select from differing_complaint_totals()": [],
}


def upgrade(url: str, version: str) -> None:
    """Upgrade a database to a version."""
    config = schema_version.config()
    engine = create_engine(driver_url(url))
    try:
        with engine.connect() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, version)
            connection.commit()
    finally:
        engine.dispose()
