"""Reads the version and settings of the PostgreSQL server."""

from __future__ import annotations

from collections.abc import Iterable

import psycopg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_CONNECT_TIMEOUT = 5


async def major_version(url: str) -> int:
    """Return the major version of the server, such as 16."""
    async with await psycopg.AsyncConnection.connect(url, connect_timeout=_CONNECT_TIMEOUT) as connection:
        return connection.info.server_version // 10_000


async def disabled(url: str, names: Iterable[str]) -> set[str]:
    """Return those of the settings ``names`` that are off."""
    async with await psycopg.AsyncConnection.connect(url, connect_timeout=_CONNECT_TIMEOUT) as connection:
        found = await connection.execute(
            "select name from pg_settings where name = any(%s) and setting = 'off'", [list(names)]
        )
        return {name for (name,) in await found.fetchall()}


async def versions(db: AsyncConnection) -> tuple[str, str]:
    """Return the version of the server and the migration of the database."""
    found = await db.execute(text("select current_setting('server_version'), version_num from alembic_version"))
    server, migration = found.one()
    return server, migration
