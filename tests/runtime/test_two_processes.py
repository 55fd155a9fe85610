"""Two real ``hub serve`` on one database: both refuse what was revoked at one, and keys are rotated under load."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, cast

import httpx
import psycopg
import pytest
from joserfc import jws

from tests import hub_processes
from tests.auth.pages import harness as pages
from tests.auth.server.harness import CALLBACK, GRANT, Pkce
from tests.auth.server.harness import redirect_parameters as brought
from tests.conftest import on, temporary_database
from tests.runtime.two_processes import ISSUER, Two, last_accepted, serving
from tests.waits import hanging, wait_until

pytestmark = pytest.mark.whole

WITHIN = 1.0
TOKENS = 100
"""This many tokens are signed by the old key before it is replaced, and as many by the new one."""
SIGNS_IN = ("--grant", "authorization_code", "--redirect-uri", CALLBACK)


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
        hubs = [await stack.enter_async_context(serving(env, folder / f"log{number}")) for number in range(2)]
        yield Two(hubs, env, url)


async def test_a_token_revoked_at_one_process_ends_at_the_other(two: Two) -> None:
    auth = await two.client("revoking", "--grant", "client_credentials")
    token, other = await two.token(auth), await two.token(auth)
    assert [await two.status(token, at) for at in range(2)] == [200, 200]
    answer = await two.hubs[0].post("/oauth/revoke", data={"token": token}, auth=auth)
    assert answer.status_code == 200
    revoked = time.time()
    assert await last_accepted(two, token) - revoked < WITHIN
    assert [await two.status(other, at) for at in range(2)] == [200, 200]


async def test_a_client_suspended_by_command_is_refused_by_both(two: Two) -> None:
    auth = await two.client("suspended", "--grant", "client_credentials")
    token = await two.token(auth, at=1)
    assert [await two.status(token, at) for at in range(2)] == [200, 200]
    await two.command("clients", "suspend", "suspended")
    suspended = time.time()
    assert await last_accepted(two, token) - suspended < WITHIN
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
    assert await last_accepted(two, token) - suspended < WITHIN


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
