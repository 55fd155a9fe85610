"""The number that tells every process to forget what it remembers of clients, users and tokens."""

from __future__ import annotations

import asyncio
import time

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.errors import TryLater
from hub.store.database import Database
from hub.store.tables_auth import auth_epoch

log = structlog.stdlib.get_logger(__name__)


async def current(db: AsyncConnection) -> int:
    """The epoch; the database counts it up with every change that takes something from somebody."""
    return int((await db.execute(select(auth_epoch.c.number))).scalar_one())


EVERY = 0.5
"""Seconds that may pass before the epoch is looked up again."""


class Watch:
    """The epoch as one process knows it, at most ``EVERY`` seconds old; whoever remembers something shares it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = asyncio.Lock()
        self._number: int | None = None
        self._looked = float("-inf")

    async def now(self) -> int:
        """The epoch; raises ``TryLater`` where it cannot be known."""
        if self._is_old():
            async with self._lock:
                if self._is_old():
                    await self._look()
        if self._number is None:
            raise TryLater("The database does not answer.")
        return self._number

    def _is_old(self) -> bool:
        return time.monotonic() >= self._looked + EVERY

    async def _look(self) -> None:
        began = time.monotonic()
        try:
            async with self._database.read() as db:
                self._number = await current(db)
        except SQLAlchemyError as error:
            log.warning("the epoch cannot be read", kind=type(error).__name__)
            # Those who wait for the lock meanwhile do not each find out anew, however long it took.
            self._number, began = None, time.monotonic()
        self._looked = began
