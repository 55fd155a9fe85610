"""Migrations stop no reads: they take no long lock, give way to who has one, and say what they leave working."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

import psycopg
import pytest
from alembic.script import ScriptDirectory

from hub.errors import BadSetting
from hub.store import lock_waits, schema_version
from hub.store.database import Database
from hub.store.lock_waits import TablesInUse, give_way
from hub.store.migrate import migrate
from tests.store import migration_rules as rules
from tests.waits import blocked_at, hanging

SINCE = "0033"
"""The first version that has to keep the rules; those before it were made when nothing was in use."""

LONG = """
alter table records alter column amount type bigint
alter table records alter amount set data type bigint using amount::bigint
alter table complaints add column token uuid not null default gen_random_uuid()
alter table complaints add number bigserial
alter table complaints add column n int generated always as identity
alter table complaints add column words tsvector generated always as (to_tsvector('simple', title)) stored
alter table complaints add constraint short check (length(title) < 200)
alter table complaints add check (length(title) < 200)
alter table complaints add column area text references areas (code)
alter table complaints add column n int check (n > 0)
alter table complaints alter column text set not null
alter table complaints add constraint one unique (ticket)
alter table complaints add primary key (id)
alter table records attach partition records_other for values in ('other')
alter table complaints set unlogged
create index complaints_title on complaints (title)
create unique index complaints_title on complaints (title)
lock table complaints in access exclusive mode
truncate complaints
vacuum full records
reindex table records
alter table complaints add column a int; update complaints set a = 1
alter table records add column a int; with old as (select id from records) update records set a = 1 from old
alter table records drop column a; insert into others select id from records
alter table a add constraint b check (c > 0) not valid; alter table a validate constraint b
"""
SHORT = """
alter table complaints add column note text
alter table complaints add column urgent boolean not null default false, add column at timestamptz default now()
alter table complaints add constraint short check (length(title) < 200) not valid
alter table complaints validate constraint short
alter table complaints add constraint one unique using index complaints_one
alter table complaints drop column note
create table notes (id bigint primary key, text text not null check (text <> '')); create index n on notes (text)
create table notes (id int generated always as identity, complaint bigint references complaints (id))
create table notes (id int); alter table notes add constraint one unique (id); insert into notes select 1
create index concurrently complaints_title on complaints (title)
update complaints set title = 'alter column a type text'
create function f() returns trigger language plpgsql as $$ begin update records set a = 1; lock table b; end $$
-- lock table complaints;
"""
BREAKING = """
alter table complaints drop column note
alter table complaints rename column told to source_status
alter table complaints rename to matters
drop table sightings
drop function count_anew()
alter table complaints alter column note set not null
alter table complaints add column urgent boolean not null
alter table deliveries add constraint state check (state in ('WAITING')) not valid
update deliveries set state = 'BLOCKED' where state = 'HELD'
"""


def each(lines: str) -> list[str]:
    return lines.strip().splitlines()


def versions() -> dict[str, tuple[Path, bool]]:
    """Return the module of each version, and whether it promises that the previous version keeps working."""
    directory = ScriptDirectory.from_config(schema_version.config())
    return {
        one.revision: (Path(one.path), getattr(one.module, "compatible", False)) for one in directory.walk_revisions()
    }


@pytest.mark.parametrize("statements", each(LONG))
def test_a_long_lock_is_found(statements: str) -> None:
    assert list(rules.long_locks(rules.split(statements)))


@pytest.mark.parametrize("statements", each(SHORT))
def test_a_short_lock_is_allowed(statements: str) -> None:
    assert list(rules.long_locks(rules.split(statements))) == []


@pytest.mark.parametrize("statement", each(BREAKING))
def test_what_the_previous_version_cannot_bear_is_found(statement: str) -> None:
    assert list(rules.breaks(rules.split(statement)))


def test_no_migration_takes_a_long_lock() -> None:
    checked = {version: path for version, (path, _) in versions().items() if version >= SINCE}
    assert len(checked) >= 5
    found = {version: list(rules.long_locks(rules.statements_of(path))) for version, path in checked.items()}
    assert {version: problems for version, problems in found.items() if problems} == {}


def test_a_compatible_migration_breaks_nothing() -> None:
    found = {
        version: list(rules.breaks(rules.statements_of(path)))
        for version, (path, compatible) in versions().items()
        if compatible
    }
    assert {version: problems for version, problems in found.items() if problems} == {}


def alter(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(f"set lock_timeout = '{lock_waits.LOCK_TIMEOUT}'".encode())
        connection.execute("alter table complaints add column noted boolean")


async def test_reads_go_on_while_a_migration_waits(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A read that came after the migration is answered while the transaction that it waits for is still open."""
    monkeypatch.setattr(lock_waits, "PAUSE", 0.01)
    async with (
        hanging(),
        await psycopg.AsyncConnection.connect(database_url) as holder,
        await psycopg.AsyncConnection.connect(database_url, autocommit=True) as reader,
    ):
        await holder.execute("select from complaints")
        altering = asyncio.create_task(asyncio.to_thread(give_way, partial(alter, database_url)))
        await blocked_at(database_url)
        await reader.execute("select from complaints")
        assert not altering.done()
        await holder.rollback()
        await altering
        await reader.execute("select noted from complaints")


async def test_a_migration_gives_up_with_a_reason(database_url: str) -> None:
    async with await psycopg.AsyncConnection.connect(database_url) as holder:
        await holder.execute("select from complaints")
        with pytest.raises(TablesInUse, match="pg_stat_activity"):
            await asyncio.to_thread(give_way, partial(alter, database_url), within=0)


@pytest.mark.parametrize(
    ("version", "since", "usable"),
    [
        ("9999", "HEAD", True),
        ("9999", "0001", True),
        ("9999", "9999", False),
        ("9999", None, False),
        ("0001", "0001", False),
    ],
)
async def test_only_a_compatible_database_is_used(
    database_url: str, version: str, since: str | None, usable: bool
) -> None:
    since = schema_version.newest() if since == "HEAD" else since
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        await connection.execute("update alembic_version set version_num = %s", [version])
        comment = f"'{since}'" if since else "null"
        await connection.execute(f"comment on table alembic_version is {comment}".encode())
    database = Database(database_url, pool_size=1)
    try:
        async with database.read() as db:
            assert await schema_version.is_usable(db) is usable
    finally:
        await database.close()


async def test_an_older_hub_does_not_migrate_a_newer_database(database_url: str) -> None:
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        await connection.execute("update alembic_version set version_num = '9999'")
    with pytest.raises(BadSetting, match="9999"):
        await migrate(database_url)
