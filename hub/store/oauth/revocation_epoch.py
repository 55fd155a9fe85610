"""The revocation epoch: a number that increases with every revocation, upon which processes clear their caches."""

from __future__ import annotations

import asyncio
import time

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.errors import TryLater
from hub.store.database import DATABASE_ERRORS, Database
from hub.store.tables.oauth import auth_epoch

log = structlog.stdlib.get_logger(__name__)


async def current(db: AsyncConnection) -> int:
    """Return the epoch; triggers in the database increase it with every change that revokes something."""
    return int((await db.execute(select(auth_epoch.c.number))).scalar_one())


MAX_AGE = 0.5
"""Maximum age in seconds of the epoch that a process uses."""


class RevocationEpoch:
    """The epoch as one process knows it, at most ``MAX_AGE`` seconds old; shared by all caches."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = asyncio.Lock()
        self._number: int | None = None
        self._refreshed_at = float("-inf")

    async def current(self) -> int:
        """Return the epoch; raises ``TryLater`` if the database is unavailable."""
        if self._is_stale():
            async with self._lock:
                if self._is_stale():
                    await self._refresh()
        if self._number is None:
            raise TryLater("The database does not answer.")
        return self._number

    def _is_stale(self) -> bool:
        return time.monotonic() >= self._refreshed_at + MAX_AGE

    async def _refresh(self) -> None:
        began = time.monotonic()
        try:
            async with self._database.read() as db:
                self._number = await current(db)
        except DATABASE_ERRORS as error:
            log.warning("the epoch cannot be read", kind=type(error).__name__)
            # Requests that wait for the lock meanwhile do not each wait for the database again.
            self._number, began = None, time.monotonic()
        self._refreshed_at = began
