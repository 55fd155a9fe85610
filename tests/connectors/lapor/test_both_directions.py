"""The hub and LAPOR in both directions: each act on one side is on both sides once, whatever fails between them."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from hub.complaints.workflow import Action, RejectionReason
from hub.connectors.lapor.connector import Lapor
from hub.connectors.lapor.sandbox.reports import StoredReport
from hub.store import migrate
from hub.store.idempotency import Completed
from hub.store.use_cases import transitions
from hub.store.use_cases.transitions import Transition
from hub.sync.delivery import DeliveryRun
from hub.sync.pull import Pull
from hub.testing.running import Running, running_sandbox
from hub.viewer import WORKER
from tests.schema.harness import CAUSE, Stage, staged

SETTLE = 0.5


@dataclass
class Both:
    """A hub, and the sandbox that it calls."""

    stage: Stage
    running: Running

    async def act(self, ticket: str, action: Action, **over: Any) -> None:
        """Apply an action to a complaint in the hub."""
        given = {"note": f"Kata-kata {action.value}.", **over}
        async with self.stage.database.write(CAUSE) as db:
            done = await transitions.transition(db, CAUSE, WORKER, Transition(ticket, action, **given), [])
        assert isinstance(done, Completed)

    def there(self, **act: Any) -> dict[str, Any]:
        """Act on a report in LAPOR."""
        return self.running.sandbox.act(act)

    async def bring(self) -> None:
        """Deliver as the worker does, until no delivery is in progress."""
        await self.stage.run("update deliveries set due_at = now() where state = 'WAITING'")
        async with self.running.connected(timeout=1.0) as connector:
            await DeliveryRun(self.stage.database, connector, self.stage.cipher, timeout=5.0, max_attempts=20).run()

    async def settled(self) -> None:
        """Deliver until no delivery is waiting, while time passes."""
        for _ in range(20):
            await self.bring()
            if not await self.stage.rows("select 1 from deliveries where state in ('WAITING', 'SENDING')"):
                return
            await asyncio.sleep(SETTLE / 2)
        raise AssertionError(await self.stage.rows("select action, state, trouble from deliveries"))

    async def pull(self) -> str:
        """Pull as the worker does; return the outcome."""
        async with self.running.connected() as connector:
            return (await Pull(self.stage.database, connector, self.stage.cipher).run()).outcome

    async def forwarded(self, status: str = "ASSIGNED") -> str:
        """Return the ticket of a complaint with a delivery to LAPOR."""
        ticket = await self.stage.complaint(status)
        await self.act(ticket, Action.FORWARD, note=None)
        return ticket

    async def complaint(self, ticket: str) -> tuple[str, str | None]:
        """Return status and agency."""
        (row,) = await self.stage.rows("select status, agency_code from complaints where ticket = :t", t=ticket)
        return row  # type: ignore[no-any-return]

    def report(self, ticket: str) -> StoredReport:
        """Return the only report with that ticket."""
        return self.running.sandbox.store.tagged(ticket)  # type: ignore[attr-defined, no-any-return]

    @property
    def figures(self) -> dict[str, Any]:
        """Return the counters of the sandbox."""
        return self.running.sandbox.figures()


@pytest.fixture
async def both(database_url: str, tmp_path: Path) -> AsyncIterator[Both]:
    with patch("hub.connectors.lapor.sandbox.year_of_reports", lambda world, size: []):
        async with running_sandbox(Lapor, tmp_path) as running, staged(database_url) as stage:
            quick = running.settings.model_copy(update={"settle": SETTLE})
            object.__setattr__(running, "settings", quick)
            await migrate.migrate(database_url, [Lapor.declaration(quick)])
            yield Both(stage, running)


async def test_a_complaint_is_forwarded_answered_and_closed_by_both(both: Both) -> None:
    ticket = await both.forwarded()
    await both.bring()
    await both.act(ticket, Action.START)
    await both.act(ticket, Action.ANSWER)
    await both.bring()
    report = both.report(ticket)
    assert (report.status, [reply.text.splitlines()[0] for reply in report.replies]) == (
        "FOLLOWED_UP",
        ["Kata-kata START.", "Kata-kata ANSWER."],
    )
    assert await both.pull() == "DONE"
    assert await both.complaint(ticket) == ("ANSWERED", "DISHUB")
    await asyncio.sleep(1)  # LAPOR tells whole seconds, so what it does must be a second later to be later.
    both.there(do="status", ticket=ticket, status="CLOSED")
    await both.pull()
    assert await both.complaint(ticket) == ("CLOSED", "DISHUB")
    assert (both.figures["sent"], both.figures["references"], both.figures["doubled"]) == (1, 2, 0)
    assert not await both.stage.rows("select 1 from deliveries where state <> 'DONE'"), (
        "a remote change is not sent back"
    )


async def test_both_sides_act_while_disconnected_and_then_converge(both: Both) -> None:
    ticket = await both.forwarded()
    await both.bring()
    async with both.running.fault("down"):
        await both.act(ticket, Action.START)
        await both.bring()
        both.there(do="dispose", ticket=ticket, to="DISHUB")
        both.there(do="reply", ticket=ticket, text="Mohon kabar.")
        assert await both.pull() == "DOWN"
    await both.settled()
    assert await both.pull() == "DONE"
    report = both.report(ticket)
    assert (await both.complaint(ticket), report.status) == (("IN_PROGRESS", "DISHUB"), "IN_PROGRESS")
    assert [reply.institution is None for reply in report.replies] == [True, False]
    assert both.figures["doubled"] == 0
    assert not await both.stage.rows("select 1 from shared_fields where conflict_since is not null")


@pytest.mark.whole
async def test_a_late_update_of_ours_does_not_undo_newer_changes(both: Both) -> None:
    ticket = await both.forwarded()
    await both.bring()
    await both.act(ticket, Action.START)
    await asyncio.sleep(1)
    await both.act(ticket, Action.ANSWER)
    await both.stage.run("update deliveries set state = 'BLOCKED' where action = 'ANSWER'")
    await both.bring()
    await both.pull()
    assert both.report(ticket).status == "IN_PROGRESS"
    assert (await both.complaint(ticket))[0] == "ANSWERED"
    await both.stage.run("update deliveries set state = 'WAITING' where action = 'ANSWER'")
    await both.settled()
    await both.pull()
    assert (both.report(ticket).status, (await both.complaint(ticket))[0]) == ("FOLLOWED_UP", "ANSWERED")
    accepted = await both.stage.rows("select 1 from complaint_steps where action = 'ACCEPT_REMOTE'")
    assert accepted == [], "nobody at the centre decided anything"


async def test_two_agencies_wait_for_a_person(both: Both) -> None:
    ticket = await both.forwarded()
    await both.bring()
    both.there(do="dispose", ticket=ticket, to="DINSOS")
    await both.pull()
    assert (await both.complaint(ticket))[1] == "DISHUB"
    (conflict,) = await both.stage.rows(
        "select field, ours, theirs from shared_fields where conflict_since is not null"
    )
    assert conflict == ("agency", "DISHUB", "DINSOS")


@pytest.mark.whole
@pytest.mark.parametrize(
    ("fault", "value"),
    [("accept_then_hang", 30.0), ("accept_then_500", None), ("accept_late", SETTLE / 2), ("down", None)],
)
async def test_what_was_taken_without_an_answer_is_there_once(both: Both, fault: str, value: float | None) -> None:
    ticket = await both.forwarded()
    await both.act(ticket, Action.START)
    async with both.running.fault(fault, times=1, value=value):
        with contextlib.suppress(AssertionError):
            await both.bring()
    async with both.running.fault(fault, times=1, value=value):
        await both.settled()
    report = both.report(ticket)
    assert (report.status, len(report.replies)) == ("IN_PROGRESS", 1)
    assert (both.figures["sent"], both.figures["references"], both.figures["doubled"]) == (1, 1, 0)


async def test_a_not_our_authority_answer_forwards_and_stays_rejected(both: Both) -> None:
    ticket = await both.forwarded()
    await both.bring()
    await both.act(ticket, Action.REJECT, reason=RejectionReason.NOT_OUR_AUTHORITY, target="921")
    await both.settled()
    assert (both.report(ticket).status, both.report(ticket).disposition) == ("TRANSFERRED", 921)
    await asyncio.sleep(1)
    both.there(do="status", ticket=ticket, status="IN_PROGRESS")
    await both.pull()
    assert (await both.complaint(ticket))[0] == "REJECTED", "what somebody else does on the way is not ours"


async def test_a_report_for_us_becomes_one_answered_complaint(both: Both) -> None:
    made = both.there(do="create", title="Bus lewat", content="Tidak berhenti.", to="DISHUB", nameUser="Uji Coba")
    elsewhere = both.there(do="create", title="Kereta lewat", content="Tidak berhenti.", to=921)
    for _ in range(2):
        await both.pull()
    ((ticket, channel, agency),) = await both.stage.rows("select ticket, channel, agency_code from complaints")
    assert (channel, agency, elsewhere["to"]) == ("LAPOR", "DISHUB", 921)
    await both.act(ticket, Action.ANSWER)
    await both.settled()
    report = both.running.sandbox.store.get(str(made["id"]))  # type: ignore[attr-defined]
    assert report.status == "FOLLOWED_UP"
    assert re.search(rf"Ref\. {ticket}/1 [a-z2-7]{{16}}$", report.replies[0].text)
    await both.pull()
    assert await both.stage.rows("select count(*) from complaints") == [(1,)]
    assert both.figures["sent"] == 0


async def test_a_status_nobody_knows_moves_nothing(both: Both) -> None:
    ticket = await both.forwarded()
    await both.bring()
    both.there(do="status", ticket=ticket, status="Ditelaah Ulang")
    await both.pull()
    assert (await both.complaint(ticket))[0] == "ASSIGNED"
    assert await both.stage.rows("select status, told from records") == [("UNKNOWN", "Ditelaah Ulang")]


async def test_where_there_is_no_listing_a_person_decides(both: Both) -> None:
    blind = both.running.settings.model_copy(update={"listing": False})
    object.__setattr__(both.running, "settings", blind)
    ticket = await both.forwarded()
    async with both.running.fault("accept_then_500", times=1):
        await both.bring()
    assert await both.stage.rows("select state from deliveries") == [("OUTCOME_UNKNOWN",)]
    await both.bring()
    assert (both.figures["sent"], both.report(ticket).ticket) == (1, ticket)
