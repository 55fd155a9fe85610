"""What was agreed with each client, as this process remembers it: budgets, origins, registered operations.

It is read anew when the database's epoch has moved, and with it which users are suspended, so that a
change holds within one second on every process.
"""

from __future__ import annotations

import asyncio

from sqlalchemy.exc import SQLAlchemyError

from hub.errors import TryLater
from hub.store.access import clients, documents, users
from hub.store.access.clients import Client
from hub.store.access.epoch import Watch
from hub.store.database import Database

KEPT = 1_000
"""Registered operations remembered; when there are more, all are read anew."""


class Terms:
    """The terms of every active client; each method raises ``TryLater`` where it cannot be known."""

    def __init__(self, database: Database, watch: Watch) -> None:
        self._database, self._watch = database, watch
        self._lock = asyncio.Lock()
        self._epoch: int | None = None
        self._clients: dict[str, Client] = {}
        self._origins: frozenset[str] = frozenset()
        self._suspended: frozenset[str] = frozenset()
        self._documents: dict[tuple[str, str], str] = {}

    async def of(self, client_id: str) -> Client | None:
        """The client; None where there is none or it is suspended."""
        await self._refresh()
        return self._clients.get(client_id)

    async def origins(self) -> frozenset[str]:
        """Every origin that some client registered."""
        await self._refresh()
        return self._origins

    async def suspended(self, user_id: str) -> bool:
        """Whether a user with this id is suspended."""
        await self._refresh()
        return user_id in self._suspended

    async def document(self, client_id: str, name: str) -> str | None:
        """The text the client registered with the id ``name``."""
        await self._refresh()
        if (known := self._documents.get((client_id, name))) is not None:
            return known
        if not documents.WELL_FORMED.fullmatch(name):
            return None
        epoch = self._epoch
        try:
            async with self._database.read() as db:
                text = await documents.find(db, client_id, name)
        except SQLAlchemyError as error:
            raise TryLater("The database does not answer.") from error
        # It may have been taken away while the database was asked.
        if text is not None and epoch == self._epoch:
            if len(self._documents) >= KEPT:
                self._documents.clear()
            self._documents[client_id, name] = text
        return text

    async def _refresh(self) -> None:
        try:
            now = await self._watch.now()
            if now != self._epoch:
                async with self._lock:
                    if now != self._epoch:
                        await self._read(now)
        except TryLater:
            # What was agreed before holds on; whoever needs the database will hear that it is down.
            if self._epoch is None:
                raise

    async def _read(self, now: int) -> None:
        try:
            async with self._database.read() as db:
                every, suspended = await clients.every(db), await users.suspended(db)
        except SQLAlchemyError as error:
            raise TryLater("The database does not answer.") from error
        self._clients = {each.id: each for each in every if each.suspended_at is None}
        self._origins = frozenset(origin for each in self._clients.values() for origin in each.origins)
        self._suspended = suspended
        self._documents.clear()
        self._epoch = now
