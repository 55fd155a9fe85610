"""Processes of two versions run side by side over a migration: nothing fails, and nothing stops before its time."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from hub.store import schema_version
from tests import hub_processes
from tests.waits import HANGS_AFTER, blocked_at, wait_until

pytestmark = [pytest.mark.whole, pytest.mark.timeout(2 * HANGS_AFTER)]

TOKEN = "token-of-the-officer-in-these-tests"
NEXT, BREAKING = "9998", "9999"
PAUSE = 0.2
"""Seconds between two requests, so that the processes that start get a part of the machine."""

MODULE = '''
"""A later version of the database."""

from hub.store.migrations import script

revision, down_revision, compatible = "{version}", "{before}", {compatible}


def upgrade():
    script.run(__file__)
    script.build_indexes({{"complaints_later_{version}": "complaints (later_{version})"}})
'''
# It takes the lock of each large table that reads and writes meet, and makes what later code may need.
SCRIPT = """
alter table complaints add column later_{version} text;
alter table deliveries add column later_{version} int not null default 0;
alter table records add column later_{version} timestamptz;
alter table changes add column later_{version} text default 'x';
create table later_{version} (id bigint primary key, complaint bigint references complaints (id));
"""
READ = "{ complaints(first: 20) { edges { node { ticket status agency { name } timeline { action } } } } }"
SUBMIT = """
mutation ($key: String!) { submitComplaint(input: {idempotencyKey: $key, channel: WEB, class: COMPLAINT,
    title: "Lampu jalan padam", text: "Lampu di jalan ini padam sejak kemarin malam.", areaCode: "33.74",
    anonymous: true}) { __typename ... on SubmitComplaintPayload { complaint { ticket } } } }
"""


@dataclass
class Load:
    """Reads and writes all the time; ``url`` may change meanwhile, as behind a proxy."""

    url: str
    tickets: list[str] = field(default_factory=list)
    reads: int = 0
    faults: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run until the block ends."""
        async with httpx.AsyncClient(trust_env=False, timeout=HANGS_AFTER) as client:
            tasks = [asyncio.create_task(self._read(client)), asyncio.create_task(self._write(client))]
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()
                done = await asyncio.gather(*tasks, return_exceptions=True)
        assert [each for each in done if not isinstance(each, asyncio.CancelledError)] == []

    async def more(self) -> None:
        """Wait until more was read and written."""
        reads, writes = self.reads + 3, len(self.tickets) + 3

        async def done() -> bool:
            return self.reads >= reads and len(self.tickets) >= writes

        await wait_until(done, lambda: str(self.faults))

    async def _read(self, client: httpx.AsyncClient) -> None:
        while True:
            await self._ask(client, READ, {})
            self.reads += 1

    async def _write(self, client: httpx.AsyncClient) -> None:
        while True:
            answer = await self._ask(client, SUBMIT, {"key": f"rolling-{len(self.tickets)}"})
            self.tickets.append(answer["data"]["submitComplaint"]["complaint"]["ticket"])

    async def _ask(self, client: httpx.AsyncClient, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        await asyncio.sleep(PAUSE)
        headers = {"Authorization": f"Bearer {TOKEN}"}
        body = {"query": query, "variables": variables}
        response = await client.post(f"{self.url}/graphql", json=body, headers=headers)
        answer: dict[str, Any] = response.json()
        if response.status_code != 200 or "errors" in answer:
            self.faults.append(response.text)
        return answer


def write_version(folder: Path, version: str, before: str, *, compatible: bool) -> None:
    folder.mkdir(exist_ok=True)
    (folder / f"v{version}_later.py").write_text(
        MODULE.format(version=version, before=before, compatible=compatible), encoding="utf-8"
    )
    (folder / f"{version}_later.sql").write_text(SCRIPT.format(version=version), encoding="utf-8")


@contextmanager
def of_version(folder: Path | None) -> Iterator[None]:
    """Have commands be those of the version with the migrations in ``folder``; None: of this one."""
    usual = list(hub_processes.HUB)
    if folder:
        hub_processes.HUB[:] = [sys.executable, "-m", "tests.runtime.next_hub", str(folder)]
    try:
        yield
    finally:
        hub_processes.HUB[:] = usual


@asynccontextmanager
async def started(folder: Path | None, *command: str, env: dict[str, str], log: Path) -> AsyncIterator[Any]:
    with ExitStack() as stack:
        with of_version(folder):
            process = stack.enter_context(hub_processes.started(*command, env=env, log=log))
        yield process


async def served(log: Path) -> str:
    return await asyncio.to_thread(hub_processes.url_when_ready, log)


async def migrate(folder: Path, env: dict[str, str]) -> None:
    with of_version(folder):
        await asyncio.to_thread(hub_processes.command, "migrate", env=env)


async def last_position(url: str) -> int:
    """Return the position of the latest change of a complaint that a worker has put into the feed."""
    async with await psycopg.AsyncConnection.connect(url) as connection:
        found = await connection.execute("select coalesce(max(last), 0) from feed_heads where system = 'hub'")
        row = await found.fetchone()
    return int(row[0]) if row else 0


def unready(url: str) -> bool:
    return hub_processes.status(f"{url}/readyz") == 503


@pytest.fixture
async def env(database_url: str, tmp_path: Path) -> dict[str, str]:
    """The environment of the processes of both versions, on a migrated database."""
    most = "1000000000"
    made = hub_processes.variables(
        tmp_path,
        HUB_DATABASE_URL=database_url,
        HUB_CONNECTORS=",",
        HUB_DEMO_OFFICER_TOKEN=TOKEN,
        HUB_PULL_TICK="0.2",
        HUB_LOG_FORMAT="json",
        **{f"HUB_RATE_{name}": most for name in ("ADDRESS", "REQUESTS", "COST", "SUBMISSIONS")},
    )
    await asyncio.to_thread(hub_processes.command, "migrate", env=made)
    return made


async def test_two_versions_work_side_by_side(env: dict[str, str], tmp_path: Path) -> None:
    """Old processes keep working after a compatible migration; after another one they are unready, and end."""
    later, last = tmp_path / "later", tmp_path / "last"
    write_version(later, NEXT, schema_version.newest(), compatible=True)
    shutil.copytree(later, last)
    write_version(last, BREAKING, NEXT, compatible=False)
    logs = {name: tmp_path / f"{name}.log" for name in ("early", "old", "old-worker", "new", "new-worker")}
    async with (
        started(later, "serve", env=env, log=logs["early"]) as early,
        started(None, "worker", env=env, log=logs["old-worker"]) as old_worker,
        started(None, "serve", env=env, log=logs["old"]),
    ):
        old = await served(logs["old"])
        load = Load(old)
        async with load.running():
            assert await asyncio.to_thread(early.wait, HANGS_AFTER) == 2
            await _migrate_beside_a_backup(later, env, load)
            await _works(env["HUB_DATABASE_URL"])
            async with (
                started(later, "serve", env=env, log=logs["new"]),
                started(later, "worker", env=env, log=logs["new-worker"]),
            ):
                load.url = await served(logs["new"])
                await load.more()
                assert (hub_processes.status(f"{old}/readyz"), old_worker.poll()) == (200, None)
                await migrate(last, env)
                assert await asyncio.to_thread(old_worker.wait, HANGS_AFTER) == 0
                await wait_until(partial(asyncio.to_thread, unready, old))
        assert load.faults == []
    assert "worker.outdated" in logs["old-worker"].read_text()
    assert "Traceback" not in "".join(log.read_text() for log in logs.values())


async def _migrate_beside_a_backup(folder: Path, env: dict[str, str], load: Load) -> None:
    """Migrate while a long read, such as a backup's, is in the way, and reads and writes go on meanwhile."""
    async with await psycopg.AsyncConnection.connect(env["HUB_DATABASE_URL"]) as backup:
        await backup.execute("select count(*) from complaints, deliveries, records, changes")
        migrating = asyncio.create_task(migrate(folder, env))
        await blocked_at(env["HUB_DATABASE_URL"])
        await load.more()
        assert not migrating.done()
    await migrating
    await load.more()


async def _works(database_url: str) -> None:
    """Wait until the worker has put more changes into the feed."""
    before = await last_position(database_url)

    async def grows() -> bool:
        return await last_position(database_url) > before

    await wait_until(grows)
