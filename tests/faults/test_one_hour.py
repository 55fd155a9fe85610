"""A system is down for an hour, by moving the times of rows: nothing is lost, and the backlog is measured."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from hub.complaints.workflow import Action
from hub.connectors.base import Connector
from hub.settings import Settings
from hub.store import systems
from hub.store.outbox import deliveries
from hub.store.outbox.deliveries import MAX_BACKOFF
from hub.store.use_cases import transitions
from hub.store.use_cases.transitions import Transition
from hub.testing.running import all_connectors
from hub.viewer import WORKER
from tests.faults.cells import Cell
from tests.faults.setup import SEAL, FaultSetup, fault_setup
from tests.faults.test_send import STATES, TICKETS, deliver
from tests.schema.harness import CAUSE, Stage

pytestmark = [pytest.mark.whole, pytest.mark.timeout(400)]

SENDERS = [pytest.param(kind, id=name) for name, kind in all_connectors().items() if kind.sends]
MINUTES = 60
MOST_CALLS = 12
"""Maximum calls a minute to a system that is down, whatever the length of its queue."""
GONE = Cell("reset before anything", "up")
BEHIND = """
select (select count(*) from systems where down_since is not null)
     + (select count(*) from deliveries where state <> 'DONE')
"""
CLOCKS = (
    ("deliveries", "due_at"),
    ("deliveries", "attempted_at"),
    ("deliveries", "created_at"),
    ("systems", "next_pull_at"),
    ("systems", "down_since"),
    ("systems", "synced_at"),
    ("record_files", "due_at"),
)


async def a_minute(setup: FaultSetup) -> None:
    """Move all times by a minute, and run the work that is then due."""
    for table, column in CLOCKS:
        await setup.run(f"update {table} set {column} = {column} - interval '1 minute'")
    await setup.proxy.forget()
    name = setup.running.connector.name
    async with setup.database.read() as db:
        pulls, sends = await systems.due(db), await deliveries.due_systems(db)
    if name in pulls:
        await setup.pull()
    if name in sends:
        await deliver(setup, within=20.0)


async def forward(setup: FaultSetup, stage: Stage) -> None:
    """Forward a complaint and answer it."""
    ticket = await stage.complaint("ASSIGNED")
    async with setup.database.write(CAUSE) as db:
        await transitions.transition(
            db, CAUSE, WORKER, Transition(ticket, Action.FORWARD, to=setup.running.connector.name)
        )
    await stage.act(ticket, Action.START, Action.ANSWER)


async def catch_up(setup: FaultSetup) -> tuple[int, float]:
    """Return the minutes until no work is left, and the seconds that it took here."""
    began = time.monotonic()
    for minute in range(1, MINUTES):
        await a_minute(setup)
        if await setup.rows(BEHIND) == [(0,)]:
            return minute, time.monotonic() - began
    raise AssertionError(f"still behind: {await setup.rows(STATES)}")


@pytest.mark.parametrize("connector", SENDERS)
async def test_after_an_hour_of_downtime_both_sides_agree(
    connector: type[Connector], postgres_url: str, every_system: str, keys: Path, record_figure: Callable[[str], None]
) -> None:
    async with fault_setup(connector, postgres_url, every_system, keys) as setup:
        stage = Stage(setup.database, Settings(), SEAL, AsyncExitStack())
        await stage.run(TICKETS)
        assert await setup.pull() == "DONE"
        setup.attempts = 1
        setup.bad(GONE, share=1.0)
        for _ in range(MINUTES):
            await forward(setup, stage)
            setup.running.sandbox.tick()
            await a_minute(setup)
        assert setup.proxy.faulty_connections < MOST_CALLS * MINUTES, (
            "a waiting delivery must not call a system that is down"
        )
        assert await setup.rows("select count(*) from systems where down_since is not null") == [(1,)]
        await setup.good()
        minutes, seconds = await catch_up(setup)
        sent = 3 * MINUTES
        assert minutes <= MAX_BACKOFF / 60 * 1.25 + 1
        assert await setup.rows(STATES) == [("DONE", sent)]
        figures = setup.running.sandbox.figures()
        assert (figures["sent"], figures["doubled"]) == (MINUTES, 0)
        # The deliveries changed the reports there; the next pull returns these changes.
        assert await setup.pull() == "DONE"
        await setup.agree(await setup.listed())
    record_figure(
        f"{connector.name} was down for an hour: called again after {minutes} min at most, {sent} deliveries and the"
        f" changes there processed in {seconds:.1f} s, {sent / seconds:.0f} a second"
    )
