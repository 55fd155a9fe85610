"""The policies of clients, cached per process: budgets, origins and persisted operations, and suspended users.

The cache is reloaded when the revocation epoch in the database changes, so a change of a policy takes effect on
every process within one second.
"""

from __future__ import annotations

import asyncio

from hub.errors import TryLater
from hub.store.database import DATABASE_ERRORS, Database
from hub.store.oauth import clients, persisted_operations, users
from hub.store.oauth.clients import Client
from hub.store.oauth.revocation_epoch import RevocationEpoch

OPERATION_CACHE_SIZE = 1_000
"""Maximum number of cached persisted operations; the cache is emptied when it is full."""


class ClientPolicies:
    """The policies of all active clients. Each method raises ``TryLater`` if they cannot be loaded."""

    def __init__(self, database: Database, watch: RevocationEpoch) -> None:
        self._database, self._watch = database, watch
        self._lock = asyncio.Lock()
        self._epoch: int | None = None
        self._clients: dict[str, Client] = {}
        self._origins: frozenset[str] = frozenset()
        self._suspended: frozenset[str] = frozenset()
        self._operations: dict[tuple[str, str], str] = {}

    async def get(self, client_id: str) -> Client | None:
        """Return the client; None if it does not exist or is suspended."""
        await self._refresh()
        return self._clients.get(client_id)

    async def origins(self) -> frozenset[str]:
        """Return the origins that clients have registered."""
        await self._refresh()
        return self._origins

    async def is_suspended(self, viewer: str) -> bool:
        """Return whether a viewer is suspended: a user, or a client of an external issuer."""
        await self._refresh()
        return viewer in self._suspended

    async def persisted_operation(self, client_id: str, name: str) -> str | None:
        """Return the text of the operation that the client registered with the id ``name``; None if there is none."""
        await self._refresh()
        if (known := self._operations.get((client_id, name))) is not None:
            return known
        if not persisted_operations.WELL_FORMED.fullmatch(name):
            return None
        epoch = self._epoch
        try:
            async with self._database.read() as db:
                text = await persisted_operations.find(db, client_id, name)
        except DATABASE_ERRORS as error:
            raise TryLater("The database does not respond.") from error
        # The operation may have been removed during the query.
        if text is not None and epoch == self._epoch:
            if len(self._operations) >= OPERATION_CACHE_SIZE:
                self._operations.clear()
            self._operations[client_id, name] = text
        return text

    async def _refresh(self) -> None:
        try:
            now = await self._watch.current()
            if now != self._epoch:
                async with self._lock:
                    if now != self._epoch:
                        await self._read(now)
        except TryLater:
            # Keep using the cached policies; code that needs the database raises its own error.
            if self._epoch is None:
                raise

    async def _read(self, now: int) -> None:
        try:
            async with self._database.read() as db:
                every, suspended = await clients.list_all(db), await users.suspended_names(db)
        except DATABASE_ERRORS as error:
            raise TryLater("The database does not respond.") from error
        self._clients = {each.id: each for each in every if each.suspended_at is None}
        self._origins = frozenset(origin for each in self._clients.values() for origin in each.origins)
        self._suspended = suspended
        self._operations.clear()
        self._epoch = now
