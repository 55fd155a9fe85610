"""Jobs deferred in the transaction of their cause: a nudge goes out when that commits, and not otherwise."""

from __future__ import annotations

from collections.abc import Iterable

from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.database import driver

DELIVER = "hub:deliver"

_app = App(connector=PsycopgConnector())
"""Never opened: each job is written through the connection of its cause."""


def lock(system: str) -> str:
    """The lock of the jobs that bring what is due to ``system``: one of them at a time, and one that waits."""
    return f"deliver {system}"


async def nudge(db: AsyncConnection, systems: Iterable[str]) -> None:
    """Have the worker look at once at what must go to ``systems``; it would look by itself a little later.

    Another transaction that nudges the same system waits until this one ends: so this is among the last things one
    does, and in an order in which two cannot wait for each other.
    """
    for system in sorted(set(systems)):
        task = _app.configure_task(DELIVER, connection=await driver(db), lock=lock(system), queueing_lock=lock(system))
        try:
            async with db.begin_nested():
                await task.defer_async(system=system)
        except AlreadyEnqueued:
            continue
