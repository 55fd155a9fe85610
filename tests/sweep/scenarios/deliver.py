"""Complaints and later changes are delivered to the systems that accept them."""

from __future__ import annotations

import contextlib
from functools import partial

from hub.complaints.workflow import Action
from hub.connectors.base import Connector
from hub.store.idempotency import Completed
from hub.store.use_cases import transitions
from hub.store.use_cases.transitions import Transition
from hub.viewer import WORKER
from tests.schema.harness import CAUSE, Stage
from tests.sweep import expectations
from tests.sweep.attempt import Attempt
from tests.sweep.scenarios.scenario import CALLS, COMMITS, Scenario
from tests.sweep.setup import SweepSetup, listed_items

COMPLAINTS = 2
FOLLOWS = (Action.START, Action.ANSWER)
OPEN = "select count(*) from deliveries where state <> 'DONE'"
LINKED = "select count(*) from counterparts where origin = 'SENT' and system = :system"
HURRY = "update systems set next_pull_at = now() where synced_at is null and next_pull_at > now()"
"""A pull that fails by the crash of the database would be repeated only a minute later."""
BEGUN = "select count(*) from systems where synced_at is null and sends <> '{}'"


def write(attempt: Attempt, tickets: list[str]) -> None:
    """Write in the other system below the reports, with text that resembles the hub's."""
    for running in attempt.sandboxes.values():
        for ticket in tickets:
            act = {"do": "reply", "ticket": ticket, "text": f"Sudah ada di Ref. {ticket}/2 dan Ref. {ticket}/3."}
            with contextlib.suppress(ValueError):
                running.sandbox.act(act)


class Deliver(Scenario):
    """``hub worker``, which also pulls."""

    name = "deliver"
    edges = CALLS | COMMITS

    async def prepare(self, setup: SweepSetup, stage: Stage) -> None:
        """Create answered complaints with deliveries to every system that accepts them."""
        for connector in setup.connectors:
            if connector.sends:
                for ticket in await stage.complaints("ASSIGNED", [{}] * COMPLAINTS):
                    async with stage.database.write(CAUSE) as db:
                        act = Transition(ticket, Action.FORWARD, to=connector.name)
                        assert isinstance(await transitions.transition(db, CAUSE, WORKER, act), Completed)
                    for action in FOLLOWS:
                        await self._follow(stage, ticket, action)

    async def _follow(self, stage: Stage, ticket: str, action: Action) -> None:
        """Act on the complaint with text that resembles the marks that the hub adds."""
        async with stage.database.write(CAUSE) as db:
            act = Transition(ticket, action, f"Lihat Ref. {ticket}/2 dan Ref. {ticket}/3.")
            assert isinstance(await transitions.transition(db, CAUSE, WORKER, act), Completed)

    def speaks_to(self, connector: type[Connector]) -> bool:
        """Return whether the system accepts complaints."""
        return bool(connector.sends)

    async def run(self, attempt: Attempt) -> None:
        """Run until everything is delivered and every system was pulled, while others write there."""
        tickets = [ticket for (ticket,) in await attempt.rows("select ticket from complaints order by id")]
        attempt.others = partial(write, attempt, tickets)
        async with attempt.command("worker", HUB_CONNECTORS=",".join(attempt.sandboxes)):
            await attempt.until(OPEN, 0)
            await attempt.until(BEGUN, 0, hurry=HURRY)
        attempt.others()

    async def check(self, attempt: Attempt) -> None:
        """Check that every system has each delivery once, in order, with its own record."""
        expectations.nothing_doubled(attempt)
        for name, running in attempt.sandboxes.items():
            figures = running.sandbox.figures()
            assert (figures["sent"], figures["references"]) == (COMPLAINTS, COMPLAINTS * len(FOLLOWS))
            linked = await attempt.rows(
                "select count(*) from counterparts where origin = 'SENT' and system = :s", s=name
            )
            assert linked == [(COMPLAINTS,)]
            await expectations.pulled(attempt, running)
            items = await listed_items(running)
            await expectations.records_agree(attempt, running.connector, items)
            await expectations.taken_in_once(attempt, running, await expectations.asking(attempt, running))
        await expectations.history_holds(attempt)
