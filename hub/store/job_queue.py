"""Queues jobs in the transaction of their cause, so that a job exists only if that transaction commits."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.database import driver_connection

DELIVER, INQUIRE = "hub:deliver", "hub:inquire"

_app = App(connector=PsycopgConnector())
"""Never opened: each job is written on the connection of its cause."""


def lock(system: str) -> str:
    """Return the lock of the delivery jobs of ``system``: at most one runs and one is queued."""
    return f"deliver {system}"


async def enqueue_deliveries(db: AsyncConnection, systems: Iterable[str]) -> None:
    """Queue the delivery jobs of ``systems``, so that deliveries start at once and not only at the next check.

    Another transaction that queues a job of the same system waits until this one ends. Therefore this is called near
    the end of a transaction, and queues in a fixed order, so that two transactions cannot deadlock.
    """
    for system in sorted(set(systems)):
        await _enqueue(db, DELIVER, system, lock(system))


async def enqueue_inquiries(db: AsyncConnection, systems: Iterable[str]) -> None:
    """Queue the jobs that make the inquiries of ``systems``, in the same way; after the delivery jobs, if any."""
    for system in sorted(set(systems)):
        await _enqueue(db, INQUIRE, system, f"inquire {system}")


async def _enqueue(db: AsyncConnection, name: str, system: str, lock: str) -> None:
    """Queue a job of ``system``, unless one is queued."""
    task = _app.configure_task(name, connection=await driver_connection(db), lock=lock, queueing_lock=lock)
    with contextlib.suppress(AlreadyEnqueued):
        async with db.begin_nested():
            await task.defer_async(system=system)
