"""Two web processes and two workers on one PostgreSQL and one Redis behave as one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from hub.concurrency import cancel_and_wait
from hub.connectors import registry
from hub.testing.running import Running, running_sandbox
from tests import hub_processes
from tests.api.streams.harness import server_sent_events
from tests.conftest import on, temporary_database
from tests.connectors.settings_variables import variables
from tests.redis_server import needs_redis, redis
from tests.runtime.two_processes import ISSUER, Two, last_accepted, serving
from tests.sweep.scenarios.workflow import MOVE, SUBMISSION, SUBMIT
from tests.waits import HANGS_AFTER, hanging, wait_until

SYSTEM = "lapor"
SIZE = 60
OFFICER = "token-of-the-officer-of-two-machines"
KEYS = 6
"""Idempotency keys, each sent to both processes at once."""
BUDGET = 20
"""Requests per minute of a client, which sends as many to each process."""
FORWARD: tuple[tuple[str, dict[str, Any]], ...] = (
    ("verifyComplaint", {"verdict": "VERIFIED"}),
    ("assignComplaint", {"agencyCode": "DISHUB"}),
    ("forwardComplaint", {}),
)
NUMBERS = "insert into ticket_numbers values (date_part('year', now()), 700000)"
"""Tickets begin at a number that the sandbox's reports do not cite."""
SENT = "select count(*) from deliveries where state = 'DONE'"
WORKED = '"event":"pull"', '"event":"deliver"'
"""What a worker logs at the end of a job: either will do."""
CREATED_TWICE = """
select count(*) from (select from changes where before is null group by system, kind, subject having count(*) > 1) twice
"""


@dataclass
class Machines(Two):
    """Two workers besides, which pull from ``system`` and send to it, and their logs."""

    system: Running
    logs: list[Path]

    async def graph(self, at: int, query: str, token: str = OFFICER, **given: Any) -> Any:
        """Return the data of an answer without errors of one process."""
        headers = {"Authorization": f"Bearer {token}", "Hub-Purpose": "handling"}
        body = {"query": query, "variables": given}
        answer = (await self.hubs[at].post("/graphql", json=body, headers=headers)).json()
        assert not answer.get("errors"), answer
        return answer["data"]

    async def until(self, statement: str, expected: object) -> None:
        """Wait until the statement returns what is expected."""

        async def holds() -> bool:
            return bool(self.scalar(statement) == expected)

        await wait_until(holds, lambda: f"{statement} returns {self.scalar(statement)}")


@pytest.fixture
async def machines(postgres_url: str, template_database: str, tmp_path: Path) -> AsyncIterator[Machines]:
    async with AsyncExitStack() as stack:
        url = on(postgres_url, await stack.enter_async_context(temporary_database(postgres_url, template_database)))
        counters = await stack.enter_async_context(redis(tmp_path))
        connector = registry.load(SYSTEM)
        system = await stack.enter_async_context(running_sandbox(connector, tmp_path / "keys", size=SIZE))
        env = hub_processes.variables(
            tmp_path,
            HUB_DATABASE_URL=url,
            HUB_REDIS_URL=counters,
            HUB_CONNECTORS=SYSTEM,
            HUB_PUBLIC_URL=ISSUER,
            HUB_DEMO_OFFICER_TOKEN=OFFICER,
            HUB_RATE_TOKEN="100000",
            HUB_PULL_TICK="0.1",
            HUB_FEED_TICK="0.1",
            HUB_LOG_FORMAT="json",
            **variables(system.settings),
        )
        await asyncio.to_thread(hub_processes.command, "migrate", env=env)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(NUMBERS)
        logs = [tmp_path / f"worker{number}" for number in range(2)]
        for log in logs:
            stack.enter_context(hub_processes.started("worker", env=env, log=log))
        hubs = [await stack.enter_async_context(serving(env, tmp_path / f"serve{number}")) for number in range(2)]
        machines = Machines(hubs, env, url, system, logs)
        await machines.until("select count(*) from procrastinate_workers", 2)
        yield machines


@pytest.mark.outside
@pytest.mark.timeout(2 * HANGS_AFTER)
@needs_redis
async def test_two_machines_behave_as_one(machines: Machines) -> None:
    partner = await machines.client("two", "--grant", "client_credentials")
    async with _stream(machines.hubs[0]) as seen:
        tickets = await _submitted_once(machines)
        await wait_until(lambda: _is(set(tickets) <= {subject for _, subject in seen}), lambda: f"seen: {seen}")
        await asyncio.gather(*(_forward(machines, number, ticket) for number, ticket in enumerate(tickets)))
        await machines.until(SENT, KEYS)
    assert len(set(seen)) == len(seen), "a change came twice"
    assert machines.system.sandbox.figures()["sent"] == KEYS
    await wait_until(lambda: _is(all(any(each in log.read_text() for each in WORKED) for log in machines.logs)))
    assert machines.scalar("select count(*) from procrastinate_jobs where attempts > 1 or status = 'failed'") == 0
    assert machines.scalar(CREATED_TWICE) == 0
    await _feeds_are_one(machines, tickets)
    token = await machines.token(partner, at=0)
    assert [await machines.status(token, at) for at in range(2)] == [200, 200]
    assert (await machines.hubs[1].post("/oauth/revoke", data={"token": token}, auth=partner)).status_code == 200
    await last_accepted(machines, token)
    await _limited_together(machines)


async def _submitted_once(machines: Machines) -> list[str]:
    """Send each key to both processes at once; return the tickets, one of each key."""

    async def submit(at: int, number: int) -> str:
        given = {**SUBMISSION, "idempotencyKey": f"two-machines-{number}"}
        return str((await machines.graph(at, SUBMIT, input=given))["submitComplaint"]["ticket"])

    both = [await asyncio.gather(submit(0, number), submit(1, number)) for number in range(KEYS)]
    assert [one for one, other in both if one != other] == []
    tickets = [one for one, _ in both]
    assert len(set(tickets)) == KEYS
    return tickets


async def _forward(machines: Machines, number: int, ticket: str) -> None:
    """Make each step at the process that did not make the one before."""
    for step, (mutation, given) in enumerate(FORWARD):
        query = MOVE % (mutation[0].upper() + mutation[1:], mutation)
        key = f"{mutation}-{number:04}"
        moved = await machines.graph(
            (number + step) % 2, query, input={"ticket": ticket, "idempotencyKey": key, **given}
        )
        assert moved[mutation]["complaint"]["ticket"] == ticket, moved


@asynccontextmanager
async def _stream(hub: httpx.AsyncClient) -> AsyncIterator[list[tuple[int, str]]]:
    """Yield positions and subjects of the changes of complaints from now on, which grow in the block."""
    seen, began = list[tuple[int, str]](), asyncio.Event()
    headers = {"Authorization": f"Bearer {OFFICER}"}

    async def read() -> None:
        async with hub.stream("GET", "/feed?systems=hub&after=now", headers=headers) as response:
            async for event in server_sent_events(response):
                began.set()
                if event.event == "change":
                    seen.append((event.data["position"], event.data["subject"]))

    reading = asyncio.create_task(read())
    async with hanging():
        await began.wait()
    try:
        yield seen
    finally:
        await cancel_and_wait([reading])


async def _feeds_are_one(machines: Machines, tickets: list[str]) -> None:
    """Both processes have each change once, and the same at each position."""
    one, other = await asyncio.gather(*(_whole_feed(hub) for hub in machines.hubs))
    assert {key: one[key] for key in one.keys() & other.keys()} == {
        key: other[key] for key in one.keys() & other.keys()
    }
    for feed in (one, other):
        assert set(tickets) <= {subject for subject, _ in feed.values()}
        records = [subject for (system, _), (subject, new) in feed.items() if system == SYSTEM and new]
        assert len(records) == len(set(records)) > 0


async def _whole_feed(hub: httpx.AsyncClient) -> dict[tuple[str, int], tuple[str, bool]]:
    """Return the changes from the start: subject and whether it is new, by system and position."""
    headers = {"Authorization": f"Bearer {OFFICER}", "Accept": "application/x-ndjson"}
    found = dict[tuple[str, int], tuple[str, bool]]()
    async with hanging(), hub.stream("GET", "/feed?after=e30", headers=headers) as response:
        async for line in response.aiter_lines():
            event = json.loads(line)
            if event["event"] == "checkpoint":
                return found
            change = event["data"]
            key = (change["system"], change["position"])
            assert key not in found
            found[key] = (change["subject"], change["before"] is None)
    raise AssertionError("the feed ended without a checkpoint")


async def _limited_together(machines: Machines) -> None:
    """A client that sends its whole budget to each process is answered half of it.

    Where a minute of the counter begins meanwhile, a few more are answered; by processes alone it would be all.
    """
    busy = await machines.client("busy", "--grant", "client_credentials")
    with psycopg.connect(machines.database_url, autocommit=True) as connection:
        connection.execute(f"update clients set requests_per_minute = {BUDGET} where id = 'busy'")
    token = await machines.token(busy)
    answers = [await machines.status(token, at) for _ in range(BUDGET) for at in range(2)]
    assert set(answers) == {200, 429}
    assert BUDGET <= answers.count(200) < 1.5 * BUDGET


async def _is(value: bool) -> bool:
    return value
