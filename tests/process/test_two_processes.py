"""Two real ``hub serve`` on one database: what is taken away at one is gone at both, and keys change under load."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import httpx
import orjson
import psycopg
import pytest
from joserfc import jws

from tests.auth.pages import stage as pages
from tests.auth.server.stage import CALLBACK, GRANT, Pkce
from tests.auth.server.stage import told as brought
from tests.conftest import on, temporary_database
from tests.process import running

pytestmark = pytest.mark.whole

ISSUER = "http://127.0.0.1:8000"
"""What both say they are, as behind one proxy."""
WITHIN = 1.0
LOAD = 20.0
QUERY = {"query": "{ systems { name } }"}
SIGNS_IN = ("--grant", "authorization_code", "--redirect-uri", CALLBACK)


@dataclass
class Two:
    """Both processes as clients reach them, and the environment their commands run in."""

    hubs: list[httpx.AsyncClient]
    env: dict[str, str]
    database_url: str

    async def command(self, *words: str) -> str:
        return await asyncio.to_thread(running.command, *words, env=self.env)

    async def asked(self, *words: str) -> Any:
        (line,) = (await self.command(*words, "--json")).splitlines()
        return orjson.loads(line)

    async def client(self, name: str, *words: str) -> httpx.BasicAuth:
        """Register a client by command."""
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
        told = await self.asked("clients", "create", "--id", name, *usual, *words)
        return httpx.BasicAuth(name, told["secret"])

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
    """Two processes without systems, whose budgets stop no load."""
    folder = tmp_path_factory.mktemp("two")
    async with temporary_database(postgres_url, template_database) as name, AsyncExitStack() as stack:
        url = on(postgres_url, name)
        env = running.variables(
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
    with running.started("serve", env=env, log=log):
        url = await asyncio.to_thread(_when_ready, log)
        async with httpx.AsyncClient(base_url=url, timeout=10, trust_env=False) as client:
            yield client


def _when_ready(log: Path) -> str:
    for _ in running.until(30, "the hub does not serve", log):
        found = re.search(r'"url": ?"(http://[^/"]+)/graphql"', log.read_text())
        if found and running.status(f"{found[1]}/readyz") == 200:
            return found[1]
    raise AssertionError("until() raises")


async def _last_accepted(two: Two, token: str) -> float:
    """When the last request that either process accepted was sent, in seconds since 1970; both refuse it by now."""
    accepted, refused = 0.0, set[int]()
    end = time.monotonic() + 30
    while len(refused) < 2:
        assert time.monotonic() < end, "it is still accepted"
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


async def test_a_token_revoked_at_one_process_is_refused_by_the_other_within_a_second(two: Two) -> None:
    auth = await two.client("revoking", "--grant", "client_credentials")
    token, other = await two.token(auth), await two.token(auth)
    assert [await two.status(token, at) for at in range(2)] == [200, 200]
    revoked = time.time()
    answer = await two.hubs[0].post("/oauth/revoke", data={"token": token}, auth=auth)
    assert answer.status_code == 200
    assert await _last_accepted(two, token) - revoked < WITHIN
    assert [await two.status(other, at) for at in range(2)] == [200, 200]


async def test_a_client_suspended_by_command_is_refused_by_both_within_a_second(two: Two) -> None:
    auth = await two.client("suspended", "--grant", "client_credentials")
    token = await two.token(auth, at=1)
    assert [await two.status(token, at) for at in range(2)] == [200, 200]
    accepted, _ = await asyncio.gather(_last_accepted(two, token), two.command("clients", "suspend", "suspended"))
    suspended: datetime = two.scalar("select suspended_at from clients where id = %s", "suspended")
    assert accepted - suspended.timestamp() < WITHIN
    for hub in two.hubs:
        answer = await hub.post("/oauth/token", data=GRANT, auth=auth)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_a_user_suspended_by_command_is_refused_by_both_within_a_second(two: Two) -> None:
    auth = await two.client("web", *SIGNS_IN)
    password = (await two.asked("users", "create", "petugas", "--scope", "complaints:read"))["password"]
    token = await _signed_in(two, auth, password)
    assert [await two.status(token, at) for at in range(2)] == [200, 200]
    accepted, _ = await asyncio.gather(_last_accepted(two, token), two.command("users", "suspend", "petugas"))
    suspended: datetime = two.scalar("select suspended_at from users where username = %s", "petugas")
    assert accepted - suspended.timestamp() < WITHIN


async def _signed_in(two: Two, auth: httpx.BasicAuth, password: str) -> str:
    """A token that an officer let the client have: signed in at one process, redeemed at the other."""
    pkce, url = Pkce(), str(two.hubs[0].base_url).rstrip("/")
    async with httpx.AsyncClient(base_url=url, trust_env=False) as browser:
        person = pages.Stage(cast(Any, None), cast(Any, None), browser, url)
        asked = person.asked("complaints:read", client_id="web", code_challenge=pkce.challenge)
        signed = await person.send(await person.get(asked), username="petugas", password=password)
        answer = await person.send(await person.get(signed.headers["location"]), answer="allow")
    form = {"grant_type": "authorization_code", "code": brought(answer)["code"], "redirect_uri": CALLBACK}
    done = await two.hubs[1].post("/oauth/token", data=form | {"code_verifier": pkce.verifier}, auth=auth)
    assert done.status_code == 200, done.text
    return str(done.json()["access_token"])


@dataclass
class Load:
    """What was asked under load, and what came of it."""

    tokens: list[str] = field(default_factory=list)
    asked: int = 0
    refused: list[str] = field(default_factory=list)

    def kids(self) -> Iterator[str]:
        """Which keys signed, in the order in which they began to."""
        return iter(dict.fromkeys(kid(token) for token in self.tokens))


def kid(token: str) -> str:
    """The key that signed it."""
    return str(jws.extract_compact(token.encode()).headers()["kid"])


async def test_keys_rotated_by_command_under_load_refuse_no_token(two: Two) -> None:
    auth = await two.client("busy", "--grant", "client_credentials")
    with psycopg.connect(two.database_url, autocommit=True) as connection:
        connection.execute(
            "update clients set requests_per_minute = 1000000, cost_per_minute = 100000000 where id = 'busy'"
        )
    first, load = await two.token(auth), Load()
    end = time.monotonic() + LOAD

    async def ask(token: str, at: int) -> None:
        load.asked += 1
        if (status := await two.status(token, at)) != 200:
            load.refused.append(f"{kid(token)} at {at}: {status}")

    async def work(at: int) -> None:
        while time.monotonic() < end:
            token = await two.token(auth, at)
            load.tokens.append(token)
            for each, where in ((token, at), (token, 1 - at), (first, at)):
                await ask(each, where)
            await asyncio.sleep(0.01)

    async def rotate() -> str:
        await asyncio.sleep(LOAD / 5)
        return str((await two.asked("keys", "rotate", "--now"))["kid"])

    made, *_ = await asyncio.gather(rotate(), *(work(at) for at in (0, 1, 0, 1)))
    assert load.refused == []
    assert [*load.kids()] == [kid(first), made]
    assert [kid(await two.token(auth, at)) for at in range(2)] == [made, made]
    assert [await two.status(first, at) for at in range(2)] == [200, 200]
    print(f"{len(load.tokens)} tokens and {load.asked} queries in {LOAD:g} s, none refused")
    assert len(load.tokens) > 50
