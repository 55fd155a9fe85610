"""The hub's role uses the tables that another role owns, and cannot alter them."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator

import psycopg
import pytest
from psycopg import sql
from psycopg.errors import InsufficientPrivilege

from hub.store import roles
from hub.store.migrate import migrate
from tests.conftest import on, temporary_database

FORBIDDEN = (
    "truncate reporters",
    "drop table reporters",
    "alter table reporters add column more text",
    "alter table changes disable trigger changes_stay",
    "create table more (id int)",
    "create or replace function forbid_rewriting() returns trigger language plpgsql as 'begin return new; end'",
    "drop function forbid_rewriting",
    "update alembic_version set version_num = '0001'",
)


@pytest.fixture(scope="module")
async def application(postgres_url: str) -> AsyncIterator[str]:
    """The URL of a migrated database for the role that ``hub migrate`` granted access to."""
    role = f"hub_app_{uuid.uuid4().hex[:8]}"
    name = sql.Identifier(role)
    async with await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as server:
        await server.execute(sql.SQL("create role {}").format(name))
        try:
            async with temporary_database(postgres_url) as database:
                url = on(postgres_url, database)
                for _ in range(2):
                    await migrate(url, role=role)
                yield f"{url}{'&' if '?' in url else '?'}options=-crole%3D{role}"
        finally:
            await server.execute(sql.SQL("drop role {}").format(name))


async def test_the_shape_is_the_owners(application: str) -> None:
    async with await psycopg.AsyncConnection.connect(application, autocommit=True) as connection:
        for statement in FORBIDDEN:
            with pytest.raises(InsufficientPrivilege):
                await connection.execute(statement.encode())
    found = await roles.role_status(application)
    assert not found.superuser
    assert not found.owner


async def test_rows_and_statistics_are_the_hubs(application: str) -> None:
    async with await psycopg.AsyncConnection.connect(application, autocommit=True) as connection:
        await connection.execute("select count_anew()")
        result = await connection.execute(
            "select c.relname from pg_class c where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')"
            " and relname <> 'alembic_version' and not (has_table_privilege(oid, 'select')"
            " and has_table_privilege(oid, 'insert') and has_table_privilege(oid, 'update')"
            " and has_table_privilege(oid, 'delete'))"
        )
        assert await result.fetchall() == []


async def test_the_owner_is_known(postgres_url: str, database_url: str) -> None:
    assert (await roles.role_status(database_url)).owner
