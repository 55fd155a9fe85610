"""Counts what waits for a decision of a person, by system."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import Column, ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.contract import SystemDeclaration
from hub.store import systems
from hub.store.ingest import contradictions, file_downloads
from hub.store.outbox import deliveries
from hub.store.tables.sync import claims, shared_fields

UNDECIDED = ("BLOCKED", "OUTCOME_UNKNOWN")
"""The states of a delivery that only a person can end."""


async def pending(db: AsyncConnection, enabled: Iterable[SystemDeclaration]) -> dict[str, Mapping[str, int]]:
    """Return the number of pending decisions by their sort and system."""
    conflict, claim = shared_fields.c.conflict_since.is_not(None), claims.c.dismissed_at.is_(None)
    return {
        "quarantine": {each.name: each.quarantined for each in await systems.overview(db)},
        "doubts": await contradictions.counts(db, contradictions.contradictable_kinds(enabled)),
        "conflicts": await _counts(db, shared_fields.c.system, conflict),
        "claims": await _counts(db, claims.c.system, claim),
        "deliveries": await _deliveries(db),
        "files": {name: each.given_up for name, each in (await file_downloads.missing(db)).items()},
    }


async def _counts(db: AsyncConnection, system: Column[str], condition: ColumnElement[bool]) -> dict[str, int]:
    rows = await db.execute(select(system, func.count()).where(condition).group_by(system).order_by(system))
    return {row[0]: row[1] for row in rows}


async def _deliveries(db: AsyncConnection) -> dict[str, int]:
    counts: dict[str, int] = {}
    for each in await deliveries.backlog(db):
        if each.state in UNDECIDED:
            counts[each.system] = counts.get(each.system, 0) + each.count
    return counts
