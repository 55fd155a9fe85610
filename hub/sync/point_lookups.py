"""The ids of the records that a pull requests one by one, in batches; a processed batch is marked as requested."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime

from hub.store.database import Cause, Database
from hub.store.ingest import point_lookups

BATCH = 100
FINAL_AT_ONCE = 50
"""Maximum number of final records that a pull requests again."""
UNFINISHED_AT_ONCE = 100
"""Maximum number of records that a pull requests one by one if its system has a listing."""


class KnownRecords:
    """The ids of the stored records of one system."""

    def __init__(self, database: Database, system: str, cause: Cause) -> None:
        self._database, self._system, self._cause = database, system, cause

    async def ids(self) -> AsyncIterator[list[str]]:
        """Yield the ids of all records that are not final, then of at most ``FINAL_AT_ONCE`` final ones."""
        after = ""
        while True:
            async with self._database.read() as db:
                ids = await point_lookups.open_ids(db, self._system, after, BATCH)
            if not ids:
                break
            yield ids
            after = ids[-1]
        async with self._database.read() as db:
            final = await point_lookups.final_ids(db, self._system, FINAL_AT_ONCE)
        if final:
            yield final
            await self._mark_requested(final)

    async def unfinished(self, before: datetime) -> AsyncIterator[list[str]]:
        """Yield the ids for ``Run.unfinished``."""
        async with self._database.read() as db:
            ids = await point_lookups.unfinished_ids(db, self._system, before, UNFINISHED_AT_ONCE)
        if ids:
            yield ids
            await self._mark_requested(ids)

    async def _mark_requested(self, ids: list[str]) -> None:
        async with self._database.write(self._cause) as db:
            await point_lookups.mark_requested(db, self._system, ids)
