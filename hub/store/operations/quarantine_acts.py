"""Replays and discards quarantined items, with a record of each in the audit trail."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from itertools import groupby

from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store import audit
from hub.store.ingest import quarantine
from hub.store.ingest.quarantine import QuarantineEntry
from hub.store.operations.quarantine import ReplayOutcome

ReplaySystem = Callable[[AsyncConnection, str, Sequence[int]], Awaitable[list[ReplayOutcome]]]
"""Ingests open items of a system again."""


async def replay(
    db: AsyncConnection, entries: Sequence[QuarantineEntry], replay_system: ReplaySystem
) -> list[ReplayOutcome]:
    """Replay ``entries``; the outcomes are by system."""
    found: list[ReplayOutcome] = []
    # In one order, so that two replays cannot deadlock: each locks its systems.
    for system, of_system in groupby(
        sorted(entries, key=lambda each: (each.system, each.id)), lambda each: each.system
    ):
        ids = [each.id for each in of_system]
        found += await replay_system(db, system, ids)
        await audit.record(db, "quarantine:replay", [f"quarantine:{each}" for each in ids], system=system)
    return found


async def discard(db: AsyncConnection, entries: Sequence[QuarantineEntry]) -> list[ReplayOutcome]:
    """Discard ``entries``: their content is deleted, and the same item is ignored when it comes again."""
    ids = [each.id for each in entries]
    if ids:
        await quarantine.discard(db, ids)
        await audit.record(db, "quarantine:discard", [f"quarantine:{each}" for each in ids])
    return [ReplayOutcome(each, True) for each in ids]
