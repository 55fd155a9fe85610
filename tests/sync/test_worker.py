"""The real ``hub worker`` as a process: when it pulls, beside which others, and what stops it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from hub.store import migrate
from hub.store.database import Database
from hub.store.encryption import FieldCipher
from hub.sync import worker
from hub.sync.jobs import WorkerContext
from tests import hub_processes
from tests.fake_connector import Fake, FakeSettings, payment
from tests.sync.upstream_systems import System, Upstream, folder
from tests.waits import HANGS_AFTER, wait_until

pytestmark = pytest.mark.whole

TICK, STALLED_AFTER = 0.2, 2.0
SILENT = f"""update procrastinate_workers set last_heartbeat = last_heartbeat - interval '{HANGS_AFTER} s'
    where id = (select min(id) from procrastinate_workers)"""
"""Makes the heartbeat of the first worker as old as is permitted."""
REPOSITORY = Path(__file__).parents[2]


@dataclass
class Place:
    """A migrated database, an upstream with systems called ``names``, and workers that pull from it."""

    upstream: Upstream
    database_url: str
    tmp: Path
    every: float
    stalled_after: float = STALLED_AFTER
    started: list[Path] = field(default_factory=list)

    def env(self) -> dict[str, str]:
        """Return the environment of a worker."""
        names = list(self.upstream.systems)
        own = {f"HUB_{name.upper()}_URL": self.upstream.url for name in names}
        own |= {f"HUB_{name.upper()}_EVERY": str(self.every) for name in names}
        return hub_processes.variables(
            self.tmp,
            HUB_DATABASE_URL=self.database_url,
            HUB_CONNECTORS_PATH=str(self.tmp / "connectors"),
            HUB_CONNECTORS=",".join(names),
            HUB_PULL_TICK=str(TICK),
            HUB_STALLED_AFTER=str(self.stalled_after),
            HUB_LOG_FORMAT="json",
            PYTHONPATH=str(REPOSITORY),
            **own,
        )

    @contextlib.contextmanager
    def worker(self) -> Iterator[subprocess.Popen[bytes]]:
        """Run a worker until the block ends."""
        log = self.tmp / f"worker{len(self.started)}.log"
        self.started.append(log)
        with hub_processes.started("worker", env=self.env(), log=log) as process:
            yield process

    def events(self) -> list[dict[str, Any]]:
        """Return the events that the workers logged."""
        return [json.loads(line) for log in self.started for line in log.read_text().splitlines()]

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        with psycopg.connect(self.database_url) as connection:
            return connection.execute(statement).fetchall()

    def run(self, statement: str) -> None:
        """Execute a statement."""
        with psycopg.connect(self.database_url) as connection:
            connection.execute(statement)

    def records(self) -> int:
        """Return the number of stored records."""
        return int(self.rows("select count(*) from records")[0][0])

    async def until(self, holds: Callable[[], Any]) -> None:
        """Wait until the query's result satisfies ``holds``."""

        async def satisfied() -> Any:
            return holds()

        await wait_until(satisfied, lambda: "\n".join(log.read_text() for log in self.started))


def pages(count: int, items: int = 2) -> list[list[dict[str, Any]]]:
    """Return ``count`` pages of payments."""
    return [[payment(f"P{page}-{item}") for item in range(items)] for page in range(count)]


@contextlib.asynccontextmanager
async def placed(
    database_url: str, tmp: Path, every: float, *, stalled_after: float = STALLED_AFTER, **systems: System
) -> AsyncIterator[Place]:
    """Return a place with ``systems``, migrated by the real command."""
    for name in systems:
        folder(tmp / "connectors", name)
    upstream = Upstream(systems)
    async with upstream.served():
        place = Place(upstream, database_url, tmp, every, stalled_after)
        await asyncio.to_thread(hub_processes.command, "migrate", env=place.env())
        yield place


async def test_pulls_repeat_by_their_period(database_url: str, tmp_path: Path) -> None:
    async with placed(database_url, tmp_path, 1.0, east=System(pages(2))) as place:
        east = place.upstream["east"]
        with place.worker():
            await place.until(lambda: len(east.runs) >= 3)
    starts = [run.began for run in east.in_order]
    assert all(after - before >= 1.0 for before, after in pairwise(starts))
    assert place.records() == 4


async def test_two_workers_never_pull_one_system_at_once(database_url: str, tmp_path: Path) -> None:
    systems: dict[str, Any] = {name: System(pages(3), delay=0.1) for name in ("east", "west")}
    async with placed(database_url, tmp_path, 0.05, **systems) as place:
        with place.worker(), place.worker():
            await place.until(lambda: all('"pull"' in log.read_text() for log in place.started))
            await place.until(lambda: all(len(system.runs) >= 6 for system in systems.values()))
    for system in systems.values():
        assert all(before.ended <= after.began for before, after in pairwise(system.in_order))


async def test_a_killed_worker_loses_nothing_and_blocks_only_briefly(database_url: str, tmp_path: Path) -> None:
    systems = {"east": System(pages(3, items=600), silent_from=1)}
    async with placed(database_url, tmp_path, 60, stalled_after=HANGS_AFTER, **systems) as place:
        east = place.upstream["east"]
        east.responding.clear()
        with place.worker() as first:
            await place.until(lambda: place.records() == 600 and east.in_order[0].pages == [0, 1])
            with place.worker():
                await place.until(lambda: place.rows("select id from procrastinate_workers offset 1"))
                first.send_signal(signal.SIGKILL)
                await asyncio.to_thread(first.wait)
                place.run(SILENT)
                await place.until(lambda: len(east.runs) == 2)
                east.responding.set()
                await place.until(lambda: place.records() == 3 * 600)
                await place.until(lambda: place.rows("select name from systems where synced_at is not null"))
    assert east.in_order[1].pages == [1, 2], "it goes on from the cursor"
    assert place.rows("select count(*) from changes") == [(3 * 600,)]


async def test_a_system_that_is_down_delays_no_other(database_url: str, tmp_path: Path) -> None:
    systems: dict[str, Any] = {"east": System(pages(1), down=True), "west": System(pages(1))}
    async with placed(database_url, tmp_path, 0.5, **systems) as place:
        states = "select name from systems where down_since is not null"
        with place.worker():
            await place.until(lambda: place.rows(states) == [("east",)])
            seen = len(systems["west"].runs)
            await place.until(lambda: len(systems["west"].runs) >= seen + 3 and len(systems["east"].runs) >= 2)
            systems["east"].down = False
            await place.until(lambda: place.rows(states) == [])
            seen = len(systems["east"].runs)
            await place.until(lambda: len(systems["east"].runs) > seen)
    events = [(event["event"], event["system"]) for event in place.events() if event["event"].startswith("system.")]
    assert events == [("system.down", "east"), ("system.recovered", "east")]
    assert place.records() == 4


async def test_many_hanging_systems_do_not_delay_a_responsive_one(database_url: str, tmp_path: Path) -> None:
    systems: dict[str, Any] = {name: System(pages(1)) for name in ("a", "b", "c", "d", "e", "west")}
    async with placed(database_url, tmp_path, 0.5, **systems) as place:
        *slow, west = systems.values()
        for system in slow:
            system.responding.clear()
        with place.worker():
            await place.until(lambda: all(system.runs for system in slow) and len(west.runs) >= 3)
            for system in slow:
                system.responding.set()


@pytest.mark.parametrize("busy", [False, True])
async def test_sigterm_ends_it_whatever_it_waits_for(database_url: str, tmp_path: Path, busy: bool) -> None:
    async with placed(database_url, tmp_path, 60, east=System(pages(2))) as place:
        if busy:
            place.upstream["east"].responding.clear()
        with place.worker() as process:
            await place.until(lambda: place.upstream["east"].runs)
            await place.until(lambda: busy or place.records() == 4)
            process.terminate()
            code = await asyncio.to_thread(process.wait, HANGS_AFTER)
    assert code == 0
    assert "Traceback" not in place.started[0].read_text()
    assert not busy or place.rows("select synced_at, down_since from systems") == [(None, None)], "it waited for none"


@contextlib.contextmanager
def away(server: str, database_url: str) -> Iterator[None]:
    """Refuse new connections to the database and end the existing ones."""
    name = conninfo_to_dict(database_url)["dbname"]
    allow = sql.SQL("alter database {} allow_connections {}").format
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(allow(sql.Identifier(str(name)), sql.SQL("false")))
        try:
            connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name])
            yield
        finally:
            connection.execute(allow(sql.Identifier(str(name)), sql.SQL("true")))


async def test_it_works_on_when_the_database_was_away(database_url: str, postgres_url: str, tmp_path: Path) -> None:
    async with placed(database_url, tmp_path, 0.5, east=System(pages(1))) as place:
        runs = place.upstream["east"].runs
        with place.worker() as process:
            await place.until(lambda: len(runs) >= 2)
            with away(postgres_url, database_url):
                await asyncio.sleep(3)
                seen = len(runs)
            await place.until(lambda: len(runs) >= seen + 2)
            assert process.poll() is None


async def test_sigterm_ends_it_also_while_the_database_is_away(
    database_url: str, postgres_url: str, tmp_path: Path
) -> None:
    async with placed(database_url, tmp_path, 60, east=System(pages(1))) as place:
        with place.worker() as process:
            await place.until(lambda: place.records() == 2)
            with away(postgres_url, database_url):
                await asyncio.sleep(1)
                process.terminate()
                assert await asyncio.to_thread(process.wait, HANGS_AFTER) == 0


async def test_without_a_database_it_does_not_start_and_says_why(database_url: str, tmp_path: Path) -> None:
    async with placed(database_url, tmp_path, 60, east=System(pages(1))) as place:
        nowhere = place.env() | {"HUB_DATABASE_URL": "postgresql://hub@127.0.0.1:9/hub"}
        output = await asyncio.to_thread(lambda: hub_processes.command("worker", env=nowhere, code=2))
    assert output.startswith("HUB_DATABASE_URL is wrong or its server is unavailable (")


async def test_a_cancelled_opening_lets_the_process_end() -> None:
    """A server that accepts a connection and is silent, which is when SIGTERM arrives."""
    await asyncio.wait_for(asyncio.to_thread(asyncio.run, _cancelled_opening()), HANGS_AFTER)


async def _cancelled_opening() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.setblocking(False)
        app = worker.queue(f"postgresql://hub@127.0.0.1:{silent.getsockname()[1]}/hub")
        opening = asyncio.create_task(worker.opened(app).__aenter__())
        connection, _ = await asyncio.get_running_loop().sock_accept(silent)
        with connection:
            opening.cancel()
            await asyncio.wait({opening}, timeout=worker.END_WITHIN)


async def test_periodic_cleanup_runs(database_url: str) -> None:
    database = Database(database_url)
    days = {age: datetime.now(UTC) - timedelta(days=age) for age in (89, 91)}
    await migrate.migrate(database_url, [Fake.declaration(FakeSettings())])
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        for age, at in days.items():
            await connection.execute(
                "insert into quarantine (system, digest, reason, raw, first_at, last_at)"
                " values ('fake', %s, 'broken', '{}', %s, now())",
                [bytes([age]), at],
            )
        await connection.execute(
            "insert into pushes (client, system, key, created_at) values"
            " ('client', 'fake', 'old', now() - interval '31 days'), ('client', 'fake', 'new', now())"
        )
        await connection.execute(
            "insert into idempotency (client, operation, key, fingerprint, created_at) values"
            " ('client', 'rate', 'old', '', now() - interval '31 days'), ('client', 'rate', 'new', '', now())"
        )
    work = WorkerContext(database, FieldCipher([b"k" * 32], b"s" * 32), {}, STALLED_AFTER)
    app = worker.queue(database_url)
    async with worker.opened(app):
        await app.tasks["hub:delete_expired"].defer_async(timestamp=0)
        await app.tasks["hub:sample_systems"].defer_async(timestamp=0)
        await app.run_worker_async(wait=False, additional_context={"context": work}, install_signal_handlers=False)
    async with database.read() as db:
        kept = (await db.exec_driver_sql("select first_at from quarantine")).scalars().all()
        keys = (await db.exec_driver_sql("select key from pushes union all select key from idempotency")).scalars()
        promised = keys.all()
        sampled = (await db.exec_driver_sql("select system, lag_in from system_samples")).all()
    await database.close()
    assert [tuple(row) for row in sampled] == [("fake", None)]
    assert kept == [days[89]]
    assert promised == ["new", "new"]
