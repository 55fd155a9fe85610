"""A system is away for an hour, by a clock that is moved in the rows: nothing is lost, and how fast it is caught up."""

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
from hub.store.complaints import handling
from hub.store.complaints.handling import Act
from hub.store.exchange import deliveries
from hub.store.exchange.deliveries import LONGEST_WAIT
from hub.viewer import WORKER
from tests.connectors.running import found
from tests.faults.faults import Cell
from tests.faults.field import SEAL, Field, field_of
from tests.faults.test_send import STATES, TICKETS, deliver
from tests.schema.stage import CAUSE, Stage

pytestmark = [pytest.mark.whole, pytest.mark.timeout(400)]

SENDERS = [pytest.param(kind, id=name) for name, kind in found().items() if kind.sends]
MINUTES = 60
MOST_CALLS = 12
"""Calls a minute to a system that is away, however much waits for it."""
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


async def a_minute(field: Field) -> None:
    """A minute passes, and the worker does what is due by then."""
    for table, column in CLOCKS:
        await field.run(f"update {table} set {column} = {column} - interval '1 minute'")
    await field.proxy.forget()
    name = field.running.connector.name
    async with field.database.read() as db:
        pulls, sends = await systems.due(db), await deliveries.due_systems(db)
    if name in pulls:
        await field.pull()
    if name in sends:
        await deliver(field, within=20.0)


async def forward(field: Field, stage: Stage) -> None:
    """The region acts: a complaint leaves, and is answered."""
    ticket = await stage.complaint("ASSIGNED")
    async with field.database.write(CAUSE) as db:
        await handling.act(db, CAUSE, WORKER, Act(ticket, Action.FORWARD, to=field.running.connector.name))
    await stage.act(ticket, Action.START, Action.ANSWER)


async def meet(field: Field) -> tuple[int, float]:
    """Minutes until nothing is left to do, and the seconds that took here."""
    began = time.monotonic()
    for minute in range(1, MINUTES):
        await a_minute(field)
        if await field.rows(BEHIND) == [(0,)]:
            return minute, time.monotonic() - began
    raise AssertionError(f"still behind: {await field.rows(STATES)}")


@pytest.mark.parametrize("connector", SENDERS)
async def test_after_an_hour_away_both_sides_meet(
    connector: type[Connector], postgres_url: str, every_system: str, keys: Path, tell: Callable[[str], None]
) -> None:
    async with field_of(connector, postgres_url, every_system, keys) as field:
        stage = Stage(field.database, Settings(), SEAL, AsyncExitStack())
        await stage.run(TICKETS)
        assert await field.pull() == "DONE"
        field.attempts = 1
        field.bad(GONE, share=1.0)
        for _ in range(MINUTES):
            await forward(field, stage)
            field.running.sandbox.tick()
            await a_minute(field)
        assert field.proxy.met < MOST_CALLS * MINUTES, "who is away is not asked by all that waits"
        assert await field.rows("select count(*) from systems where down_since is not null") == [(1,)]
        await field.good()
        minutes, seconds = await meet(field)
        sent = 3 * MINUTES
        assert minutes <= LONGEST_WAIT / 60 * 1.25 + 1
        assert await field.rows(STATES) == [("DONE", sent)]
        figures = field.running.sandbox.figures()
        assert (figures["sent"], figures["doubled"]) == (MINUTES, 0)
        # What was sent changed the reports there, and that is told by the next pull.
        assert await field.pull() == "DONE"
        await field.agree(await field.listed())
    tell(
        f"{connector.name} was away for an hour: asked again after {minutes} min at most, {sent} deliveries and what"
        f" changed there caught up in {seconds:.1f} s, {sent / seconds:.0f} a second"
    )
