"""Two real ``hub serve`` on one database, as clients and operators reach them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson
import psycopg

from tests import hub_processes
from tests.auth.server.harness import GRANT
from tests.waits import HANGS_AFTER

ISSUER = "http://127.0.0.1:8000"
"""The issuer of both processes, as behind one proxy."""
QUERY = {"query": "{ systems { name } }"}


@dataclass
class Two:
    """Both processes as clients reach them, and the environment of their commands."""

    hubs: list[httpx.AsyncClient]
    env: dict[str, str]
    database_url: str

    async def command(self, *arguments: str) -> str:
        return await asyncio.to_thread(hub_processes.command, *arguments, env=self.env)

    async def command_result(self, *arguments: str) -> Any:
        (line,) = (await self.command(*arguments, "--json")).splitlines()
        return orjson.loads(line)

    async def client(self, name: str, *arguments: str) -> httpx.BasicAuth:
        """Register a client with the command."""
        usual = (
            "--name",
            name,
            "--organisation",
            "Uji",
            "--method",
            "client_secret_basic",
            "--scope",
            "complaints:read",
        )
        client = await self.command_result("clients", "create", "--id", name, *usual, *arguments)
        return httpx.BasicAuth(name, client["secret"])

    async def token(self, auth: httpx.BasicAuth, at: int = 0) -> str:
        answer = await self.hubs[at].post("/oauth/token", data=GRANT, auth=auth)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    async def status(self, token: str, at: int) -> int:
        answer = await self.hubs[at].post("/graphql", json=QUERY, headers={"Authorization": f"Bearer {token}"})
        return answer.status_code

    def scalar(self, statement: str, *values: str) -> Any:
        with psycopg.connect(self.database_url) as connection:
            row = connection.execute(statement, values).fetchone()
        return row[0] if row else None


@asynccontextmanager
async def serving(env: dict[str, str], log: Path) -> AsyncIterator[httpx.AsyncClient]:
    with hub_processes.started("serve", env=env, log=log):
        url = await asyncio.to_thread(hub_processes.url_when_ready, log)
        async with httpx.AsyncClient(base_url=url, timeout=HANGS_AFTER, trust_env=False) as client:
            yield client


async def last_accepted(two: Two, token: str) -> float:
    """Return when the last accepted request was sent, in seconds since 1970; both processes refuse it now.

    A request that was sent earlier may still be answered by the earlier state.
    """
    accepted, refused = 0.0, set[int]()
    while len(refused) < 2:
        for at in range(2):
            sent = time.time()
            status = await two.status(token, at)
            assert status in (200, 401)
            if status == 200:
                assert at not in refused, "a process that refused it accepts it again"
                accepted = max(accepted, sent)
            else:
                refused.add(at)
        await asyncio.sleep(0.02)
    return accepted
