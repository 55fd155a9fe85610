"""Reads the version and settings of the PostgreSQL server."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.connection_pool import SESSION_SETTINGS, connect_arguments

_CONNECT_TIMEOUT = 5
_KEPT = "hub.session"
"""A setting that exists in no server."""

# A local socket accepts the settings of TCP without using them, and shows them as those to reset to.
_SESSION = """
select system_identifier, current_database(), current_user, pg_is_in_recovery(),
       (select jsonb_object_agg(name, case when name like 'tcp%%' then reset_val else setting end)
        from pg_settings where name = any(%s))
from pg_control_system()
"""


@dataclass(frozen=True, slots=True)
class SessionStatus:
    """A session: the cluster, database and role, whether its server is a replica, and ``SESSION_SETTINGS`` as set."""

    cluster: int
    database: str
    role: str
    replica: bool
    settings: dict[str, str]


async def session_status(url: str, *, pooled: bool = False) -> SessionStatus:
    """Return the status of a session at ``url`` that is connected as those of the hub's pools."""
    arguments: dict[str, Any] = connect_arguments(pooled=pooled)
    async with await psycopg.AsyncConnection.connect(url, connect_timeout=_CONNECT_TIMEOUT, **arguments) as connection:
        row = await (await connection.execute(_SESSION, [list(SESSION_SETTINGS)])).fetchone()
    assert row
    return SessionStatus(*row)


async def keeps_settings(url: str) -> bool:
    """Return whether a session at ``url`` has a setting that it was opened with; through a pooler it has not."""
    options = f"-c {_KEPT}=yes"
    async with await psycopg.AsyncConnection.connect(
        url, connect_timeout=_CONNECT_TIMEOUT, options=options
    ) as connection:
        found = await connection.execute("select current_setting(%s, true)", [_KEPT])
        return await found.fetchone() == ("yes",)


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
