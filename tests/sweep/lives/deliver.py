"""Complaints and what follows them are brought to the systems that take them."""

from __future__ import annotations

from hub.complaints.workflow import Action
from hub.connectors.base import Connector
from hub.store.complaints import handling
from hub.store.complaints.handling import Act
from hub.store.promises import Done
from hub.viewer import WORKER
from tests.schema.stage import CAUSE, Stage
from tests.sweep import truth
from tests.sweep.attempt import Attempt
from tests.sweep.ground import Ground, listed
from tests.sweep.lives.life import CALLS, COMMITS, Life

COMPLAINTS = 2
FOLLOWS = (Action.START, Action.ANSWER)
OPEN = "select count(*) from deliveries where state <> 'DONE'"
LINKED = "select count(*) from counterparts where origin = 'SENT' and system = :system"
BEGUN = "select count(*) from systems where synced_at is null and sends <> '{}'"


class Deliver(Life):
    """``hub worker``, which pulls meanwhile."""

    name = "deliver"
    edges = CALLS | COMMITS

    async def prepare(self, ground: Ground, stage: Stage) -> None:
        """Complaints on their way to every system that takes them, answered already."""
        for connector in ground.connectors:
            if connector.sends:
                for ticket in await stage.complaints("ASSIGNED", [{}] * COMPLAINTS):
                    async with stage.database.write(CAUSE) as db:
                        act = Act(ticket, Action.FORWARD, to=connector.name)
                        assert isinstance(await handling.act(db, CAUSE, WORKER, act), Done)
                    await stage.act(ticket, *FOLLOWS)

    def speaks_to(self, connector: type[Connector]) -> bool:
        """Those that take complaints."""
        return bool(connector.sends)

    async def live(self, attempt: Attempt) -> None:
        """Until everything has arrived, and every system was pulled."""
        async with attempt.command("worker", HUB_CONNECTORS=",".join(attempt.sandboxes)):
            await attempt.until(OPEN, 0)
            await attempt.until(BEGUN, 0)

    async def check(self, attempt: Attempt) -> None:
        """Every system has each once, in order, and knows it as what it is."""
        truth.nothing_doubled(attempt)
        for name, running in attempt.sandboxes.items():
            figures = running.sandbox.figures()
            assert (figures["sent"], figures["references"]) == (COMPLAINTS, COMPLAINTS * len(FOLLOWS))
            linked = await attempt.rows(
                "select count(*) from counterparts where origin = 'SENT' and system = :s", s=name
            )
            assert linked == [(COMPLAINTS,)]
            await truth.pulled(attempt, running)
            items = await listed(running)
            await truth.records_agree(attempt, running.connector, items)
            await truth.taken_in_once(attempt, running, items)
        await truth.history_holds(attempt)
