"""The hub and LAPOR meet: what is done on either side is on both, once, whatever went wrong between them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from hub.complaints.workflow import Action, RejectReason
from hub.connectors.lapor.connector import Lapor
from hub.connectors.lapor.sandbox_reports import Filed
from hub.store import migrate
from hub.store.complaints import handling
from hub.store.complaints.handling import Act
from hub.store.promises import Done
from hub.sync.deliver import Deliver
from hub.sync.pull import Pull
from hub.viewer import WORKER
from tests.connectors.running import Running, running_sandbox
from tests.schema.stage import CAUSE, Stage, staged

SETTLE = 0.5


@dataclass
class Both:
    """A hub and the sandbox it speaks to."""

    stage: Stage
    running: Running

    async def act(self, ticket: str, action: Action, **over: Any) -> None:
        """Somebody does something to a complaint here."""
        given = {"note": f"Kata-kata {action.value}.", **over}
        async with self.stage.database.write(CAUSE) as db:
            done = await handling.act(db, CAUSE, WORKER, Act(ticket, action, **given), [])
        assert isinstance(done, Done)

    def there(self, **told: Any) -> dict[str, Any]:
        """Somebody does something at the centre."""
        return self.running.sandbox.act(told)

    async def bring(self) -> None:
        """What the worker does when deliveries are due: look again until nothing is under way."""
        await self.stage.run("update deliveries set due_at = now() where state = 'WAITING'")
        async with self.running.connected(timeout=1.0) as connector:
            await Deliver(self.stage.database, connector, self.stage.seal, within=5.0, budget=20).run()

    async def settled(self) -> None:
        """Bring what is under way until none is, as time passes."""
        for _ in range(20):
            await self.bring()
            if not await self.stage.rows("select 1 from deliveries where state in ('WAITING', 'SENDING')"):
                return
            await asyncio.sleep(SETTLE / 2)
        raise AssertionError(await self.stage.rows("select action, state, trouble from deliveries"))

    async def pull(self) -> str:
        """What the worker does when a pull is due; how it ended."""
        async with self.running.connected() as connector:
            return (await Pull(self.stage.database, connector, self.stage.seal).run()).outcome

    async def forwarded(self, status: str = "ASSIGNED") -> str:
        """The ticket of a complaint on its way to LAPOR."""
        ticket = await self.stage.complaint(status)
        await self.act(ticket, Action.FORWARD, note=None)
        return ticket

    async def complaint(self, ticket: str) -> tuple[str, str | None]:
        """Status and agency."""
        (row,) = await self.stage.rows("select status, agency_code from complaints where ticket = :t", t=ticket)
        return row  # type: ignore[no-any-return]

    def report(self, ticket: str) -> Filed:
        """The one report with that ticket."""
        return self.running.sandbox.shelf.tagged(ticket)  # type: ignore[attr-defined, no-any-return]

    @property
    def figures(self) -> dict[str, Any]:
        """What the sandbox counts."""
        return self.running.sandbox.figures()


@pytest.fixture
async def both(database_url: str, tmp_path: Path) -> AsyncIterator[Both]:
    with patch("hub.connectors.lapor.sandbox.filed", lambda today: []):
        async with running_sandbox(Lapor, tmp_path) as running, staged(database_url) as stage:
            quick = running.settings.model_copy(update={"settle": SETTLE})
            object.__setattr__(running, "settings", quick)
            await migrate.migrate(database_url, [(Lapor, quick)])
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
    assert not await both.stage.rows("select 1 from deliveries where state <> 'DONE'"), "nothing adopted is sent back"


async def test_both_sides_act_while_they_cannot_reach_each_other_and_then_meet(both: Both) -> None:
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


async def test_a_word_of_ours_that_comes_late_does_not_undo_what_was_done_since(both: Both) -> None:
    ticket = await both.forwarded()
    await both.bring()
    await both.act(ticket, Action.START)
    await asyncio.sleep(1)
    await both.act(ticket, Action.ANSWER)
    await both.stage.run("update deliveries set state = 'HELD' where action = 'ANSWER'")
    await both.bring()
    await both.pull()
    assert both.report(ticket).status == "IN_PROGRESS"
    assert (await both.complaint(ticket))[0] == "ANSWERED"
    await both.stage.run("update deliveries set state = 'WAITING' where action = 'ANSWER'")
    await both.settled()
    await both.pull()
    assert (both.report(ticket).status, (await both.complaint(ticket))[0]) == ("FOLLOWED_UP", "ANSWERED")
    adopted = await both.stage.rows("select 1 from complaint_steps where action = 'ADOPT'")
    assert adopted == [], "nobody at the centre decided anything"


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


async def test_not_our_authority_passes_it_on_and_the_complaint_stays_rejected(both: Both) -> None:
    ticket = await both.forwarded()
    await both.bring()
    await both.act(ticket, Action.REJECT, reason=RejectReason.NOT_OUR_AUTHORITY, target="921")
    await both.settled()
    assert (both.report(ticket).status, both.report(ticket).disposition) == ("TRANSFERRED", 921)
    await asyncio.sleep(1)
    both.there(do="status", ticket=ticket, status="IN_PROGRESS")
    await both.pull()
    assert (await both.complaint(ticket))[0] == "REJECTED", "what somebody else does on the way is not ours"


async def test_a_report_passed_on_to_us_becomes_a_complaint_once_and_is_answered(both: Both) -> None:
    made = both.there(do="create", title="Bus lewat", content="Tidak berhenti.", to="DISHUB", nameUser="Uji Coba")
    elsewhere = both.there(do="create", title="Kereta lewat", content="Tidak berhenti.", to=921)
    for _ in range(2):
        await both.pull()
    ((ticket, channel, agency),) = await both.stage.rows("select ticket, channel, agency_code from complaints")
    assert (channel, agency, elsewhere["to"]) == ("LAPOR", "DISHUB", 921)
    await both.act(ticket, Action.ANSWER)
    await both.settled()
    report = both.running.sandbox.shelf.get(str(made["id"]))  # type: ignore[attr-defined]
    assert (report.status, report.replies[0].text.endswith(f"Ref. {ticket}/1")) == ("FOLLOWED_UP", True)
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
    assert await both.stage.rows("select state from deliveries") == [("UNKNOWN",)]
    await both.bring()
    assert (both.figures["sent"], both.report(ticket).ticket) == (1, ticket)
