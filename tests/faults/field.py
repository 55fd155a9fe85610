"""Where a fault is tried: a hub's database of its own, a system's sandbox, and a bad network between the two."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import text

from hub.connectors.base import Connector, Raw
from hub.connectors.http import Http
from hub.store.database import Cause, Database
from hub.store.sealing import Seal
from hub.sync.batch import read
from hub.sync.pull import Pull
from tests.conftest import on, temporary_database
from tests.connectors.running import Running, pages_of, running_sandbox
from tests.faults.faults import Cell
from tests.faults.proxy import NONE, Proxy

SEAL = Seal([b"k" * 32], b"s" * 40)
PATIENCE = 2.0
"""Seconds that something may go on while the network is bad."""
HELD = "select kind, external_id, digest from records where gone_at is null and system = :system"
DOUBLED = """
select system, kind, subject from changes where before is null group by system, kind, subject having count(*) > 1
"""


@dataclass
class Field:
    """One system and one hub. ``seal`` opens what the hub keeps sealed; ``attempts`` are those of each call."""

    running: Running
    proxy: Proxy
    database: Database
    seal: Seal = SEAL
    attempts: int = 3

    @contextlib.asynccontextmanager
    async def connected(self) -> AsyncIterator[Connector]:
        """The connector behind the proxy; over a bad network it is not patient, lest trying everything takes hours."""
        given = {"deadline": 1.5, "timeout": 0.4} if self._bad else {"deadline": 60.0, "timeout": 30.0}
        async with Http(self.proxy.url, attempts=self.attempts, wait=0.02, **given) as http:
            yield self.running.connector(self.running.settings, http)

    @property
    def _bad(self) -> bool:
        return (self.proxy.up, self.proxy.down) != (NONE, NONE)

    def bad(self, cell: Cell, share: float) -> None:
        """From now on that share of the connections meets the fault."""
        self.proxy.share = share
        self.proxy.set(cell.up, cell.down)

    async def good(self) -> None:
        """The network is good again; what was under way is lost."""
        self.proxy.set()
        await self.proxy.forget()

    async def pull(self) -> str:
        """One pull, which ends where it does; its outcome."""
        async with self.connected() as connector:
            return (await Pull(self.database, connector, self.seal).run()).outcome

    async def rows(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        """What the database holds."""
        async with self.database.read() as db:
            return [tuple(row) for row in await db.execute(text(statement), values)]

    async def run(self, statement: str) -> None:
        """A statement of the test's own, such as to let time pass."""
        async with self.database.write(Cause("test", "test", "faults")) as db:
            await db.execute(text(statement))

    async def listed(self) -> list[Raw]:
        """All that the system lists, over a good network."""
        async with self.running.connected(attempts=3) as connector:
            return [item for page in await pages_of(connector, full=True, most=10_000) for item in page.items]

    async def agree(self, items: Iterable[Raw]) -> None:
        """The hub holds what the system told, no more, no less, and nothing began twice."""
        batch = read(object.__new__(self.running.connector), self.seal, items)
        wanted = {place: row.digest for place, row in batch.rows.items()}
        held = {
            (kind, name): digest for kind, name, digest in await self.rows(HELD, system=self.running.connector.name)
        }
        assert held.keys() == wanted.keys(), len(held.keys() ^ wanted.keys())
        assert {place for place in held if bytes(held[place]) != wanted[place]} == set()
        assert await self.rows(DOUBLED) == []


@contextlib.asynccontextmanager
async def field_of(connector: type[Connector], server: str, template: str, keys: Path) -> AsyncIterator[Field]:
    """A field on a copy of the database ``template``."""
    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(running_sandbox(connector, keys))
        host, _, port = running.url.removeprefix("http://").partition(":")
        proxy = await stack.enter_async_context(Proxy((host, int(port))).running())
        name = await stack.enter_async_context(temporary_database(server, template))
        database = Database(on(server, name), pool_size=8)
        stack.push_async_callback(database.close)
        yield Field(running, proxy, database)


async def for_a_while(work: Callable[[], Coroutine[Any, Any, Any]], field: Field) -> None:
    """``work``, cut off after ``PATIENCE``, as over some networks it would last for ever; again if none met the fault.

    What is kept alive from before a fault was set does not meet it.
    """
    for _ in range(10):
        doing = asyncio.create_task(work())
        done, _ = await asyncio.wait({doing}, timeout=PATIENCE)
        doing.cancel()
        await asyncio.gather(doing, return_exceptions=True)
        for each in done:
            each.result()
        if field.proxy.met:
            return
    raise AssertionError("nothing met the fault")
