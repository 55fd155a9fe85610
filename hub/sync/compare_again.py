"""Compares again, when a worker starts, what was compared under another declaration or before there was a pair."""

from __future__ import annotations

import structlog

from hub.store.agreement.refresh import outdated, refresh
from hub.store.agreement.registers import SystemPair, pairs_of
from hub.store.database import Cause, Database

log = structlog.get_logger()

BATCH = 500
"""Records in one transaction: others wait for its lock."""


async def compare_outdated(database: Database) -> int:
    """Compare the records of all pairs that are not up to date; return how many there were."""
    async with database.read() as db:
        pairs = await pairs_of(db)
    count = 0
    for pair in pairs:
        for system in (pair.left, pair.right):
            count += await _compare_side(database, pair, system)
    if count:
        log.info("agreement.compared", records=count)
    return count


async def _compare_side(database: Database, pair: SystemPair, system: str) -> int:
    count, after = 0, ""
    while True:
        async with database.write(Cause("compare", "worker", "declaration")) as db:
            ids = await outdated(db, pair, system, after, BATCH)
            await refresh(db, system, ids, "hub")
        count += len(ids)
        if len(ids) < BATCH:
            return count
        after = ids[-1]
