"""The database role that the hub works as, if another role owns the tables and is the only one to alter them."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg
from psycopg import sql

_GRANTS = (
    "grant select, insert, update, delete on all tables in schema public to {}",
    "revoke insert, update, delete on alembic_version from {}",
    "grant usage, select, update on all sequences in schema public to {}",
    "grant execute on function count_anew() to {}",
    "grant execute on function make_months(text, int), drop_month(text), count_months(text) to {}",
)
"""The role may read and write rows; TRUNCATE, triggers and the version are reserved for the owner."""

_ROLE_STATUS = """
select rolname, rolsuper, exists (select from pg_class where relname = 'complaints' and pg_has_role(relowner, 'usage'))
from pg_roles where rolname = current_user
"""


@dataclass(frozen=True, slots=True)
class RoleStatus:
    """A role, whether it is a superuser, and whether it owns the hub's tables."""

    name: str
    superuser: bool
    owner: bool


async def role_status(url: str) -> RoleStatus:
    """Return the role of the connections to ``url``."""
    async with await psycopg.AsyncConnection.connect(url) as connection:
        row = await (await connection.execute(_ROLE_STATUS)).fetchone()
    assert row
    return RoleStatus(*row)


def grant(owner: psycopg.Connection, role: str) -> None:
    """Let ``role`` read and write all existing tables; idempotent."""
    with owner.transaction():
        for statement in _GRANTS:
            owner.execute(sql.SQL(statement).format(sql.Identifier(role)))
