"""One attempt at a scenario: its own database and sandboxes, processes that are killed, clients that retry."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import text

from hub.connectors.base import Connector
from hub.runtime.embedded_postgres import EmbeddedPostgres
from hub.store.database import UNAVAILABLE, Cause, Database
from hub.testing.running import Running, running_sandbox
from tests.conftest import on, temporary_database
from tests.connectors.settings_variables import variables
from tests.sweep.client import Client
from tests.sweep.crash_points import Plan
from tests.sweep.database_crash import crash
from tests.sweep.process import Command, Kills
from tests.sweep.setup import SIZE, SweepSetup
from tests.waits import HANGS_AFTER, wait_until

PASSES = (
    "update deliveries set due_at = due_at - cast(:time as interval), attempted_at = attempted_at - :time",
    "update decisions set due_at = due_at - cast(:time as interval), attempted_at = attempted_at - :time",
    "update systems set next_pull_at = next_pull_at - cast(:time as interval), full_at = full_at - :time",
    "update inquiries set due_at = due_at - cast(:time as interval), asked_at = asked_at - :time",
    "update record_files set due_at = due_at - cast(:time as interval)",
    "update webhooks set retry_at = retry_at - cast(:time as interval), next_at = next_at - :time",
    "update webhook_deliveries set due_at = due_at - cast(:time as interval)",
    "update procrastinate_workers set last_heartbeat = last_heartbeat - cast(:time as interval)",
)
"""Move the times for which the hub waits, so that no test sleeps."""
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass
class Attempt:
    """The state of a scenario and its checks. ``responses`` are those that clients got, by step."""

    setup: SweepSetup
    kills: Kills
    folder: Path
    database: Database
    url: str
    port: int = field(default_factory=lambda: _free_port())
    sandboxes: dict[str, Running] = field(default_factory=dict)
    responses: list[tuple[str, Any]] = field(default_factory=list)
    asking: set[str] = field(default_factory=set)
    """The reports that required an answer of the province in any pull."""
    server: EmbeddedPostgres | None = None
    """The server of the database, if that is killed."""
    others: Callable[[], None] = lambda: None
    """What happens in the systems while a process is down."""

    def env(self, **given: str) -> dict[str, str]:
        """Return the variables of the hub's processes."""
        env = {**self.setup.env(), "HUB_DATABASE_URL": self.url}
        for running in self.sandboxes.values():
            env |= variables(running.settings)
        return env | given

    @contextlib.asynccontextmanager
    async def command(self, *arguments: str, **given: str) -> AsyncIterator[None]:
        """Run ``hub`` with ``arguments`` until the block ends; it is killed as planned and started again."""
        command = Command(arguments, self.env(**given), self.folder, self.kills, self._meanwhile, self.crash)
        async with asyncio.TaskGroup() as group:
            running = group.create_task(command.run())
            yield
            await command.end()
            await running

    async def done(self, *arguments: str) -> None:
        """Run ``hub`` with ``arguments`` until it ends with success."""
        env = self.env()
        await Command(arguments, env, self.folder, self.kills, self._meanwhile, self.crash).run()

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[Client]:
        """Run ``hub serve``; yield a client that retries until it gets a response."""
        async with (
            self.command("serve", HUB_PORT=str(self.port)),
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", trust_env=False, timeout=HANGS_AFTER) as http,
        ):
            yield Client(http, self.setup.token, self.responses)

    async def crash(self) -> bool:
        """Kill the database's server, if that is to be killed."""
        if self.server:
            await crash(self.server)
        return self.server is not None

    async def _meanwhile(self) -> None:
        self.others()
        await self.passes(HOUR)

    async def passes(self, time: timedelta) -> None:
        """Move all times by this duration."""
        async with self.database.write(Cause("clock", "test", "time passes")) as db:
            for statement in PASSES:
                await db.execute(text(statement), {"time": time})

    async def rows(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        async with self.database.read() as db:
            return [tuple(row) for row in await db.execute(text(statement), values)]

    async def until(self, statement: str, expected: Any, *, hurry: str | None = None) -> None:
        """Wait until ``statement`` returns ``expected``; outcomes that are unknown must be settled.

        ``hurry`` is executed repeatedly meanwhile, so that the test need not wait until something is due.
        """
        found: Any = None

        async def holds() -> bool:
            nonlocal found
            # The database may be away for a moment.
            with contextlib.suppress(*UNAVAILABLE):
                if hurry:
                    async with self.database.write(Cause("clock", "test", "time passes")) as db:
                        await db.execute(text(hurry))
                ((found,),) = await self.rows(statement)
            return bool(found == expected)

        await wait_until(holds, lambda: f"{statement} finds {found}, not {expected}; {self.logs()}")

    def logs(self) -> str:
        """Return the logs of the processes."""
        return "\n".join(path.read_text()[-3000:] for path in self.folder.glob("*.log"))


@contextlib.asynccontextmanager
async def started_attempt(
    setup: SweepSetup,
    template: str,
    plan: Plan,
    speaks_to: Callable[[type[Connector]], bool],
    server: EmbeddedPostgres | None = None,
) -> AsyncIterator[Attempt]:
    """Start an attempt on a fresh copy of ``template``, with fresh sandboxes of its systems.

    With ``server``, that server is killed instead of the hub's processes.
    """
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hub-sweep-")))
        name = await stack.enter_async_context(temporary_database(setup.server, template))
        url = on(setup.server, name)
        database = Database(url, pool_size=3)
        stack.push_async_callback(database.close)
        attempt = Attempt(setup, Kills(plan), folder, database, url, server=server)
        hub = f"http://127.0.0.1:{attempt.port}"
        for kind in filter(speaks_to, setup.connectors):
            attempt.sandboxes[kind.name] = await stack.enter_async_context(
                running_sandbox(kind, setup.keys, hub=hub, size=SIZE)
            )
        yield attempt


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
