"""The servers that are measured: how each is started, and how a request to it looks. Each ends with its block."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from psycopg.conninfo import conninfo_to_dict

from bench.cases import QUERIES, Case
from bench.pull import free_port
from bench.setting import ENCRYPTION_KEY, SECRET
from bench.viewers import ISSUER, Viewer

ROOT = Path(__file__).parents[1]
CLIENTS = ROOT / "tests" / "clients"
PG_VARIABLES = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
}
UNLIMITED = {"HUB_RATE_ADDRESS": "100000000", "HUB_RATE_REQUESTS": "100000000", "HUB_RATE_COST": "100000000000"}


@dataclass
class Contender:
    """A server on a port of this machine; ``processes`` are all that serve it."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    port: int = field(default_factory=free_port)
    graphql: bool = True
    viewers: tuple[str, ...] = ("officer",)
    folder: Path = ROOT
    processes: list[int] = field(default_factory=list)

    def request(self, case: Case, after: str | None) -> dict[str, Any]:
        """Return path, headers and body of a request for one page of a case."""
        body: dict[str, Any] = {"after": after}
        if not self.graphql:
            return {"path": f"/{case.query}/{case.viewer.kind}", "headers": {}, "body": json.dumps(body)}
        headers = case.viewer.headers if self.name.startswith(("hub", "hive")) else {}
        return {
            "path": "/graphql",
            "headers": headers,
            "body": json.dumps({"query": QUERIES[case.query], "variables": body}),
        }

    async def ask(self, client: httpx.AsyncClient, case: Case, after: str | None = None) -> Any:
        """Return the answer's data; fails with the answer if it has errors."""
        request = self.request(case, after)
        headers = {**request["headers"], "Content-Type": "application/json"}
        url = f"http://127.0.0.1:{self.port}{request['path']}"
        answer = await client.post(url, content=request["body"], headers=headers)
        found = answer.json() if answer.is_success else None
        if not found or "errors" in found:
            raise RuntimeError(f"{self.name} does not answer {case.name}: {answer.status_code} {answer.text[:1000]}")
        return found["data"]

    @asynccontextmanager
    async def running(self, logs: Path) -> AsyncIterator[Contender]:
        """Start the server, wait until it answers, and stop it at the end of the block."""
        log = logs / f"{self.name.replace(' ', '-')}.log"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
        with log.open("wb") as output:
            command = [word.replace("{port}", str(self.port)) for word in self.command]
            process = subprocess.Popen(
                command, cwd=self.folder, env={**environment, **self.environment}, stdout=output, stderr=output
            )
        try:
            await _answers(self.port, process, log)
            self.processes.append(process.pid)
            yield self
        finally:
            process.terminate()
            process.wait()


def hub(url: str, folder: Path, name: str = "hub", *, part: str | None = None, **settings: str) -> Contender:
    """Return ``hub serve`` with everything on, as ``hub run`` starts it; ``part`` is the name of a subgraph."""
    environment = {
        "HUB_DATABASE_URL": url,
        "HUB_DATA_DIR": str(folder),
        "HUB_PII_KEYS": base64.b64encode(ENCRYPTION_KEY).decode(),
        "HUB_SECRET_KEY": SECRET.decode(),
        "HUB_PUBLIC_URL": ISSUER,
        "HUB_LOG_FORMAT": "json",
        **UNLIMITED,
        **settings,
    }
    command = [sys.executable, "-m", "hub", "serve", "--port", "{port}", *(["--subgraph", part] if part else [])]
    return Contender(name, command, environment, viewers=("officer", "agency", "partner", "holder"))


def hand_written(url: str, viewers: Mapping[str, Viewer]) -> Contender:
    """Return the hand-written endpoint."""
    known = {v.kind: {"name": v.name, "own": v.own, "merchants": v.merchants} for v in viewers.values()}
    setting = {"BENCH_SETTING": json.dumps({"url": url, "viewers": known})}
    command = uvicorn("bench.hand.app:app")
    return Contender("hand-written", command, setting, graphql=False, viewers=tuple(viewers))


def strawberry(url: str) -> Contender:
    """Return the graph written with Strawberry, its DataLoaders and SQLAlchemy."""
    return Contender("strawberry", uvicorn("bench.stock.app:app"), {"BENCH_URL": url})


def node(url: str, name: str, key: str = base64.b64encode(ENCRYPTION_KEY).decode()) -> Contender:
    """Return a server of ``tests/clients/baselines``; ``key`` is the key of personal data, in base64."""
    database = {PG_VARIABLES[name]: str(value) for name, value in conninfo_to_dict(url).items() if value is not None}
    environment = {**database, "BENCH_KEY": key, "NODE_ENV": "production"}
    return Contender(name, ["node", str(CLIENTS / "baselines" / f"{name}.mjs"), "{port}"], environment)


def uvicorn(app: str) -> list[str]:
    """Return the command that serves ``app`` as fast as uvicorn can."""
    options = ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]
    return [sys.executable, "-m", "uvicorn", app, "--port", "{port}", *options]


@asynccontextmanager
async def all_running(contenders: Sequence[Contender], logs: Path) -> AsyncIterator[None]:
    """Run all contenders; the others rest while one is measured."""
    async with AsyncExitStack() as stack:
        for contender in contenders:
            await stack.enter_async_context(contender.running(logs))
        yield


async def _answers(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(1200):
        if process.poll() is not None:
            raise RuntimeError(f"it did not start: {log.read_text()[-2000:]}")
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
            continue
        writer.close()
        return
    raise RuntimeError(f"it did not start in a minute: {log.read_text()[-2000:]}")
