"""The sequencer: assigns positions in the feed to the changes of each system, soon after they are committed.

Any number of sequencers may run: a lock in the database lets one at a time work on a system. A sequencer that is killed
leaves nothing half done, because positions and progress are committed in one transaction.
"""

from __future__ import annotations

import asyncio

import structlog

from hub.concurrency import is_cancelled
from hub.store.database import Cause, Database
from hub.store.feed import live, sequence

log = structlog.get_logger()

CAUSE = Cause("feed", "worker", "sequencer")


async def assign_all(database: Database) -> int:
    """Assign a position to every settled change; return how many."""
    async with database.read() as db:
        names = await sequence.list_systems(db)
    return sum([await _assign(database, name) for name in names])


async def _assign(database: Database, system: str) -> int:
    total = 0
    while True:
        async with database.write(CAUSE) as db:
            assigned = await sequence.assign_positions(db, system)
            if assigned:
                await live.notify(db)
        total += assigned
        if assigned < sequence.BATCH_SIZE:
            return total


async def run(database: Database, every: float) -> None:
    """Assign positions every ``every`` seconds; errors, such as an unavailable database, are logged."""
    while not is_cancelled():
        try:
            await assign_all(database)
        # An error in one round must not end the loop: without positions every reader of the feed would wait.
        except Exception as error:
            if is_cancelled():
                raise
            log.warning("worker.sequencer", error=type(error).__name__)
        await asyncio.sleep(every)
