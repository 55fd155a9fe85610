"""Reads from a real streaming replica: it answers only when it has everything, and the primary answers otherwise."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from asgi_lifespan import LifespanManager
from sqlalchemy import text

from hub.app import build
from hub.cli.diagnostics import diagnose
from hub.settings import Settings
from hub.store.migrate import migrate
from hub.store.replica import AVOID_UNAVAILABLE, ReplicatedDatabase
from tests.standby import Replicated, replicated, run
from tests.waits import HANGS_AFTER

pytestmark = [pytest.mark.whole, pytest.mark.timeout(2 * HANGS_AFTER)]

WRITES = 12
"""Complaints that are submitted at one process and read at the other; the replica stands still for every third."""
SUBMIT = """mutation($key: String!) { submitComplaint(input: {idempotencyKey: $key, channel: WEB, class: COMPLAINT,
  title: "Bus tidak berhenti", text: "Bus melewati halte tanpa berhenti.", areaCode: "33.74", anonymous: true})
  { ... on SubmitComplaintPayload { ticket } } }"""
READ = "query($ticket: String!) { complaint(ticket: $ticket) { ticket } }"


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replicated]:
    with replicated(tmp_path_factory.mktemp("replica")) as both:
        run(both.url, "create table notes (id int primary key)")
        both.caught_up()
        yield both


class Reader:
    """A database with its replica, a clock that is moved by hand, and where its snapshots were read."""

    def __init__(self, url: str, read_url: str) -> None:
        self.time, self.where = 0.0, Counter[str]()
        self.database = ReplicatedDatabase(url, read_url, pool_size=2, snapshots=2, clock=lambda: self.time)
        self.database.count = lambda where: self.where.update([where])

    async def read(self) -> tuple[int, str]:
        """Return the number of notes, and which server told it."""
        before = Counter(self.where)
        async with self.database.snapshot() as connection:
            found = (await connection.execute(text("select count(*) from notes"))).scalar_one()
        ((where, _),) = (self.where - before).items()
        return found, where


@pytest.fixture
async def reader(servers: Replicated) -> AsyncIterator[Reader]:
    run(servers.url, "truncate notes")
    servers.caught_up()
    reader = Reader(servers.url, servers.read_url)
    yield reader
    await reader.database.close()


@contextmanager
def paused(servers: Replicated) -> Iterator[None]:
    servers.pause()
    try:
        yield
    finally:
        servers.resume()


async def test_it_answers_when_it_has_everything(servers: Replicated, reader: Reader) -> None:
    assert await reader.read() == (0, "replica")
    run(servers.url, "insert into notes values (1)")
    servers.caught_up()
    assert await reader.read() == (1, "replica")


async def test_one_that_is_behind_gives_no_answer(servers: Replicated, reader: Reader) -> None:
    with paused(servers):
        run(servers.url, "insert into notes values (1)")
        assert await reader.read() == (1, "primary")
        reader.time += AVOID_UNAVAILABLE
        assert await reader.read() == (1, "primary")
    assert await reader.read() == (1, "primary"), "it is not tried again at once"
    reader.time += AVOID_UNAVAILABLE
    assert await reader.read() == (1, "replica")


async def test_while_it_is_unavailable_the_primary_answers(servers: Replicated, reader: Reader) -> None:
    assert await reader.read() == (0, "replica")
    servers.replica.stop()
    assert await reader.read() == (0, "primary")
    servers.replica.start()
    servers.caught_up()
    assert await reader.read() == (0, "primary")
    reader.time += AVOID_UNAVAILABLE
    assert await reader.read() == (0, "replica")


async def test_a_server_that_is_no_replica_is_not_used(servers: Replicated, postgres_url: str) -> None:
    for other in (servers.url, postgres_url):
        reader = Reader(servers.url, other)
        assert (await reader.read())[1] == "primary"
        await reader.database.close()


async def test_a_snapshot_writes_nothing_on_either(servers: Replicated, reader: Reader) -> None:
    for expected in ("replica", "primary"):
        with pytest.raises(Exception, match="read-only transaction"):
            async with reader.database.snapshot() as connection:
                await connection.execute(text("insert into notes values (2)"))
        assert reader.where.pop(expected) == 1
        reader.database._avoid(AVOID_UNAVAILABLE)


async def test_the_doctor_tells_how_it_is(servers: Replicated, postgres_url: str, tmp_path: Path) -> None:
    async def found(read_url: str) -> tuple[bool, str]:
        settings = Settings(database_url=servers.url, database_read_url=read_url, data_dir=tmp_path, connectors=())
        (finding,) = [each for each in await diagnose(settings) if each.check == "replica"]
        return finding.ok, finding.message

    assert await found(servers.read_url) == (True, "0 bytes of the log behind")
    for read_url, problem in (
        (postgres_url, "no streaming replica"),
        ("postgresql://127.0.0.1:1/hub", "cannot be read"),
    ):
        ok, message = await found(read_url)
        assert not ok
        assert problem in message


async def test_clients_see_their_writes_at_another_process(servers: Replicated) -> None:
    await migrate(servers.url)
    given: dict[str, Any] = {"pii_keys": base64.b64encode(b"k" * 32).decode(), "secret_key": "s" * 32}
    settings = Settings(
        database_url=servers.url, database_read_url=servers.read_url, demo_officer_token="officer", **given
    )
    async with AsyncExitStack() as stack:
        writing, reading = [await _client(stack, settings) for _ in range(2)]
        for number in range(WRITES):
            if number % 3 == 1:
                servers.pause()
            answer = await writing.post("/graphql", json={"query": SUBMIT, "variables": {"key": f"key-{number:05}"}})
            submitted = answer.json()["data"]["submitComplaint"]
            read = (await reading.post("/graphql", json={"query": READ, "variables": submitted})).json()
            assert read["data"]["complaint"] == submitted
            if number % 3 == 1:
                servers.resume()
        figures = (await reading.get("/metrics")).text
    counts = {where: _figure(figures, f'hub_snapshots_total{{where="{where}"}}') for where in ("replica", "primary")}
    assert counts["primary"] >= WRITES / 3
    assert sum(counts.values()) == WRITES


async def _client(stack: AsyncExitStack, settings: Settings) -> httpx.AsyncClient:
    running = await stack.enter_async_context(LifespanManager(build(settings)))
    transport = httpx.ASGITransport(running.app, client=("127.0.0.1", 1))
    headers = {"authorization": "Bearer officer"}
    return await stack.enter_async_context(
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000", headers=headers)
    )


def _figure(figures: str, name: str) -> float:
    return next((float(line.split()[-1]) for line in figures.splitlines() if line.startswith(name)), 0.0)
