"""Reads from a streaming replica that has everything which was committed when the read began.

A replica is behind by a moment, or by minutes. Before a snapshot the primary is therefore asked how long its log is,
and the replica is used once it has replayed that much: it answers as the primary would have, and a client sees its own
writes, whichever process took them. While the replica is too far behind or unavailable, the primary answers.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, NamedTuple

import structlog
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.database import (
    DATABASE_ERRORS,
    Database,
    begin_snapshot,
    end_snapshot,
    execute,
    make_engine,
)

log = structlog.stdlib.get_logger(__name__)

PATIENCE = 0.02
"""Seconds to wait until the replica has replayed the log."""
POLL = 0.002
"""Seconds between two looks at the replica meanwhile."""
ANSWER_WITHIN, CONNECT_WITHIN = 1.0, "2"
"""Seconds after which a replica that does not answer, or takes no connection, is treated as unavailable."""
AVOID_BEHIND, AVOID_UNAVAILABLE = 0.5, 5.0
"""Seconds for which a replica is not tried again after it was behind or unavailable: reads do not wait for it."""

# `system_identifier` is the same in a primary and its replicas, and in no other cluster of databases.
POSITION = """
select pg_current_wal_lsn()::text as log, system_identifier as cluster from pg_control_system()
"""
REPLAYED = """
select pg_is_in_recovery() and system_identifier = %(cluster)s as replica,
       pg_wal_lsn_diff(%(log)s, pg_last_wal_replay_lsn()) as behind
from pg_control_system()
"""


class Position(NamedTuple):
    """How long the log of the primary is, and the identifier of its cluster."""

    log: str
    cluster: int


def database_with_replica(
    url: str, read_url: str | None, *, pooler_url: str | None, pool_size: int, snapshots: int
) -> Database:
    """Return the database at ``url``, whose snapshots are read from the replica at ``read_url`` if there is one."""
    if read_url is None:
        return Database(url, pooler_url=pooler_url, pool_size=pool_size, snapshots=snapshots)
    return ReplicatedDatabase(url, read_url, pooler_url=pooler_url, pool_size=pool_size, snapshots=snapshots)


async def bytes_behind(url: str, read_url: str) -> int | None:
    """Return how many bytes of the log at ``url`` the replica at ``read_url`` has not replayed; None if it is none."""
    database = ReplicatedDatabase(url, read_url, pool_size=1, snapshots=1)
    try:
        return await database.bytes_behind()
    finally:
        await database.close()


class SharedRead:
    """Calls ``read`` for all callers that arrive before the call begins; later ones wait for the next call."""

    def __init__(self, read: Callable[[], Awaitable[Position]]) -> None:
        self._read = read
        self._running: asyncio.Task[Position] | None = None
        self._next: asyncio.Task[Position] | None = None

    async def __call__(self) -> Position:
        """Return what a call that begins from now on returns; raises what it raises."""
        if self._next is None:
            self._next = asyncio.create_task(self._call(self._running))
            # Its error is for those who wait; if none does any more, it is not reported as unnoticed.
            self._next.add_done_callback(lambda task: task.cancelled() or task.exception())
        return await asyncio.shield(self._next)

    async def _call(self, before: asyncio.Task[Position] | None) -> Position:
        if before is not None:
            await asyncio.wait([before])
        self._running, self._next = self._next, None
        return await self._read()


class ReplicatedDatabase(Database):
    """A database whose snapshots are read from the replica at ``read_url`` when it has everything.

    ``count`` is called with ``replica`` or ``primary`` for each snapshot.
    """

    def __init__(
        self,
        url: str,
        read_url: str,
        *,
        pooler_url: str | None = None,
        pool_size: int = 10,
        snapshots: int = 5,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(url, pooler_url=pooler_url, pool_size=pool_size, snapshots=snapshots)
        within = make_url(read_url).update_query_dict({"connect_timeout": CONNECT_WITHIN})
        at = within.render_as_string(hide_password=False)
        self._replica = make_engine(at, snapshots, isolation_level="AUTOCOMMIT")
        self._position, self._clock = SharedRead(self._read_position), clock
        self._avoid_until = float("-inf")
        self.count: Callable[[str], object] = lambda _: None

    async def close(self) -> None:
        """Close every connection."""
        await super().close()
        await self._replica.dispose()

    @contextlib.asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncConnection]:
        """Yield a connection whose reads all see the same moment, no earlier than now; it cannot write."""
        async with contextlib.AsyncExitStack() as stack:
            connection = await self._on_replica(stack)
            if connection is None:
                self.count("primary")
                yield await stack.enter_async_context(super().snapshot())
            else:
                self.count("replica")
                yield connection
                await end_snapshot(connection)

    async def bytes_behind(self) -> int | None:
        """Return how many bytes of the log the replica has not replayed; None if it is no replica."""
        position = await self._position()
        async with self._replica.connect() as connection:
            (row,) = await execute(connection, REPLAYED, position._asdict())
        return max(0, int(row["behind"])) if row["replica"] else None

    async def _on_replica(self, stack: contextlib.AsyncExitStack) -> AsyncConnection | None:
        """Return a connection to the replica in a snapshot, or None if the primary has to answer."""
        if self._clock() < self._avoid_until:
            return None
        position = await self._position()
        async with contextlib.AsyncExitStack() as tried:
            try:
                # Not in the time limit: it may wait until another operation is done.
                connection = await tried.enter_async_context(self._replica.connect())
                async with asyncio.timeout(ANSWER_WITHIN):
                    if not await self._has_replayed(connection, position):
                        self._avoid(AVOID_BEHIND)
                        return None
                    await begin_snapshot(connection)
            except (*DATABASE_ERRORS, OSError) as error:
                log.warning("replica.unavailable", error=type(error).__name__)
                self._avoid(AVOID_UNAVAILABLE)
                return None
            stack.push_async_callback(tried.pop_all().aclose)
        return connection

    def _avoid(self, seconds: float) -> None:
        self._avoid_until = max(self._avoid_until, self._clock() + seconds)

    async def _has_replayed(self, connection: AsyncConnection, position: Position) -> bool:
        """Wait for the log a moment; false if this is no replica of the primary."""
        for _ in range(round(PATIENCE / POLL)):
            (row,) = await execute(connection, REPLAYED, position._asdict())
            if not row["replica"]:
                log.error("replica.wrong", advice="HUB_DATABASE_READ_URL names no replica of HUB_DATABASE_URL")
                self._avoid(AVOID_UNAVAILABLE)
                return False
            if row["behind"] <= 0:
                return True
            await asyncio.sleep(POLL)
        return False

    async def _read_position(self) -> Position:
        async with self.read() as connection:
            row: dict[str, Any] = (await execute(connection, POSITION, {}))[0]
        return Position(**row)
