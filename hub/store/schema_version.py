"""Which version of the tables a database has, and whether the code of another version may work with it.

During an upgrade processes of two versions run side by side: the database is migrated first, then they are replaced one
by one. A migration whose module has ``compatible = True`` promises that the previous version keeps working beside it;
`tests/store/test_migration_locks.py` says what such a migration must not do. After any other migration, processes of
the previous version cannot work.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psycopg
from alembic.config import Config
from alembic.script import ScriptDirectory
from psycopg import sql
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.errors import BadSetting

MIGRATIONS = Path(__file__).parent / "migrations"
FOLDERS = [MIGRATIONS / "versions"]
"""The folders with versions."""

# The comment of the table says since which version processes can work with the database: a table of its own could not
# be written before the first statement of the migration that needs it.
_READ = "select version_num, obj_description('alembic_version'::regclass, 'pg_class') from alembic_version"

_EXISTS = "select to_regclass('alembic_version') is not null"


def config() -> Config:
    """Return the settings of Alembic."""
    made = Config()
    made.set_main_option("script_location", str(MIGRATIONS))
    made.set_main_option("path_separator", "os")
    made.set_main_option("version_locations", ":".join(map(str, FOLDERS)))
    return made


@cache
def newest() -> str:
    """Return the version that this code needs; to find it, all versions are imported."""
    head = ScriptDirectory.from_config(config()).get_current_head()
    assert head is not None
    return head


def oldest_compatible() -> str:
    """Return the oldest version whose processes can work with the newest tables."""
    versions = ScriptDirectory.from_config(config()).walk_revisions()
    return next(each.revision for each in versions if not getattr(each.module, "compatible", False))


@dataclass(frozen=True, slots=True)
class SchemaState:
    """The version of a database (None before the first migration), the version that this code needs, and if it fits."""

    current: str | None
    needed: str
    usable: bool


async def state(url: str) -> SchemaState:
    """Return the state of the database at ``url``; raises ``InsufficientPrivilege`` if the role may not read it."""
    async with await psycopg.AsyncConnection.connect(url) as connection:
        found = await connection.execute(_EXISTS)
        row = await (await connection.execute(_READ)).fetchone() if await found.fetchone() == (True,) else None
    return _state_of(row)


async def is_usable(db: AsyncConnection) -> bool:
    """Return whether this code can work with the database: of its version, or of a newer one that is compatible."""
    try:
        row = (await db.execute(text(_READ))).one_or_none()
    except ProgrammingError:
        # There is no such table yet, or the role may not read it.
        return False
    return _state_of(row).usable


def _state_of(row: Sequence[str | None] | None) -> SchemaState:
    current, since = row or (None, None)
    newer = current is not None and current > newest()
    return SchemaState(current, newest(), current == newest() or (newer and since is not None and since <= newest()))


def refuse_newer(owner: psycopg.Connection) -> None:
    """Raise ``BadSetting`` if a newer version has migrated the database: this one does not know how it looks."""
    if owner.execute(_EXISTS).fetchone() == (True,):
        row = owner.execute("select version_num from alembic_version").fetchone()
        if row and row[0] > newest():
            raise BadSetting(
                f"The database is at {row[0]}, and this version of the hub knows {newest()} at most: run `hub migrate`"
                " of the newer version."
            )


def publish_compatibility(owner: psycopg.Connection) -> None:
    """Say in the database which versions can work with it; before it is migrated, so that no process is too late."""
    if owner.execute(_EXISTS).fetchone() == (True,):
        statement = sql.SQL("comment on table alembic_version is {}")
        owner.execute(statement.format(sql.Literal(oldest_compatible())))
