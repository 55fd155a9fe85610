"""The number that tells every process to forget what it remembers of clients, users and tokens."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.tables_auth import auth_epoch


async def current(db: AsyncConnection) -> int:
    """The epoch; the database counts it up with every change that takes something from somebody."""
    return int((await db.execute(select(auth_epoch.c.number))).scalar_one())
