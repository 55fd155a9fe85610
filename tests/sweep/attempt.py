"""One attempt to live through a life: its own database and sandboxes, processes that are killed, clients that go on."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import text

from hub.connectors.base import Connector
from hub.store.database import Cause, Database
from tests.conftest import on, temporary_database
from tests.connectors.running import Running, running_sandbox
from tests.connectors.variables import variables
from tests.sweep.client import Client
from tests.sweep.ground import Ground
from tests.sweep.points import Plan
from tests.sweep.process import Command, Kills

AN_HOUR = (
    "update deliveries set due_at = due_at - interval '1 hour', attempted_at = attempted_at - interval '1 hour'",
    "update systems set next_pull_at = next_pull_at - interval '1 hour'",
    "update record_files set due_at = due_at - interval '1 hour'",
    "update procrastinate_workers set last_heartbeat = last_heartbeat - interval '1 hour'",
)
"""An hour passes: every time the hub waits for is that much nearer. Nothing sleeps for it."""


@dataclass
class Attempt:
    """What a life and its checks see. ``told`` is what clients were told, step by step."""

    ground: Ground
    kills: Kills
    folder: Path
    database: Database
    url: str
    port: int = field(default_factory=lambda: _free_port())
    sandboxes: dict[str, Running] = field(default_factory=dict)
    told: list[tuple[str, Any]] = field(default_factory=list)

    def env(self, **given: str) -> dict[str, str]:
        """The variables of the hub's processes."""
        env = {**self.ground.env(), "HUB_DATABASE_URL": self.url}
        for running in self.sandboxes.values():
            env |= variables(running.settings)
        return env | given

    @contextlib.asynccontextmanager
    async def command(self, *words: str, **given: str) -> AsyncIterator[None]:
        """``hub`` with ``words``, killed where the plan says and started again, until the block ends."""
        command = Command(words, self.env(**given), self.folder, self.kills, self.an_hour)
        async with asyncio.TaskGroup() as group:
            running = group.create_task(command.run())
            yield
            await command.end()
            await running

    async def done(self, *words: str) -> None:
        """``hub`` with ``words``, until it has ended well."""
        env = self.env()
        await Command(words, env, self.folder, self.kills, self.an_hour).run()

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[Client]:
        """``hub serve``, and a client that goes on asking until it is told."""
        async with (
            self.command("serve", HUB_PORT=str(self.port)),
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", trust_env=False, timeout=30) as http,
        ):
            yield Client(http, self.ground.token, self.told)

    async def an_hour(self) -> None:
        """An hour passes."""
        async with self.database.write(Cause("clock", "test", "an hour")) as db:
            for statement in AN_HOUR:
                await db.execute(text(statement))

    async def rows(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        """What the database holds."""
        async with self.database.read() as db:
            return [tuple(row) for row in await db.execute(text(statement), values)]

    async def until(self, statement: str, expected: Any, seconds: float = 100.0) -> None:
        """Wait until the one value that ``statement`` finds is ``expected``; what is unclear has to settle."""
        found: Any = None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while (found := (await self.rows(statement))[0][0]) != expected:
                    await asyncio.sleep(0.05)
                return
        raise AssertionError(f"{statement} finds {found}, not {expected}, after {seconds:g} s; {self.logs()}")

    def logs(self) -> str:
        """What the processes wrote."""
        return "\n".join(path.read_text()[-3000:] for path in self.folder.glob("*.log"))


@contextlib.asynccontextmanager
async def attempted(
    ground: Ground, template: str, plan: Plan, speaks_to: Callable[[type[Connector]], bool]
) -> AsyncIterator[Attempt]:
    """An attempt on a fresh copy of ``template``, with fresh sandboxes of the systems it speaks to."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hub-sweep-")))
        name = await stack.enter_async_context(temporary_database(ground.server, template))
        url = on(ground.server, name)
        database = Database(url, pool_size=3)
        stack.push_async_callback(database.close)
        attempt = Attempt(ground, Kills(plan), folder, database, url)
        hub = f"http://127.0.0.1:{attempt.port}"
        for kind in filter(speaks_to, ground.connectors):
            attempt.sandboxes[kind.name] = await stack.enter_async_context(running_sandbox(kind, ground.keys, hub=hub))
        yield attempt


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
