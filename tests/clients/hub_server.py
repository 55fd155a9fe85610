"""The hub's own commands as processes, for clients that need a port: filled by real pulls."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx

from hub.connectors import registry
from hub.runtime.server import bind_socket, url_of
from hub.runtime.supervisor import Supervisor
from hub.settings import Settings, read_settings

TOKEN = "token-of-the-officer-in-these-tests"
READY_WITHIN = 60.0


@dataclass(frozen=True, slots=True)
class Hub:
    """The folder of a hub, and the environment of its processes."""

    folder: Path
    environment: Mapping[str, str]

    @classmethod
    def of(cls, folder: Path, database_url: str) -> Hub:
        """Return a hub whose settings do not depend on the environment of the tests."""
        others = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
        own = {"HUB_DATABASE_URL": database_url, "HUB_DATA_DIR": str(folder), "HUB_DEMO_OFFICER_TOKEN": TOKEN}
        # Clients that make up thousands of operations are to meet the graph and not the budget.
        own |= {"HUB_RATE_REQUESTS": "1000000", "HUB_RATE_COST": "1000000000"}
        return cls(folder, {**others, **own})

    async def fill(self) -> None:
        """Pull the demo year and all sandboxes once; afterwards nothing changes, so that answers can be compared."""
        with self._sandboxes() as spoken:
            await self.command("migrate", "--demo")
            await asyncio.gather(*(self.command("sync", name, more=variables) for name, variables in spoken.items()))

    async def command(self, *command: str, more: Mapping[str, str] | None = None, seconds: float = 300) -> str:
        """Return the output of a command that ends by itself; fail with its output."""
        program = [sys.executable, "-P", "-m", "hub", *command]
        environment = {**self.environment, **(more or {})}
        process = await asyncio.create_subprocess_exec(*program, env=environment, stdout=PIPE, stderr=PIPE)
        try:
            async with asyncio.timeout(seconds):
                out, err = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        assert process.returncode == 0, (out + err).decode()
        return out.decode()

    @asynccontextmanager
    async def serve(self, **options: Mapping[str, str]) -> AsyncIterator[dict[str, str]]:
        """Run a ``hub serve`` for each name with its options, such as ``{"--subgraph": "reports"}``; yield the URLs."""
        sockets = {name: bind_socket("127.0.0.1", 0) for name in options}
        urls = {name: url_of(on) for name, on in sockets.items()}
        children = Supervisor(self.folder / "logs")
        try:
            for name, given in options.items():
                arguments = [option for pair in given.items() for option in pair]
                children.start(f"serve-{name}", ["serve", *arguments], self.environment, sock=sockets[name])
            for url in urls.values():
                await ready(f"{url}/readyz", children.report_exits)
            yield urls
        finally:
            children.stop()

    @contextmanager
    def _sandboxes(self) -> Iterator[dict[str, Mapping[str, str]]]:
        """Run each system's sandbox until the block ends; yield its variables."""
        with patch.dict(os.environ, self.environment, clear=True):
            systems = registry.enabled(read_settings(Settings))
        sockets = {system.name: bind_socket("127.0.0.1", 0) for system in systems}
        spoken: dict[str, Mapping[str, str]] = {
            name: registry.sandbox_variables(name, url_of(on), self.folder / "sandboxes")
            for name, on in sockets.items()
        }
        children = Supervisor(self.folder / "logs")
        try:
            for name, on in sockets.items():
                # Calls wait while the sandbox makes up its world, instead of being refused.
                on.listen()
                children.start(f"sandbox-{name}", ["sandbox", name], {**self.environment, **spoken[name]}, sock=on)
            yield spoken
        finally:
            children.stop()


async def ready(url: str, look: Callable[[], object], headers: Mapping[str, str] | None = None) -> None:
    """Wait until ``url`` responds with success; ``look`` raises if the server has ended."""
    until = time.monotonic() + READY_WITHIN
    async with httpx.AsyncClient(trust_env=False, headers=headers) as client:
        while time.monotonic() < until:
            look()
            with contextlib.suppress(httpx.TransportError):
                if (await client.get(url)).is_success:
                    return
            await asyncio.sleep(0.05)
    raise TimeoutError(f"{url} was not ready within {READY_WITHIN:g} s")


def free_port() -> int:
    """Return a free port, for servers that cannot inherit a socket."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


async def ask(
    url: str, query: str, variables: Mapping[str, Any] | None = None, *, token: str | None = TOKEN
) -> dict[str, Any]:
    """Return the response of a GraphQL server at ``url``, with the demo officer's token by default."""
    headers = {"Authorization": f"Bearer {token}", "Hub-Purpose": "handling"} if token else {}
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        response = await client.post(f"{url}/graphql", json={"query": query, "variables": variables}, headers=headers)
    answer: dict[str, Any] = response.json()
    return answer


async def data(url: str, query: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the data for the demo officer; fail if there is an error."""
    answer = await ask(url, query, variables)
    assert "errors" not in answer, answer["errors"]
    found: dict[str, Any] = answer["data"]
    return found
