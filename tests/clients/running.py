"""The hub's own commands as processes, for clients that need a port: filled by real pulls, served as anybody would."""

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
from hub.process.serve import address, bound
from hub.process.supervise import Children
from hub.settings import Settings, read

TOKEN = "token-of-the-officer-in-these-tests"
READY_WITHIN = 60.0


@dataclass(frozen=True, slots=True)
class Hub:
    """Where a hub keeps its data, and the environment its processes get."""

    folder: Path
    environment: Mapping[str, str]

    @classmethod
    def of(cls, folder: Path, database_url: str) -> Hub:
        """A hub whose settings come from here only, none from whoever runs the tests."""
        others = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
        own = {"HUB_DATABASE_URL": database_url, "HUB_DATA_DIR": str(folder), "HUB_DEMO_OFFICER_TOKEN": TOKEN}
        # Clients that make up thousands of operations are to meet the graph and not the budget.
        own |= {"HUB_RATE_REQUESTS": "1000000", "HUB_RATE_COST": "1000000000"}
        return cls(folder, {**others, **own})

    async def fill(self) -> None:
        """The demo year and all that the sandboxes tell, pulled once; then it stands still, so that answers compare."""
        with self._sandboxes() as spoken:
            await self.command("migrate", "--demo")
            await asyncio.gather(*(self.command("sync", name, more=variables) for name, variables in spoken.items()))

    async def command(self, *command: str, more: Mapping[str, str] | None = None, seconds: float = 300) -> str:
        """The output of a command that ends by itself; fails with what it said."""
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
        """URLs of a ``hub serve`` for each name, with its options as ``{"--subgraph": "reports"}``, all ready."""
        sockets = {name: bound("127.0.0.1", 0) for name in options}
        urls = {name: address(on) for name, on in sockets.items()}
        children = Children(self.folder / "logs")
        try:
            for name, given in options.items():
                words = [word for pair in given.items() for word in pair]
                children.start(f"serve-{name}", ["serve", *words], self.environment, on=sockets[name])
            for url in urls.values():
                await ready(f"{url}/readyz", children.deaths)
            yield urls
        finally:
            children.stop()

    @contextmanager
    def _sandboxes(self) -> Iterator[dict[str, Mapping[str, str]]]:
        """The variables with which each system's sandbox is found, which runs until the block ends."""
        with patch.dict(os.environ, self.environment, clear=True):
            systems = registry.enabled(read(Settings))
        sockets = {system.name: bound("127.0.0.1", 0) for system in systems}
        spoken: dict[str, Mapping[str, str]] = {
            system.name: system.connector.sandbox_settings(address(sockets[system.name]), self.folder / "sandboxes")
            for system in systems
        }
        children = Children(self.folder / "logs")
        try:
            for name, on in sockets.items():
                # Calls wait while the sandbox makes up its world, instead of being refused.
                on.listen()
                children.start(f"sandbox-{name}", ["sandbox", name], {**self.environment, **spoken[name]}, on=on)
            yield spoken
        finally:
            children.stop()


async def ready(url: str, look: Callable[[], object]) -> None:
    """Wait until ``url`` answers well; ``look`` raises when there is nothing left to wait for."""
    until = time.monotonic() + READY_WITHIN
    async with httpx.AsyncClient(trust_env=False) as client:
        while time.monotonic() < until:
            look()
            with contextlib.suppress(httpx.TransportError):
                if (await client.get(url)).is_success:
                    return
            await asyncio.sleep(0.05)
    raise TimeoutError(f"{url} was not ready within {READY_WITHIN:g} s")


def free_port() -> int:
    """A port that was free a moment ago, for servers that cannot inherit a socket."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


async def ask(
    url: str, query: str, variables: Mapping[str, Any] | None = None, *, token: str | None = TOKEN
) -> dict[str, Any]:
    """The answer of a GraphQL server at ``url``, with the demo officer's token unless told otherwise."""
    headers = {"Authorization": f"Bearer {token}", "Hub-Purpose": "handling"} if token else {}
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        response = await client.post(f"{url}/graphql", json={"query": query, "variables": variables}, headers=headers)
    answer: dict[str, Any] = response.json()
    return answer


async def data(url: str, query: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What the demo officer is told, without an error."""
    answer = await ask(url, query, variables)
    assert "errors" not in answer, answer["errors"]
    told: dict[str, Any] = answer["data"]
    return told
