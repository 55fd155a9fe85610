"""Waits of tests until a condition holds, on a machine of any speed; the time limit only detects hanging."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import psycopg

from hub.store.database import Database

HANGS_AFTER = 300.0
"""Seconds after which a wait has failed: far more than any machine needs. No result depends on it."""
BLOCKED = "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"


def steps(what: str, log: Path | None = None) -> Iterator[None]:
    """Yield the steps of a wait; fail with ``what`` and the log if it hangs."""
    end = time.monotonic() + HANGS_AFTER
    while time.monotonic() < end:
        yield
        time.sleep(0.05)
    raise AssertionError(f"{what}\n{log.read_text() if log else ''}")


async def wait_until(holds: Callable[[], Awaitable[object]], what: Callable[[], str] = str) -> None:
    """Wait until ``holds`` returns true; ``what`` describes the state if it hangs."""
    end = time.monotonic() + HANGS_AFTER
    while not await holds():
        assert time.monotonic() < end, what()
        await asyncio.sleep(0.02)


def hanging() -> asyncio.Timeout:
    """Limit the time of a block that ends by itself unless it hangs."""
    return asyncio.timeout(HANGS_AFTER)


async def blocked(database: Database) -> None:
    """Wait until a statement in this database waits for a lock."""

    async def waits() -> bool:
        async with database.read() as db:
            return bool((await db.exec_driver_sql(BLOCKED)).first())

    await wait_until(waits)


async def blocked_at(url: str) -> None:
    """Wait until a statement in the database at ``url`` waits for a lock."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:

        async def waits() -> bool:
            return bool(await (await connection.execute(BLOCKED)).fetchone())

        await wait_until(waits)
