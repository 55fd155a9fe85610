"""The number that tells every process to forget what it remembers of clients, users and tokens."""

from __future__ import annotations

import asyncio
import time

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.errors import TryLater
from hub.store.database import Database
from hub.store.tables_auth import auth_epoch


async def current(db: AsyncConnection) -> int:
    """The epoch; the database counts it up with every change that takes something from somebody."""
    return int((await db.execute(select(auth_epoch.c.number))).scalar_one())


EVERY = 0.5
"""Seconds that may pass before the epoch is looked up again."""


class Watch:
    """The epoch as one process knows it, at most ``EVERY`` seconds old."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = asyncio.Lock()
        self._number = 0
        self._looked = float("-inf")

    async def now(self) -> int:
        """The epoch; raises ``TryLater`` where it cannot be known."""
        if time.monotonic() >= self._looked + EVERY:
            async with self._lock:
                if (began := time.monotonic()) >= self._looked + EVERY:
                    self._number = await self._look()
                    self._looked = began
        return self._number

    async def _look(self) -> int:
        try:
            async with self._database.read() as db:
                return await current(db)
        except SQLAlchemyError as error:
            raise TryLater("The database does not answer.") from error
