"""A thousand readers on one process, some of which stop reading: memory, and the time from commit to reader."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import orjson
import pytest

from hub.concurrency import cancel_and_wait
from hub.contract import SystemDeclaration
from hub.http_client import Http
from hub.runtime.server import bind_socket, url_of
from hub.runtime.supervisor import Supervisor
from hub.store.database import Database
from hub.store.encryption import FieldCipher
from hub.store.oauth import clients
from hub.sync.ingest import Ingest
from tests.api.streams.harness import CENTRAL
from tests.auth.harness import CAUSE
from tests.clients.hub_server import ready
from tests.fake_connector import Fake, FakeSettings, World, payment
from tests.waits import HANGS_AFTER, hanging

pytestmark = [pytest.mark.whole, pytest.mark.timeout(2 * HANGS_AFTER)]

CLIENTS, READERS_EACH, STOPPED = 20, 50, 20
WAVE = 100
CHANGES, EVERY = 40, 0.25
KEY = base64.b64encode(b"k" * 32).decode()


@pytest.fixture
def registered_systems() -> tuple[SystemDeclaration, ...]:
    return (Fake.declaration(FakeSettings()),)


@dataclass
class Reader:
    """One reader; it collects how late each change came, in seconds since its transaction began."""

    late: list[float] = field(default_factory=list)
    caught_up: asyncio.Event = field(default_factory=asyncio.Event)

    async def read(self, port: int, token: str) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = f"GET /feed HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {token}\r\n\r\n"
        writer.write(head.encode())
        with contextlib.closing(writer):
            assert b" 200 " in await reader.readline()
            while line := await reader.readline():
                if line.startswith(b"event: checkpoint"):
                    self.caught_up.set()
                elif line.startswith(b"data: {") and b'"recordedAt"' in line:
                    made = datetime.fromisoformat(orjson.loads(line[6:])["recordedAt"])
                    self.late.append(time.time() - made.timestamp())


async def stopped_reader(port: int, token: str) -> asyncio.StreamWriter:
    """Open a stream whose socket is never read."""
    _, writer = await asyncio.open_connection("127.0.0.1", port, limit=64)
    writer.write(f"GET /feed HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {token}\r\n\r\n".encode())
    return writer


def memory(pid: int) -> float:
    """Return the resident memory of a process in MB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@contextlib.asynccontextmanager
async def registered(database_url: str, url: str) -> AsyncIterator[list[str]]:
    """Register the clients; yield their tokens."""
    database = Database(database_url)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=url, trust_env=False, timeout=60))
        tokens = []
        for number in range(CLIENTS):
            name = f"central-{number}"
            async with database.write(CAUSE) as db:
                await clients.create(db, replace(CENTRAL, id=name))
                secret = await clients.new_secret(db, name)
            answer = await http.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=(name, secret))
            tokens.append(str(answer.json()["access_token"]))
        yield tokens


@contextlib.asynccontextmanager
async def serving(database_url: str, folder: Path) -> AsyncIterator[tuple[str, int]]:
    """Run ``hub serve`` and ``hub worker``; yield the URL and the process id of the server."""
    own = {"HUB_DATABASE_URL": database_url, "HUB_DATA_DIR": str(folder), "HUB_PII_KEYS": KEY, "HUB_CONNECTORS": ""}
    env = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")} | own
    env["HUB_SECRET_KEY"] = "s" * 40
    listener = bind_socket("127.0.0.1", 0)
    url = url_of(listener)
    children = Supervisor(folder / "logs")
    try:
        pid = children.start("serve", ["serve"], env, sock=listener)
        children.start("worker", ["worker"], env)
        await ready(f"{url}/readyz", children.report_exits)
        yield url, pid
    finally:
        children.stop()


@contextlib.asynccontextmanager
async def reading(port: int, tokens: list[str]) -> AsyncIterator[list[Reader]]:
    """Open the streams, as many at once as a hub opens without telling some to come back."""
    readers = [Reader() for _ in range(CLIENTS * READERS_EACH)]
    tasks = []
    for first in range(0, len(readers), WAVE):
        wave = readers[first : first + WAVE]
        tasks += [asyncio.create_task(each.read(port, tokens[index % CLIENTS])) for index, each in enumerate(wave)]
        async with hanging():
            await asyncio.gather(*(each.caught_up.wait() for each in wave))
    stopped = [await stopped_reader(port, tokens[index % CLIENTS]) for index in range(STOPPED)]
    try:
        yield readers
    finally:
        await cancel_and_wait(tasks)
        for writer in stopped:
            writer.close()


async def test_a_thousand_readers_get_each_change_soon(
    database_url: str, tmp_path: Path, record_figure: Callable[[str], None]
) -> None:
    async with serving(database_url, tmp_path) as (url, pid), registered(database_url, url) as tokens:
        before = memory(pid)
        async with reading(int(url.rpartition(":")[2]), tokens) as readers:
            idle = memory(pid)
            await commit(database_url)
            async with hanging():
                while any(len(each.late) < CHANGES for each in readers):
                    await asyncio.sleep(0.1)
            after = memory(pid)
    late = sorted(seconds for each in readers for seconds in each.late)
    assert {len(each.late) for each in readers} == {CHANGES}
    p50, p99 = late[len(late) // 2], late[len(late) * 99 // 100]
    record_figure(
        f"{len(readers)} readers of {CLIENTS} clients and {STOPPED} that do not read: {len(late)} events, one change in"
        f" {EVERY:g} s, commit to reader p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms; memory {before:.0f} MB"
        f" before, {idle:.0f} MB with idle readers, {after:.0f} MB after {CHANGES} changes"
    )
    # A thousand readers take some ten kilobytes each, whatever happens in the feed.
    assert after < before + 100


async def commit(database_url: str) -> None:
    database = Database(database_url)
    cipher = FieldCipher([b"k" * 32], b"s" * 32)
    async with Http("http://127.0.0.1:9") as http:
        ingest = Ingest(Fake(FakeSettings(), http, World()), cipher)
        for number in range(CHANGES):
            async with database.write(CAUSE) as db:
                await ingest.store(db, [payment(f"P{number}")], datetime.now(UTC))
            await asyncio.sleep(EVERY)
    await database.close()
