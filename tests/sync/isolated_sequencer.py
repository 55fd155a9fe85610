"""The sequencer without interference: the horizon of a cluster includes the transactions of its other databases."""

from __future__ import annotations

import asyncio

from sqlalchemy import text

from hub.store.database import Database
from hub.sync import sequencer

_ELSEWHERE = """
select backend_xid::text from pg_stat_activity
where backend_xid is not null and datname is distinct from current_database()
"""


async def wait_for_other_databases(database: Database) -> None:
    """Wait until the transactions of other databases have ended; those that begin later do not matter."""
    running = await _elsewhere(database)
    while running:
        await asyncio.sleep(0.005)
        running &= await _elsewhere(database)


async def sequence(database: Database) -> int:
    """Run :func:`hub.sync.sequencer.sequence` so that only transactions of this database delay it."""
    await wait_for_other_databases(database)
    return await sequencer.assign_all(database)


async def _elsewhere(database: Database) -> set[str]:
    async with database.read() as db:
        return set((await db.execute(text(_ELSEWHERE))).scalars())
