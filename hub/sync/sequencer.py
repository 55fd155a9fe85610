"""The sequencer: gives the changes of each system their positions in the feed, soon after they are committed.

Any number may run: a lock in the database lets one at a time work on a system. One that is killed
leaves nothing half done, because positions are one transaction with how far it got.
"""

from __future__ import annotations

import asyncio

import structlog

from hub.store.database import Cause, Database
from hub.store.feed import positions

log = structlog.get_logger()

CAUSE = Cause("feed", "worker", "sequencer")


async def sequence(database: Database) -> int:
    """Give a position to every change that is settled; returns how many got one."""
    async with database.read() as db:
        names = await positions.systems(db)
    return sum([await _sequence(database, name) for name in names])


async def _sequence(database: Database, system: str) -> int:
    placed = 0
    while True:
        async with database.write(CAUSE) as db:
            more = await positions.place(db, system)
        placed += more
        if more < positions.AT_ONCE:
            return placed


async def run(database: Database, every: float) -> None:
    """Sequence again and again; the database may be away for a while."""
    while True:
        try:
            await sequence(database)
        # Whatever goes wrong in one round, the next may do better; a worker that stopped would hold up every reader.
        except Exception as error:
            log.warning("worker.sequencer", trouble=type(error).__name__)
        await asyncio.sleep(every)
