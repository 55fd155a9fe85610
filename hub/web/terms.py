"""What was agreed with each client, as this process remembers it: budgets, origins, registered operations.

It is read anew when the database's epoch has moved, which is looked up at most twice a second, so
that a change holds within one second on every process.
"""

from __future__ import annotations

import asyncio
import time

import structlog
from sqlalchemy.exc import SQLAlchemyError

from hub.errors import TryLater
from hub.store import clients, documents, epoch
from hub.store.clients import Client
from hub.store.database import Database

log = structlog.stdlib.get_logger(__name__)

EVERY = 0.5
"""Seconds that may pass before the epoch is looked up again."""

KEPT = 1_000
"""Registered operations remembered; when there are more, all are read anew."""


class Terms:
    """The terms of every active client; each method raises ``TryLater`` where it cannot be known."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = asyncio.Lock()
        self._epoch: int | None = None
        self._looked = float("-inf")
        self._clients: dict[str, Client] = {}
        self._origins: frozenset[str] = frozenset()
        self._documents: dict[tuple[str, str], str] = {}

    async def of(self, client_id: str) -> Client | None:
        """The client; None where there is none or it is suspended."""
        await self._refresh()
        return self._clients.get(client_id)

    async def origins(self) -> frozenset[str]:
        """Every origin that some client registered."""
        await self._refresh()
        return self._origins

    async def document(self, client_id: str, name: str) -> str | None:
        """The text the client registered with the id ``name``."""
        await self._refresh()
        if (known := self._documents.get((client_id, name))) is not None:
            return known
        try:
            async with self._database.read() as db:
                text = await documents.find(db, client_id, name)
        except SQLAlchemyError as error:
            raise TryLater("The database does not answer.") from error
        if text is not None:
            if len(self._documents) >= KEPT:
                self._documents.clear()
            self._documents[client_id, name] = text
        return text

    async def _refresh(self) -> None:
        if time.monotonic() < self._looked + EVERY:
            return
        async with self._lock:
            if time.monotonic() >= self._looked + EVERY:
                await self._look()

    async def _look(self) -> None:
        try:
            async with self._database.read() as db:
                now = await epoch.current(db)
                if now != self._epoch:
                    self._take(await clients.every(db))
        except SQLAlchemyError as error:
            # What was agreed before holds on; whoever needs the database will hear that it is down.
            log.warning("the terms of clients cannot be read", kind=type(error).__name__)
            if self._epoch is None:
                raise TryLater("The database does not answer.") from error
        else:
            self._epoch = now
        self._looked = time.monotonic()

    def _take(self, every: list[Client]) -> None:
        self._clients = {each.id: each for each in every if each.suspended_at is None}
        self._origins = frozenset(origin for each in self._clients.values() for origin in each.origins)
        self._documents.clear()
