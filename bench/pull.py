"""The first pull of 50,000 payments: whole, and each of its parts alone, which shows what bounds it."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import text

from bench.setting import CIPHER, DAY
from hub.connectors import registry
from hub.connectors.base import Connector
from hub.contract import Raw, Run
from hub.settings import Settings
from hub.store.database import Cause, Database
from hub.store.demo_seed import seed
from hub.store.migrate import migrate
from hub.sync.ingest import Ingest
from hub.sync.pull import BATCH, Pull

SYSTEM = "gopay"


@asynccontextmanager
async def connected(folder: Path) -> AsyncIterator[Connector]:
    """The connector, speaking to its sandbox in a process of its own."""
    url = f"http://127.0.0.1:{free_port()}"
    os.environ.update(registry.sandbox_variables(SYSTEM, url, folder), HUB_DATA_DIR=str(folder))
    command = [sys.executable, "-m", "hub", "sandbox", SYSTEM, "--today", DAY.isoformat(), "--port", url[17:]]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        await wait_until_up(f"{url}/_control")
        system = next(one for one in registry.enabled(Settings()) if one.name == SYSTEM)
        async with registry.connect(system) as connector:
            yield connector
    finally:
        process.terminate()
        process.wait()


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


async def wait_until_up(url: str) -> None:
    async with httpx.AsyncClient() as client:
        for _ in range(200):
            try:
                await client.get(url)
                return
            except httpx.TransportError:
                await asyncio.sleep(0.1)
    raise RuntimeError("the sandbox did not start")


async def measure(url: str, folder: Path) -> dict[str, Any]:
    """Seconds and items a second of the whole pull, of reading alone, of mapping alone and of storing alone."""
    async with connected(folder) as connector:
        await migrate(url, [connector.declaration(connector.settings)])
        database = Database(url)
        await seed(database, CIPHER, DAY)
        whole = await Pull(database, connector, CIPHER).run()
        before = await _written(database)
        again = await Pull(database, connector, CIPHER).run(full=True)
        written = await _written(database) - before
        items, reading = await read(connector)
        mapping = _map(connector, items)
        await _empty(database)
        storing = await _store(database, connector, items)
        await database.close()
    count = whole.tally.created + whole.tally.unchanged
    return {
        "items": count,
        "whole_seconds": round(whole.seconds, 2),
        "whole_per_second": round(count / whole.seconds),
        "unchanged_per_second": round(again.tally.unchanged / again.seconds),
        "unchanged_wal_bytes_per_row": round(written / again.tally.unchanged, 1),
        "reading_alone_seconds": round(reading, 2),
        "mapping_alone_seconds": round(mapping, 2),
        "mapping_and_storing_alone_seconds": round(storing, 2),
    }


async def _known() -> AsyncIterator[list[str]]:
    return
    yield


async def read(connector: Connector) -> tuple[list[Raw], float]:
    began = time.perf_counter()
    run = Run(cursor={}, full=True, now=datetime.now(UTC), known=_known())
    items = [item async for page in connector.pages(run) for item in page.items]
    return items, time.perf_counter() - began


def _map(connector: Connector, items: list[Raw]) -> float:
    began = time.perf_counter()
    for item in items:
        connector.map(item)
    return time.perf_counter() - began


async def _written(database: Database) -> int:
    """Return the bytes of WAL that were ever written."""
    async with database.read() as db:
        return int(await db.scalar(text("select pg_current_wal_insert_lsn() - '0/0'::pg_lsn")) or 0)


async def _empty(database: Database) -> None:
    async with database.write(Cause("bench", "bench", "bench")) as db:
        for table in ("records", "record_keys", "record_counts"):
            await db.execute(text(f"delete from {table}"))


async def _store(database: Database, connector: Connector, items: list[Raw]) -> float:
    ingest, cause = Ingest(connector, CIPHER), Cause("bench", "bench", "bench")
    began = time.perf_counter()
    for start in range(0, len(items), BATCH):
        async with database.write(cause) as db:
            await ingest.store(db, items[start : start + BATCH], datetime.now(UTC))
    return time.perf_counter() - began
