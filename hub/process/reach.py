"""How a command reaches the hub's database: the one of the settings, or the private one while it runs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg

from hub.errors import BadSetting
from hub.process.embedded import embedded
from hub.process.keys import with_keys
from hub.settings import Settings
from hub.store.database import Database
from hub.store.migrate import state

ANSWERS_WITHIN = 5


@asynccontextmanager
async def reached(settings: Settings) -> AsyncIterator[Settings]:
    """``settings`` with keys and a ``database_url`` that answers; a running hub's private database is shared."""
    settings = with_keys(settings)
    if settings.database_url:
        await _answers(settings.database_url)
        yield settings
        return
    async with embedded(settings.data_dir, share=True) as url:
        yield settings.model_copy(update={"database_url": url})


async def _answers(url: str) -> None:
    """Raise ``BadSetting`` unless somebody lets us in; the URL itself, which may hold a password, is not repeated."""
    try:
        async with await psycopg.AsyncConnection.connect(url, connect_timeout=ANSWERS_WITHIN):
            return
    except psycopg.Error as error:
        raise BadSetting(
            f"HUB_DATABASE_URL is wrong or its server is away ({type(error).__name__}): start the server, or set it to "
            "a postgresql:// URL that answers."
        ) from None


async def migrated(settings: Settings) -> None:
    """Raise ``BadSetting`` unless the database has the shape this code wants."""
    assert settings.database_url, "settings come from reached()"
    current, head = await state(settings.database_url)
    if current != head:
        raise BadSetting("The database is not migrated to this version: run `hub migrate` first.")


@asynccontextmanager
async def database(settings: Settings) -> AsyncIterator[Database]:
    """The store of settings that ``reached`` gave, closed afterwards."""
    assert settings.database_url, "settings come from reached()"
    store = Database(settings.database_url, pool_size=settings.pool_size)
    try:
        yield store
    finally:
        await store.close()
