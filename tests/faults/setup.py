"""The setup of a fault test: a database of its own, a system's sandbox, and a faulty network between the two."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import text

from hub.connectors.base import Connector
from hub.contract import Raw
from hub.http_client import Http
from hub.store.database import Cause, Database
from hub.store.encryption import FieldCipher
from hub.sync.batch import read_items
from hub.sync.pull import Pull
from hub.testing.running import Running, pages_of, running_sandbox
from tests.conftest import on, temporary_database
from tests.faults.cells import Cell
from tests.faults.proxy import NONE, Proxy

SEAL = FieldCipher([b"k" * 32], b"s" * 40)
PATIENCE = 2.0
"""Maximum seconds of work over a faulty network."""
STORED = "select kind, external_id, digest from records where gone_at is null and system = :system"
DOUBLED = """
select system, kind, subject from changes where before is null group by system, kind, subject having count(*) > 1
"""


@dataclass
class FaultSetup:
    """One system and one hub. ``cipher`` decrypts the hub's personal data; each call has ``attempts``."""

    running: Running
    proxy: Proxy
    database: Database
    cipher: FieldCipher = SEAL
    attempts: int = 3

    @contextlib.asynccontextmanager
    async def connected(self) -> AsyncIterator[Connector]:
        """The connector behind the proxy; its time limits are short over a faulty network, to keep the tests short."""
        deadline, timeout = (1.5, 0.4) if self._bad else (60.0, 30.0)
        async with Http(self.proxy.url, attempts=self.attempts, wait=0.02, deadline=deadline, timeout=timeout) as http:
            yield self.running.connector_on(http)

    @property
    def _bad(self) -> bool:
        return (self.proxy.up, self.proxy.down) != (NONE, NONE)

    async def fault_occurred(self) -> bool:
        """Return whether the fault has affected a connection."""
        return self.proxy.faulty_connections > 0

    def bad(self, cell: Cell, share: float) -> None:
        """Apply the fault of ``cell`` to ``share`` of the new connections."""
        self.proxy.share = share
        self.proxy.set(cell.up, cell.down)

    async def good(self) -> None:
        """Remove the fault and end all connections."""
        self.proxy.set()
        await self.proxy.forget()

    async def pull(self) -> str:
        """Pull once and return the outcome."""
        async with self.connected() as connector:
            return (await Pull(self.database, connector, self.cipher).run()).outcome

    async def rows(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        async with self.database.read() as db:
            return [tuple(row) for row in await db.execute(text(statement), values)]

    async def run(self, statement: str) -> None:
        """Execute a statement, for example one that moves times."""
        async with self.database.write(Cause("test", "test", "faults")) as db:
            await db.execute(text(statement))

    async def listed(self) -> list[Raw]:
        """Return all items that the system lists, over a network without faults."""
        async with self.running.connected(attempts=3) as connector:
            return [item for page in await pages_of(connector, full=True, most=10_000) for item in page.items]

    async def agree(self, items: Iterable[Raw]) -> None:
        """Check that exactly ``items`` are stored, and that no record was created twice."""
        batch = read_items(object.__new__(self.running.connector), self.cipher, items, datetime.now(UTC))
        expected = {place: row.digest for place, row in batch.rows.items()}
        stored = {
            (kind, name): digest for kind, name, digest in await self.rows(STORED, system=self.running.connector.name)
        }
        assert stored.keys() == expected.keys(), len(stored.keys() ^ expected.keys())
        assert {place for place in stored if bytes(stored[place]) != expected[place]} == set()
        assert await self.rows(DOUBLED) == []


SIZE = 100
"""Items in each sandbox."""


@contextlib.asynccontextmanager
async def fault_setup(connector: type[Connector], server: str, template: str, keys: Path) -> AsyncIterator[FaultSetup]:
    """A setup on a copy of the database ``template``."""
    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(running_sandbox(connector, keys, size=SIZE))
        host, _, port = running.url.removeprefix("http://").partition(":")
        proxy = await stack.enter_async_context(Proxy((host, int(port))).running())
        name = await stack.enter_async_context(temporary_database(server, template))
        database = Database(on(server, name), pool_size=8)
        stack.push_async_callback(database.close)
        yield FaultSetup(running, proxy, database)


async def for_a_while(work: Callable[[], Coroutine[Any, Any, Any]], setup: FaultSetup) -> None:
    """Run ``work`` for at most ``PATIENCE`` seconds, and again until the fault has affected a connection.

    Over some networks ``work`` would never end. The fault does not affect connections that were open before it was
    set.
    """
    for _ in range(10):
        task = asyncio.create_task(work())
        done, _ = await asyncio.wait({task}, timeout=PATIENCE)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        for each in done:
            each.result()
        if setup.proxy.faulty_connections:
            return
    raise AssertionError("the fault affected no connection")
