"""Connects commands to the hub's database: the one of the settings, or the private one while it runs."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from psycopg.errors import InsufficientPrivilege

from hub.connectors import registry
from hub.errors import BadSetting
from hub.runtime.embedded_postgres import embedded_postgres
from hub.runtime.local_keys import with_keys
from hub.settings import Settings
from hub.store import key_fingerprint, server_settings, systems
from hub.store.database import Cause, Database
from hub.store.schema_version import state

KEY_MISMATCH = (
    "HUB_SECRET_KEY is not the key of this database, and with another key every tracking code is invalid: set it to"
    " the former key, or if that is lost or leaked run `hub keys accept-secret`."
)

NOT_GRANTED = (
    "The role of HUB_DATABASE_URL may not use the hub's tables: run `hub migrate` with HUB_MIGRATION_DATABASE_URL set"
    " to a URL of the role that owns them, which grants the necessary privileges."
)


@asynccontextmanager
async def reachable_database(settings: Settings) -> AsyncIterator[Settings]:
    """Yield ``settings`` with keys and a reachable ``database_url``; a running hub's private database is shared."""
    settings = with_keys(settings)
    if settings.database_url:
        await check_reachable(settings.database_url)
        yield settings
        return
    async with embedded_postgres(settings.data_dir, share=True) as url:
        yield settings.model_copy(update={"database_url": url})


async def check_reachable(url: str, name: str = "HUB_DATABASE_URL") -> None:
    """Raise ``BadSetting`` unless the server accepts the connection, without a pooler between.

    The message omits the URL and its password.
    """
    try:
        kept = await server_settings.keeps_settings(url)
    except psycopg.Error as error:
        # PgBouncer refuses what it cannot keep, unless its `ignore_startup_parameters` names it.
        if "unsupported startup parameter" not in str(error):
            raise BadSetting(
                f"{name} is wrong or its server is unavailable ({type(error).__name__}): start the server, or set it"
                " to a postgresql:// URL that answers."
            ) from None
        kept = False
    if not kept:
        raise BadSetting(
            f"{name} leads to a pooler, which does not keep the settings of a session: set it to a URL of PostgreSQL"
            " itself, and HUB_DATABASE_POOLER_URL to that of the pooler."
        )


async def check_migrated(settings: Settings) -> None:
    """Raise ``BadSetting`` unless this code can work with the database, and it has the same secret key."""
    assert settings.database_url, "settings come from reached()"
    try:
        found = await state(settings.database_url)
    except InsufficientPrivilege:
        raise BadSetting(NOT_GRANTED) from None
    if not found.usable:
        raise BadSetting("The database is not migrated to this version: run `hub migrate` first.")
    await _check_visibility(settings)
    await check_secret_key(settings)


async def _check_visibility(settings: Settings) -> None:
    """Raise ``BadSetting`` if a connector now declares another audience of its records than the stored one."""
    declared = {system.name: system.connector.visible_to for system in registry.enabled(settings)}
    async with open_database(settings) as store, store.read() as db:
        stored = await systems.visible_to(db)
    for name in stored.keys() & declared.keys():
        if stored[name] != declared[name]:
            raise BadSetting(f"The connector {name} changed who may see its records: run `hub migrate` first.")


async def check_secret_key(settings: Settings) -> None:
    """Store the fingerprint of the secret key with the database; ``BadSetting`` if another one is stored."""
    cause = Cause("secret:keep", "hub", uuid.uuid4().hex)
    async with open_database(settings) as store, store.write(cause) as db:
        await key_fingerprint.store(db, settings.secret)
        if not await key_fingerprint.matches(db, settings.secret):
            raise BadSetting(KEY_MISMATCH)


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[Database]:
    """Yield the database of the settings of ``reachable_database``."""
    assert settings.database_url, "settings come from reached()"
    store = Database(settings.database_url, pool_size=settings.pool_size)
    try:
        yield store
    finally:
        await store.close()
