"""The sequencer, undisturbed by what else runs on the server: its horizon is that of all databases of a cluster."""

from __future__ import annotations

import asyncio

from sqlalchemy import text

from hub.store.database import Database
from hub.sync import sequencer

_ELSEWHERE = """
select backend_xid::text from pg_stat_activity
where backend_xid is not null and datname is distinct from current_database()
"""


async def alone(database: Database) -> None:
    """Wait until what runs in other databases now has ended; what begins later is newer than what is here."""
    running = await _elsewhere(database)
    while running:
        await asyncio.sleep(0.005)
        running &= await _elsewhere(database)


async def sequence(database: Database) -> int:
    """What :func:`hub.sync.sequencer.sequence` does, where transactions of this database alone hold it up."""
    await alone(database)
    return await sequencer.sequence(database)


async def _elsewhere(database: Database) -> set[str]:
    async with database.read() as db:
        return set((await db.execute(text(_ELSEWHERE))).scalars())
