"""Removes what has expired in parts, so that no transaction is long: in batches of rows, or as partitions of months."""

from __future__ import annotations

import asyncio
from datetime import datetime

import structlog

from hub.store import partitions
from hub.store.database import DATABASE_ERRORS, Cause, Database
from hub.store.feed import sequence
from hub.store.lock_waits import TablesInUse
from hub.store.operations import jobs
from hub.store.webhooks import deliveries
from hub.store.webhooks.terms import RETRIED_FOR

log = structlog.get_logger()

ATTEMPTS_BEFORE = RETRIED_FOR
"""How much older than a settled message its first attempt may be: it is kept as long as the message."""


async def delete_finished_jobs(database: Database, cause: Cause) -> int:
    """Delete the jobs that ended long ago, and the workers that are gone; return how many jobs."""
    after: int | None = 0
    total = 0
    while after is not None:
        async with database.write(cause) as db:
            after, deleted = await jobs.expire(db, after)
        total += deleted
    async with database.write(cause) as db:
        await jobs.forget_workers(db)
    return total


async def delete_webhook_messages(database: Database, cause: Cause, before: datetime) -> None:
    """Delete the messages of webhooks that were settled before a time, and attempts that no month is dropped with."""
    deleted = deliveries.EXPIRED_AT_ONCE
    while deleted == deliveries.EXPIRED_AT_ONCE:
        async with database.write(cause) as db:
            deleted = await deliveries.expire(db, before)
    async with database.write(cause) as db:
        await deliveries.expire_unplaced_attempts(db, before - ATTEMPTS_BEFORE)


async def renew_months(url: str, before: datetime) -> list[str]:
    """Make the partitions of the next months, drop those that had expired by a time, and return the dropped ones."""
    await make_months(url)
    try:
        return [
            *await asyncio.to_thread(partitions.drop_expired, url, "feed", before, sequence.is_dropped),
            *await asyncio.to_thread(partitions.drop_expired, url, "webhook_attempts", before - ATTEMPTS_BEFORE),
        ]
    except TablesInUse:
        log.warning("months.in_use", advice="they are dropped in another night")
        return []


async def make_months(url: str) -> None:
    """Make the partitions that are missing; without them rows go to the default partitions, and nothing fails."""
    try:
        await asyncio.to_thread(partitions.make_ahead, url)
    except (TablesInUse, *DATABASE_ERRORS) as error:
        log.warning("months.not_made", error=type(error).__name__)
