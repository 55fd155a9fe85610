"""Advisory locks of PostgreSQL, which end with their session."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


@contextlib.asynccontextmanager
async def session_lock(connection: AsyncConnection, name: str) -> AsyncIterator[bool]:
    """Hold the advisory lock ``name`` on the session of ``connection``; yields False if another session has it."""
    key = {"key": name}
    async with connection.begin():
        acquired = await connection.scalar(text("select pg_try_advisory_lock(hashtextextended(:key, 0))"), key)
    try:
        yield bool(acquired)
    finally:
        if acquired:
            async with connection.begin():
                await connection.execute(text("select pg_advisory_unlock(hashtextextended(:key, 0))"), key)
