"""A web process and a worker behind PgBouncer in transaction pooling, and the errors of a wrong configuration."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from hub.cli.diagnostics import diagnose
from hub.concurrency import cancel_and_wait
from hub.errors import BadSetting
from hub.runtime.database_access import check_reachable
from hub.runtime.pooler import check_pooler
from hub.settings import Settings
from hub.store.server_settings import session_status
from tests import hub_processes
from tests.api.streams.harness import server_sent_events
from tests.conftest import on, temporary_database
from tests.docs.readme import README
from tests.pooler import (
    SERVER_CONNECTIONS,
    Pooler,
    configure_database,
    needs_pgbouncer,
    pgbouncer,
    server_for_pooler,
)
from tests.standby import run
from tests.sweep.client import Client
from tests.sweep.scenarios.workflow import MOVE, SUBMISSION, SUBMIT
from tests.waits import HANGS_AFTER, hanging, steps, wait_until

CLIENTS = 24
"""At once, several for each connection of the pooler to the server."""
FORWARDED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("verifyComplaint", {"verdict": "VERIFIED"}),
    ("assignComplaint", {"agencyCode": "DISHUB"}),
    ("forwardComplaint", {}),
)


def desk() -> str:
    """Return the README's first query."""
    found = re.search(r"^query Desk.+?(?=^GRAPHQL$)", README.read_text(), re.M | re.S)
    assert found
    return found[0]


@dataclass(frozen=True)
class Pooled:
    """A PostgreSQL with a pooler in front of it."""

    url: str
    pooler: Pooler


@pytest.fixture(scope="module")
def pooled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pooled]:
    with server_for_pooler(tmp_path_factory.mktemp("pooler")) as url:
        configure_database(url)
        # How fast a machine is decides nothing.
        with pgbouncer(url, more=f"query_wait_timeout = {HANGS_AFTER:.0f}\n") as pooler:
            yield Pooled(url, pooler)


@pytest.mark.outside
@pytest.mark.timeout(2 * HANGS_AFTER)
@needs_pgbouncer
async def test_the_hub_works_through_a_pooler_of_transactions(pooled: Pooled, tmp_path: Path) -> None:
    env = hub_processes.variables(
        tmp_path,
        HUB_DATABASE_URL=pooled.url,
        HUB_DATABASE_POOLER_URL=pooled.pooler.url,
        HUB_CONNECTORS="lapor",
        HUB_FEED_TICK="0.1",
        HUB_OPERATION_TIMEOUT=str(HANGS_AFTER),
        HUB_LOG_FORMAT="json",
    )
    with hub_processes.started("run", "--demo", env=env, log=tmp_path / "log"):
        info = await asyncio.to_thread(_when_ready, tmp_path)
        async with _officer(info) as (http, client), _followed(http) as subjects:
            tickets = await _work(client)
            await _forward(client, tickets[0])
            await wait_until(lambda: _holds(set(tickets) <= subjects), lambda: f"the feed has {len(subjects)} subjects")
            done = "select count(*) from deliveries where state = 'DONE'"
            await wait_until(lambda: _holds(run(pooled.url, done)), lambda: (tmp_path / "log").read_text())
            await wait_until(lambda: _holds("\nlapor      up " in (tmp_path / "log").read_text()))
        servers = Counter(each["database"] for each in pooled.pooler.shown("servers"))
        assert len(pooled.pooler.shown("clients")) > servers.total()
        assert set(servers.values()) <= set(range(SERVER_CONNECTIONS + 1))
        found = await asyncio.to_thread(hub_processes.doctor_findings, env)
        assert (found["pooler"]["ok"], found["database"]["ok"]) == (True, True)
    logs = "".join(log.read_text() for log in (tmp_path / ".hub" / "logs").iterdir())
    assert not re.findall(r".*(?:prepared statement|PreparedStatement|\"level\": ?\"error\").*", logs)


async def _work(client: Client) -> list[str]:
    """Query and submit as many clients at once; return the tickets."""
    query = desk()

    async def one(number: int) -> str:
        answer = await client.graph("desk", query)
        assert answer["complaints"]["edges"]
        given = {**SUBMISSION, "idempotencyKey": f"through-the-pooler-{number}"}
        return str((await client.graph("submit", SUBMIT, input=given))["submitComplaint"]["ticket"])

    return await asyncio.gather(*(one(number) for number in range(CLIENTS)))


async def _forward(client: Client, ticket: str) -> None:
    for mutation, given in FORWARDED:
        query = MOVE % (mutation[0].upper() + mutation[1:], mutation)
        moved = await client.graph(
            mutation, query, input={"ticket": ticket, "idempotencyKey": f"{mutation}-0001", **given}
        )
        assert moved[mutation]["complaint"]["ticket"] == ticket


@asynccontextmanager
async def _officer(info: dict[str, Any]) -> AsyncIterator[tuple[httpx.AsyncClient, Client]]:
    token = info["tokens"]["officer"]
    headers = {"authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=info["url"], headers=headers, trust_env=False, timeout=HANGS_AFTER) as http:
        yield http, Client(http, token, [])


@asynccontextmanager
async def _followed(http: httpx.AsyncClient) -> AsyncIterator[set[str]]:
    """Yield the subjects of the feed from now on, which grow in the block."""
    subjects, began = set[str](), asyncio.Event()

    async def read() -> None:
        async with http.stream("GET", "/feed?systems=hub&after=now") as response:
            async for event in server_sent_events(response):
                began.set()
                subjects.update([event.data["subject"]] if event.event == "change" else ())

    reading = asyncio.create_task(read())
    async with hanging():
        await began.wait()
    try:
        yield subjects
    finally:
        await cancel_and_wait([reading])


async def _holds(value: object) -> object:
    return value


def _when_ready(folder: Path) -> dict[str, Any]:
    file = folder / ".hub" / "run.json"
    for _ in steps("not ready", folder / "log"):
        if file.exists() and hub_processes.status(f"{orjson.loads(file.read_bytes())['url']}/readyz") == 200:
            break
    info: dict[str, Any] = orjson.loads(file.read_bytes())
    return info


@pytest.mark.outside
@needs_pgbouncer
@pytest.mark.parametrize("more", ["", "ignore_startup_parameters = options\n"])
async def test_a_pooler_as_the_database_is_refused(pooled: Pooled, more: str) -> None:
    refused = pytest.raises(BadSetting, match="and HUB_DATABASE_POOLER_URL to that of the pooler")
    with pgbouncer(pooled.url, more=more) as pooler, refused:
        await check_reachable(pooler.url)


async def test_sessions_without_settings_are_refused(empty_database_url: str) -> None:
    """A server without a pooler is as one whose role lacks the settings."""
    wrong = Settings(database_url=empty_database_url, database_pooler_url=empty_database_url)
    with pytest.raises(BadSetting, match=r"alter role \w+ set statement_timeout = '60s';") as error:
        await check_pooler(wrong)
    configure_database(empty_database_url)
    with pytest.raises(BadSetting, match="lacks the second entry of the database, whose name ends with _snapshots"):
        await check_pooler(wrong)
    # Nor does the driver send any.
    assert await session_status(empty_database_url, pooled=True) == await session_status(empty_database_url)
    assert "password" not in str(error.value)


async def test_a_pooler_of_another_database_is_refused(postgres_url: str, empty_database_url: str) -> None:
    async with temporary_database(postgres_url) as other:
        with pytest.raises(BadSetting, match="leads to another database than HUB_DATABASE_URL"):
            await check_pooler(Settings(database_url=empty_database_url, database_pooler_url=on(postgres_url, other)))


async def test_a_pooler_that_is_away_is_reported(empty_database_url: str, tmp_path: Path) -> None:
    away = "postgresql://hub:secret@127.0.0.1:9/hub"
    settings = Settings(database_url=empty_database_url, database_pooler_url=away, data_dir=tmp_path, connectors=())
    found = {each.check: each for each in await diagnose(settings)}
    assert not found["pooler"].ok
    assert found["pooler"].message.startswith("HUB_DATABASE_POOLER_URL is wrong or its pooler is unavailable")
    assert "secret" not in found["pooler"].message
