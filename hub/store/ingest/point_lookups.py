"""Point lookups: the records that are requested one by one, because no listing has them, the longest waiting first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.ingest.records import lock_system

FINAL_INTERVAL = timedelta(days=1)
"""How often a final record is requested at most: some are reopened."""
AGE_FACTOR = 100
"""A record that is not final is requested again after a hundredth of its age."""


async def open_ids(db: AsyncConnection, system: str, after: str, limit: int) -> list[str]:
    """Return external ids of records that are not final, in order."""
    found = await db.execute(
        text(
            "select external_id from records where system = :system and not final and gone_at is null"
            " and external_id > :after order by external_id limit :limit"
        ),
        {"system": system, "after": after, "limit": limit},
    )
    return list(found.scalars())


async def final_ids(db: AsyncConnection, system: str, limit: int) -> list[str]:
    """Return external ids of final records that were not seen for ``FINAL_INTERVAL``, the longest first."""
    found = await db.execute(
        text(
            "select external_id from records where system = :system and final and gone_at is null"
            " and greatest(seen_at, asked_at) < now() - cast(:every as interval)"
            " order by greatest(seen_at, asked_at), external_id limit :limit"
        ),
        {"system": system, "every": FINAL_INTERVAL, "limit": limit},
    )
    return list(found.scalars())


async def unfinished_ids(db: AsyncConnection, system: str, before: datetime, limit: int) -> list[str]:
    """Return the ids of due records that are not final and occurred before ``before``, the longest waiting first."""
    found = await db.execute(
        text(
            "select external_id from records where system = :system and not final and gone_at is null"
            " and occurred_at < :before"
            " and (asked_at is null or now() - asked_at > (now() - occurred_at) / :age_factor)"
            " order by asked_at nulls first, occurred_at desc, external_id limit :limit"
        ),
        {"system": system, "before": before, "age_factor": AGE_FACTOR, "limit": limit},
    )
    return list(found.scalars())


async def mark_requested(db: AsyncConnection, system: str, external_ids: Sequence[str]) -> None:
    """Record that they were requested now, whatever the answer was."""
    await lock_system(db, system)
    await db.execute(
        text("update records set asked_at = now() where system = :system and external_id = any(:ids)"),
        {"system": system, "ids": list(external_ids)},
    )
