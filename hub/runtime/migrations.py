"""Migrates as the role that owns the tables, and grants privileges to the role of the running hub."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg.errors import InsufficientPrivilege
from sqlalchemy.exc import ProgrammingError

from hub.contract import SystemDeclaration
from hub.errors import BadSetting
from hub.runtime.database_access import check_reachable
from hub.settings import Settings
from hub.store import roles
from hub.store.migrate import migrate
from hub.store.schema_version import state

OWNER_VARIABLE = "HUB_MIGRATION_DATABASE_URL"
NOT_OWNER = (
    f"The role that migrates does not own the hub's tables: set {OWNER_VARIABLE} to a URL of the role that does, and"
    " run `hub migrate` again."
)


async def migrate_as_owner(settings: Settings, systems: Sequence[SystemDeclaration]) -> None:
    """Migrate the database; settings come from ``reachable_database``. ``BadSetting`` without the privileges."""
    assert settings.database_url
    try:
        await migrate(settings.migration_database_url or settings.database_url, systems, await _grantee(settings))
    except (InsufficientPrivilege, ProgrammingError) as error:
        if not isinstance(getattr(error, "orig", error), InsufficientPrivilege):
            raise
        raise BadSetting(NOT_OWNER) from None
    if not (await state(settings.database_url)).usable:
        raise BadSetting(
            f"{OWNER_VARIABLE} names another database than HUB_DATABASE_URL: set both to URLs of the same one."
        )


async def _grantee(settings: Settings) -> str | None:
    """Return the role of HUB_DATABASE_URL if another role owns the tables, else None."""
    assert settings.database_url
    if not settings.migration_database_url:
        return None
    await check_reachable(settings.migration_database_url, OWNER_VARIABLE)
    role, owner = [
        (await roles.role_status(url)).name for url in (settings.database_url, settings.migration_database_url)
    ]
    return role if role != owner else None
