"""Hive Gateway over the hub's subgraphs, each served by a process of its own."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from bench.contenders import CLIENTS, ROOT, Contender, hub
from hub.schema.graph import PARTS

CONFIGURATION = ROOT / "docs" / "examples" / "federation" / "gateway.config.mjs"
NAMES = tuple(part.name for part in PARTS)


class Hive(Contender):
    """The gateway, of whose processes the subgraphs are part."""

    def __init__(self, url: str, folder: Path) -> None:
        supergraph = folder / "supergraph.graphql"
        command = ["node_modules/.bin/hive-gateway", "supergraph", str(supergraph), "--config-path"]
        command += [str(CONFIGURATION), "--host", "127.0.0.1", "--port", "{port}"]
        super().__init__("hive", command, {"NODE_ENV": "production", "LOG_LEVEL": "error"}, folder=CLIENTS)
        self._supergraph = supergraph
        self._subgraphs = {name: hub(url, folder, f"hive {name}", part=name) for name in NAMES}

    @asynccontextmanager
    async def running(self, logs: Path) -> AsyncIterator[Contender]:
        """Run the subgraphs, and the gateway over what they are composed to."""
        async with AsyncExitStack() as stack:
            for subgraph in self._subgraphs.values():
                await stack.enter_async_context(subgraph.running(logs))
                self.processes += subgraph.processes
            self._supergraph.write_text(await asyncio.to_thread(self._composed, logs))
            yield await stack.enter_async_context(super().running(logs))

    def _composed(self, folder: Path) -> str:
        services = [
            {"name": name, "url": f"http://127.0.0.1:{subgraph.port}/graphql", "sdl": _sdl(name)}
            for name, subgraph in self._subgraphs.items()
        ]
        file = folder / "services.json"
        file.write_text(json.dumps(services))
        composed: dict[str, Any] = json.loads(_output("node", "compose.mjs", str(file), cwd=CLIENTS))
        supergraph: str = composed["guild"]["supergraph"]
        return supergraph


def _sdl(name: str) -> str:
    return _output(sys.executable, "-m", "hub", "schema", "--subgraph", name)


def _output(*command: str, cwd: Path | None = None) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=cwd).stdout
