"""The states of all systems as read from the database, and whether the database is ready."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from hub.errors import TryLater
from hub.store import schema_version, systems
from hub.store.database import DATABASE_ERRORS, Database
from hub.store.systems import SystemState


class SystemStates:
    """Reads the states of all systems of ``database``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def states(self) -> list[SystemState]:
        """Return them; raises ``TryLater`` if the database does not answer."""
        try:
            async with self._database.read() as db:
                return await systems.overview(db)
        except DATABASE_ERRORS as error:
            raise TryLater(f"the database does not answer ({type(error).__name__})") from error

    async def rows(self) -> Sequence[dict[str, Any]]:
        """Return them as the start page shows them."""
        return [
            {**asdict(one), "state": one.state, "asOf": one.synced_at, "downSince": one.down_since}
            for one in await self.states()
        ]

    async def check_database(self) -> str | None:
        """Return what is to be done before the hub can serve; None if nothing."""
        await self.states()
        async with self._database.read() as db:
            usable = await schema_version.is_usable(db)
        return None if usable else "The database is not migrated: run `hub migrate`."
