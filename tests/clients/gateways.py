"""Gateways that others wrote, as processes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from tests.clients import CLIENTS
from tests.clients.hub_server import free_port, ready

CONFIGURATION = CLIENTS.parents[1] / "docs" / "examples" / "federation" / "gateway.config.mjs"


@asynccontextmanager
async def hive_gateway(supergraph: Path) -> AsyncIterator[str]:
    """Run Hive Gateway over ``supergraph``, configured as the documents say; yield its URL."""
    port = free_port()
    options = ("--config-path", str(CONFIGURATION), "--host", "127.0.0.1", "--port", str(port))
    command = ("node_modules/.bin/hive-gateway", "supergraph", str(supergraph), *options)
    async with process(*command, folder=CLIENTS, ready_at=f"http://127.0.0.1:{port}/readiness", log=supergraph):
        yield f"http://127.0.0.1:{port}"


@asynccontextmanager
async def apollo_gateway(supergraph: Path) -> AsyncIterator[str]:
    """Run Apollo Gateway over ``supergraph``; yield its URL."""
    port = free_port()
    command = ("node", "apollo_gateway.mjs", str(supergraph), str(port))
    at = f"http://127.0.0.1:{port}/graphql?query=%7B__typename%7D"
    async with process(
        *command, folder=CLIENTS, ready_at=at, log=supergraph, headers={"apollo-require-preflight": "1"}
    ):
        yield f"http://127.0.0.1:{port}"


@asynccontextmanager
async def process(
    *command: str,
    folder: Path,
    ready_at: str,
    log: Path,
    headers: Mapping[str, str] | None = None,
    env: Mapping[str, str] | None = None,
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a command in ``folder`` until the block ends, which begins when ``ready_at`` responds with success."""
    file = log.with_suffix(f".{free_port()}.log")
    with file.open("wb") as output:
        running = await asyncio.create_subprocess_exec(*command, cwd=folder, stdout=output, stderr=output, env=env)

    def alive() -> None:
        assert running.returncode is None, file.read_text()

    try:
        await ready(ready_at, alive, headers)
        yield running
    finally:
        if running.returncode is None:
            running.terminate()
            await running.wait()
