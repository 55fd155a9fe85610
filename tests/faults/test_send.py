"""Sending over each faulty network: each delivery arrives once and in order, whichever bytes are lost."""

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
from hub.store.database import Database
from hub.store.idempotency import Completed
from hub.store.use_cases import transitions
from hub.store.use_cases.transitions import Transition
from hub.sync.delivery import DeliveryRun
from hub.testing.running import all_connectors
from hub.viewer import WORKER
from tests.conftest import on, temporary_database
from tests.faults.attempts import try_cells
from tests.faults.cells import Cell, cells
from tests.faults.setup import SEAL, FaultSetup, fault_setup, for_a_while
from tests.schema.harness import CAUSE, Stage

pytestmark = [pytest.mark.whole, pytest.mark.timeout(400)]

SENDERS = [pytest.param(kind, id=name) for name, kind in all_connectors().items() if kind.sends]
COMPLAINTS, FOLLOWS = 3, (Action.START, Action.ANSWER)
BUDGET = 1_000
WITHIN = 2.0
TICKETS = "insert into ticket_numbers values (date_part('year', now()), 700000)"
"""Tickets begin at a number that the sandbox's data does not cite."""
DUE = "update deliveries set due_at = now() where state in ('WAITING', 'SENDING')"
STATES = "select state, count(*) from deliveries group by state"
LINKED = "select count(*), count(distinct external_id) from counterparts where origin = 'SENT'"


@pytest.fixture
async def forwarded(postgres_url: str, every_system: str) -> AsyncIterator[str]:
    """The name of a database with complaints that wait for delivery to each system that accepts them."""
    async with temporary_database(postgres_url, every_system) as name:
        database = Database(on(postgres_url, name), pool_size=2)
        stage = Stage(database, Settings(), SEAL, AsyncExitStack())
        await stage.run(TICKETS)
        for kind in [kind for kind in all_connectors().values() if kind.sends]:
            for ticket in await stage.complaints("ASSIGNED", [{}] * COMPLAINTS):
                async with database.write(CAUSE) as db:
                    act = Transition(ticket, Action.FORWARD, to=kind.name)
                    assert isinstance(await transitions.transition(db, CAUSE, WORKER, act), Completed)
                await stage.act(ticket, *FOLLOWS)
        await database.close()
        yield name


async def deliver(setup: FaultSetup, within: float = WITHIN) -> None:
    """Make the deliveries that are due, as far as the network permits."""
    async with setup.connected() as connector:
        await DeliveryRun(setup.database, connector, setup.cipher, timeout=within, max_attempts=BUDGET).run()


async def later(setup: FaultSetup) -> None:
    """Let time pass: no call is in progress, waiting deliveries are due, and a look-up is conclusive."""
    await setup.proxy.forget()
    await asyncio.sleep(0.1)
    await setup.run(DUE)


@pytest.mark.parametrize("connector", SENDERS)
async def test_deliveries_over_a_bad_network_arrive_once(
    connector: type[Connector], postgres_url: str, forwarded: str, keys: Path, record_figure: Callable[[str], None]
) -> None:
    async def cell(cell: Cell) -> None:
        async with fault_setup(connector, postgres_url, forwarded, keys) as setup:
            for share in (1.0, 0.4):
                setup.bad(cell, share)
                await for_a_while(partial(deliver, setup), setup)
                await later(setup)
            await setup.good()
            # A delivery that has not arrived is sent again in one attempt; the ones behind it need another.
            for _ in range(1 + len(FOLLOWS)):
                await later(setup)
                await deliver(setup, within=60.0)
            assert await setup.rows(STATES) == [("DONE", COMPLAINTS * (1 + len(FOLLOWS)))]
            figures = setup.running.sandbox.figures()
            arrived = figures["sent"], figures["references"], figures["doubled"]
            assert arrived == (COMPLAINTS, COMPLAINTS * len(FOLLOWS), 0)
            assert await setup.rows(LINKED) == [(COMPLAINTS, COMPLAINTS)]
            assert await setup.pull() == "DONE"
            await setup.agree(await setup.listed())

    await try_cells(f"sending to {connector.name}", cell, cells(), record_figure)
