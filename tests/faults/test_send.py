"""Sending over every bad network: each thing arrives once, in order, whatever became of calls and answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import pytest

from hub.complaints.workflow import Action
from hub.connectors.base import Connector
from hub.settings import Settings
from hub.store.complaints import handling
from hub.store.complaints.handling import Act
from hub.store.database import Database
from hub.store.promises import Done
from hub.sync.deliver import Deliver
from hub.viewer import WORKER
from tests.conftest import on, temporary_database
from tests.connectors.running import found
from tests.faults.faults import Cell, cells
from tests.faults.field import SEAL, Field, field_of, for_a_while
from tests.faults.trying import tried
from tests.schema.stage import CAUSE, Stage

pytestmark = [pytest.mark.whole, pytest.mark.timeout(400)]

SENDERS = [pytest.param(kind, id=name) for name, kind in found().items() if kind.sends]
COMPLAINTS, FOLLOWS = 3, (Action.START, Action.ANSWER)
BUDGET = 1_000
WITHIN = 2.0
TICKETS = "insert into ticket_numbers values (date_part('year', now()), 700000)"
"""Tickets begin where the sandbox's world cites none."""
DUE = "update deliveries set due_at = now() where state in ('WAITING', 'SENDING')"
STATES = "select state, count(*) from deliveries group by state"
LINKED = "select count(*), count(distinct external_id) from counterparts where origin = 'SENT'"


@pytest.fixture
async def forwarded(postgres_url: str, every_system: str) -> AsyncIterator[str]:
    """The name of a database with complaints on their way to every system that takes them."""
    async with temporary_database(postgres_url, every_system) as name:
        database = Database(on(postgres_url, name), pool_size=2)
        stage = Stage(database, Settings(), SEAL, AsyncExitStack())
        await stage.run(TICKETS)
        for kind in [kind for kind in found().values() if kind.sends]:
            for ticket in await stage.complaints("ASSIGNED", [{}] * COMPLAINTS):
                async with database.write(CAUSE) as db:
                    act = Act(ticket, Action.FORWARD, to=kind.name)
                    assert isinstance(await handling.act(db, CAUSE, WORKER, act), Done)
                await stage.act(ticket, *FOLLOWS)
        await database.close()
        yield name


async def deliver(field: Field, within: float = WITHIN) -> None:
    """What is due is brought over, as far as the network lets it."""
    async with field.connected() as connector:
        await Deliver(field.database, connector, field.seal, within=within, budget=BUDGET).run()


async def later(field: Field) -> None:
    """Time passes: nothing is under way any more, what waits is due, and looking tells what became of it."""
    await field.proxy.forget()
    await asyncio.sleep(0.1)
    await field.run(DUE)


@pytest.mark.parametrize("connector", SENDERS)
async def test_what_is_sent_over_a_bad_network_arrives_once(
    connector: type[Connector], postgres_url: str, forwarded: str, keys: Path, tell: Callable[[str], None]
) -> None:
    async def cell(cell: Cell) -> None:
        async with field_of(connector, postgres_url, forwarded, keys) as field:
            for share in (1.0, 0.4):
                field.bad(cell, share)
                await for_a_while(partial(deliver, field), field)
                await later(field)
            await field.good()
            # What is sent anew because it was not there is one attempt, and what waits behind it is another.
            for _ in range(1 + len(FOLLOWS)):
                await later(field)
                await deliver(field, within=60.0)
            assert await field.rows(STATES) == [("DONE", COMPLAINTS * (1 + len(FOLLOWS)))]
            figures = field.running.sandbox.figures()
            arrived = figures["sent"], figures["references"], figures["doubled"]
            assert arrived == (COMPLAINTS, COMPLAINTS * len(FOLLOWS), 0)
            assert await field.rows(LINKED) == [(COMPLAINTS, COMPLAINTS)]
            assert await field.pull() == "DONE"
            await field.agree(await field.listed())

    await tried(f"sending to {connector.name}", cell, cells(), tell)
