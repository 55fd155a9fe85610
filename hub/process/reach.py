"""How a command reaches the hub's database: the one of the settings, or the private one while it runs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hub.process.embedded import embedded
from hub.process.keys import with_keys
from hub.settings import Settings
from hub.store.database import Database


@asynccontextmanager
async def reached(settings: Settings) -> AsyncIterator[Settings]:
    """``settings`` with keys and a ``database_url`` that answers; a running hub's private database is shared."""
    settings = with_keys(settings)
    if settings.database_url:
        yield settings
        return
    async with embedded(settings.data_dir, share=True) as url:
        yield settings.model_copy(update={"database_url": url})


@asynccontextmanager
async def database(settings: Settings) -> AsyncIterator[Database]:
    """The store of settings that ``reached`` gave, closed afterwards."""
    assert settings.database_url, "settings come from reached()"
    store = Database(settings.database_url, pool_size=settings.pool_size)
    try:
        yield store
    finally:
        await store.close()
