"""Two real ``hub serve`` on one database: both refuse what was revoked at one, and keys are rotated under load."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import httpx
import orjson
import psycopg
import pytest
from joserfc import jws

from tests import hub_processes
from tests.auth.pages import harness as pages
from tests.auth.server.harness import CALLBACK, GRANT, Pkce
from tests.auth.server.harness import redirect_parameters as brought
from tests.conftest import on, temporary_database
from tests.waits import HANGS_AFTER, hanging, steps, wait_until

pytestmark = pytest.mark.whole

ISSUER = "http://127.0.0.1:8000"
"""The issuer of both processes, as behind one proxy."""
WITHIN = 1.0
TOKENS = 100
"""This many tokens are signed by the old key before it is replaced, and as many by the new one."""
QUERY = {"query": "{ systems { name } }"}
SIGNS_IN = ("--grant", "authorization_code", "--redirect-uri", CALLBACK)


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


@pytest.fixture(scope="module")
async def two(
    postgres_url: str, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Two]:
    """Two processes without systems, with rate limits that permit the load."""
    folder = tmp_path_factory.mktemp("two")
    async with temporary_database(postgres_url, template_database) as name, AsyncExitStack() as stack:
        url = on(postgres_url, name)
        env = hub_processes.variables(
            folder,
            HUB_DATABASE_URL=url,
            HUB_CONNECTORS=",",
            HUB_PUBLIC_URL=ISSUER,
            HUB_RATE_TOKEN="100000",
            HUB_LOG_FORMAT="json",
        )
        hubs = [await stack.enter_async_context(_serving(env, folder / f"log{number}")) for number in range(2)]
        yield Two(hubs, env, url)


@asynccontextmanager
async def _serving(env: dict[str, str], log: Path) -> AsyncIterator[httpx.AsyncClient]:
    with hub_processes.started("serve", env=env, log=log):
        url = await asyncio.to_thread(_when_ready, log)
        async with httpx.AsyncClient(base_url=url, timeout=HANGS_AFTER, trust_env=False) as client:
            yield client


def _when_ready(log: Path) -> str:
    for _ in steps("the hub does not serve", log):
        found = re.search(r'"url": ?"(http://[^/"]+)/graphql"', log.read_text())
        if found and hub_processes.status(f"{found[1]}/readyz") == 200:
            return found[1]
    raise AssertionError("steps() raises")


async def _last_accepted(two: Two, token: str) -> float:
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


async def test_a_token_revoked_at_one_process_ends_at_the_other(two: Two) -> None:
    auth = await two.client("revoking", "--grant", "client_credentials")
    token, other = await two.token(auth), await two.token(auth)
    assert [await two.status(token, at) for at in range(2)] == [200, 200]
    answer = await two.hubs[0].post("/oauth/revoke", data={"token": token}, auth=auth)
    assert answer.status_code == 200
    revoked = time.time()
    assert await _last_accepted(two, token) - revoked < WITHIN
    assert [await two.status(other, at) for at in range(2)] == [200, 200]


async def test_a_client_suspended_by_command_is_refused_by_both(two: Two) -> None:
    auth = await two.client("suspended", "--grant", "client_credentials")
    token = await two.token(auth, at=1)
    assert [await two.status(token, at) for at in range(2)] == [200, 200]
    await two.command("clients", "suspend", "suspended")
    suspended = time.time()
    assert await _last_accepted(two, token) - suspended < WITHIN
    for hub in two.hubs:
        answer = await hub.post("/oauth/token", data=GRANT, auth=auth)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_a_user_suspended_by_command_is_refused_by_both(two: Two) -> None:
    auth = await two.client("web", *SIGNS_IN)
    password = (await two.command_result("users", "create", "petugas", "--scope", "complaints:read"))["password"]
    token = await _signed_in(two, auth, password)
    assert [await two.status(token, at) for at in range(2)] == [200, 200]
    await two.command("users", "suspend", "petugas")
    suspended = time.time()
    assert await _last_accepted(two, token) - suspended < WITHIN


async def _signed_in(two: Two, auth: httpx.BasicAuth, password: str) -> str:
    """Return a token that an officer granted the client: signed in at one process, redeemed at the other."""
    pkce, url = Pkce(), str(two.hubs[0].base_url).rstrip("/")
    async with httpx.AsyncClient(base_url=url, trust_env=False) as browser:
        person = pages.Stage(cast(Any, None), cast(Any, None), browser, url)
        path = person.authorization_path("complaints:read", client_id="web", code_challenge=pkce.challenge)
        signed = await person.send(await person.get(path), username="petugas", password=password)
        answer = await person.send(await person.get(signed.headers["location"]), answer="allow")
    form = {"grant_type": "authorization_code", "code": brought(answer)["code"], "redirect_uri": CALLBACK}
    done = await two.hubs[1].post("/oauth/token", data=form | {"code_verifier": pkce.verifier}, auth=auth)
    assert done.status_code == 200, done.text
    return str(done.json()["access_token"])


@dataclass
class Load:
    """The requests under load, and their results."""

    tokens: list[str] = field(default_factory=list)
    queries: int = 0
    refused: list[str] = field(default_factory=list)

    def kids(self) -> Iterator[str]:
        """Return the keys that signed, in the order of their first use."""
        return iter(dict.fromkeys(kid(token) for token in self.tokens))


def kid(token: str) -> str:
    """Return the key that signed a token."""
    return str(jws.extract_compact(token.encode()).headers()["kid"])


async def test_keys_rotated_by_command_under_load_refuse_no_token(two: Two) -> None:
    auth = await two.client("busy", "--grant", "client_credentials")
    with psycopg.connect(two.database_url, autocommit=True) as connection:
        connection.execute(
            "update clients set requests_per_minute = 1000000, cost_per_minute = 100000000 where id = 'busy'"
        )
    first, load = await two.token(auth), Load()
    made = ""

    async def ask(token: str, at: int) -> None:
        load.queries += 1
        if (status := await two.status(token, at)) != 200:
            load.refused.append(f"{kid(token)} at {at}: {status}")

    async def work(at: int) -> None:
        # The new key signs only seconds after it was made, however many tokens a fast machine gives until then.
        while not made or sum(kid(token) == made for token in load.tokens) < TOKENS:
            token = await two.token(auth, at)
            load.tokens.append(token)
            for each, where in ((token, at), (token, 1 - at), (first, at)):
                await ask(each, where)
            await asyncio.sleep(0.01)

    async def rotate() -> None:
        nonlocal made
        await wait_until(lambda: _is(len(load.tokens) >= TOKENS))
        made = str((await two.command_result("keys", "rotate", "--now"))["kid"])

    async with hanging():
        await asyncio.gather(rotate(), *(work(at) for at in (0, 1, 0, 1)))
    assert load.refused == []
    assert [*load.kids()] == [kid(first), made]
    assert [kid(await two.token(auth, at)) for at in range(2)] == [made, made]
    assert [await two.status(first, at) for at in range(2)] == [200, 200]
    print(f"{len(load.tokens)} tokens and {load.queries} queries, none refused")


async def _is(value: bool) -> bool:
    return value
