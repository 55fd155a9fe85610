"""Deliveries: planned with their cause, brought over once and in order, whatever happens in between."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import pytest
from sqlalchemy import text

from hub.complaints.forwarding import AttemptOutcome as Outcome
from hub.complaints.forwarding import DeliveryAction, Rule
from hub.complaints.workflow import Action, RejectReason
from hub.store import migrate
from hub.store.complaints import handling
from hub.store.complaints.handling import Act
from hub.store.database import Database
from hub.store.exchange import deliveries
from hub.store.promises import Done
from hub.sync.deliver import Deliver
from hub.viewer import WORKER
from tests.fake import Fake, FakeSettings
from tests.schema.stage import CAUSE, REPORTER, Stage, staged
from tests.taking import Taking, There


class Blind(Taking):
    """The same without a way to look."""

    listing = False


class Slow(Taking):
    """The same, where looking tells nothing for a while."""

    settles = 30.0


@pytest.fixture
async def stage(database_url: str) -> AsyncIterator[Stage]:
    """A hub with one system that takes what is sent."""
    async with staged(database_url) as stage:
        await migrate.migrate(database_url, [(Taking, FakeSettings())])
        yield stage


async def act(stage: Stage, ticket: str, action: Action, rules: Sequence[Rule] = (), **over: Any) -> Any:
    """Do something to a complaint as the desk does; what came of it."""
    given = {"note": f"Kata-kata {action.value}", **over}
    async with stage.database.write(CAUSE) as db:
        return await handling.act(db, CAUSE, WORKER, Act(ticket, action, **given), rules)


async def forwarded(stage: Stage, status: str = "ASSIGNED", **over: Any) -> str:
    """The ticket of a complaint that is on its way to the system."""
    ticket = await stage.complaint(status, **over)
    assert isinstance(await act(stage, ticket, Action.FORWARD, note=None), Done)
    return ticket


async def run(
    stage: Stage, there: There, kind: type[Taking] = Taking, *, within: float = 5.0, budget: int = 20
) -> Mapping[Outcome, int]:
    """What the worker does when it is nudged."""
    return await Deliver(stage.database, kind(there), stage.seal, within=within, budget=budget).run()


async def due_now(stage: Stage) -> None:
    """Time passes: what waits is due, leases are over."""
    await stage.run("update deliveries set due_at = now() where state in ('WAITING', 'SENDING')")


async def states(stage: Stage) -> list[tuple[str, str]]:
    """Action and state of all deliveries, in order."""
    return await stage.rows("select action, state from deliveries order by complaint_id, sequence")


async def evidence(stage: Stage) -> list[str]:
    """What came of each attempt, in order."""
    return [outcome for (outcome,) in await stage.rows("select outcome from delivery_attempts order by id")]


async def test_a_complaint_and_what_follows_arrive_in_order(stage: Stage) -> None:
    there = There()
    ticket = await forwarded(stage)
    for action in (Action.START, Action.RETURN, Action.REPLY, Action.ANSWER):
        await act(stage, ticket, action)
    await act(stage, ticket, Action.RATE, note=None, changes={"rating": 4})
    assert await run(stage, there) == {Outcome.DONE: 6}
    assert there.by_ticket[ticket] == ["CREATE", "FOLLOW_UP", "FOLLOW_UP", "FOLLOW_UP", "ANSWER", "RATE"]
    assert there.keys == [f"{ticket}/{number}" for number in range(1, 7)]
    create, start, _, reply, answer, rate = there.taken
    assert (create.external_id, create.text, create.complaint.reporter) == (None, None, REPORTER)
    assert (start.external_id, start.text, start.by_reporter) == (f"T-{ticket}", "Kata-kata START", False)
    assert (reply.by_reporter, answer.text, rate.rating) == (True, "Kata-kata ANSWER", 4)


async def test_what_was_created_is_linked_and_its_record_is_there_at_once(stage: Stage) -> None:
    ticket = await forwarded(stage)
    await run(stage, There())
    assert await stage.rows("select system, external_id, origin from counterparts") == [("fake", f"T-{ticket}", "SENT")]
    assert await stage.rows("select external_id from records") == [(f"T-{ticket}",)]
    causes = await stage.rows("select distinct cause, correlation from changes where system = 'fake'")
    assert causes == [("deliver:fake", CAUSE.correlation)]


@pytest.mark.parametrize("flag", ["anonymous", "secret"])
async def test_nobody_outside_learns_who_brought_an_anonymous_or_a_secret_complaint(stage: Stage, flag: str) -> None:
    there = There()
    await forwarded(stage, **{flag: True})
    await run(stage, there)
    (sent,) = there.taken
    assert sent.complaint.reporter is None
    assert getattr(sent.complaint, flag) is True


async def test_nothing_personal_and_no_prose_is_kept_with_a_delivery(stage: Stage) -> None:
    ticket = await forwarded(stage, title="Judul yang rahasia")
    await act(stage, ticket, Action.START, note="Kalimat yang rahasia sekali")
    await run(stage, There(faults=iter(["refuse"])))
    kept = await stage.rows(
        "select d::text, a::text from deliveries d left join delivery_attempts a on a.delivery_id = d.id"
    )
    assert not [word for word in ("rahasia", REPORTER.name, "0000001") if word in str(kept)]


@pytest.mark.parametrize("fault", ["unclear", "late", "lost", "hang", "fault of ours"])
async def test_what_may_have_been_taken_is_looked_for_before_it_is_sent_again(stage: Stage, fault: str) -> None:
    there = There(faults=iter([fault]))
    ticket = await forwarded(stage)
    await act(stage, ticket, Action.START)
    if fault == "fault of ours":
        with pytest.raises(ZeroDivisionError):
            await run(stage, there)
    else:
        await run(stage, there, within=0.2)
    await due_now(stage)
    await run(stage, there)
    assert there.keys == [f"{ticket}/1", f"{ticket}/2"]
    assert (await evidence(stage))[:2] == ["UNCLEAR", "NOT_FOUND" if fault == "lost" else "FOUND"]


async def test_it_is_not_looked_for_before_looking_is_conclusive(stage: Stage) -> None:
    there = There(faults=iter(["late"]))
    await forwarded(stage)
    await run(stage, there, Slow)
    assert await run(stage, there, Slow) == {}
    waits = await stage.rows("select extract(epoch from due_at - now())::int from deliveries")
    assert 20 < waits[0][0] <= 30


async def test_a_worker_that_died_in_the_middle_sends_nothing_twice(stage: Stage) -> None:
    there = There(faults=iter(["hang"]))
    ticket = await forwarded(stage)
    await act(stage, ticket, Action.START)
    dying = asyncio.create_task(run(stage, there, within=60))
    while not there.taken:
        await asyncio.sleep(0.01)
    dying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await dying
    assert await states(stage) == [("CREATE", "SENDING"), ("FOLLOW_UP", "WAITING")]
    assert await run(stage, there) == {}, "while its lease lasts nobody takes it up"
    await due_now(stage)
    assert await run(stage, there) == {Outcome.FOUND: 1, Outcome.DONE: 1}
    assert there.keys == [f"{ticket}/1", f"{ticket}/2"]


async def test_without_a_way_to_look_the_outcome_is_unknown_and_it_is_never_sent_again(stage: Stage) -> None:
    there = There(faults=iter(["lost"]))
    ticket = await forwarded(stage)
    await act(stage, ticket, Action.START)
    await run(stage, there, Blind)
    for _ in range(3):
        await due_now(stage)
        await run(stage, there, Blind)
    assert await states(stage) == [("CREATE", "UNKNOWN"), ("FOLLOW_UP", "WAITING")]
    assert (there.calls, await evidence(stage)) == (1, ["UNCLEAR"])


async def test_without_a_way_to_look_a_dead_worker_leaves_the_outcome_unknown(stage: Stage) -> None:
    there = There()
    await forwarded(stage)
    async with stage.database.write(CAUSE) as db:
        await deliveries.take(db, "fake", 0)
    await run(stage, there, Blind)
    assert (await states(stage), await evidence(stage)) == ([("CREATE", "UNKNOWN")], ["UNKNOWN"])
    assert there.calls == 0


async def test_what_a_pull_finds_there_settles_an_unknown_outcome(stage: Stage) -> None:
    there = There(faults=iter(["unclear"]))
    ticket = await forwarded(stage)
    await act(stage, ticket, Action.START)
    await run(stage, there, Blind)
    await stage.run(
        "insert into counterparts (system, external_id, complaint_id, origin) select 'fake', 'T-' || ticket, id, 'TAG'"
        " from complaints"
    )
    await run(stage, there, Blind)
    assert await states(stage) == [("CREATE", "DONE"), ("FOLLOW_UP", "DONE")]
    assert there.keys == [f"{ticket}/1", f"{ticket}/2"]


async def test_after_the_budget_it_waits_for_a_person_and_what_follows_waits_with_it(stage: Stage) -> None:
    there = There(faults=iter(["later"] * 9))
    ticket = await forwarded(stage)
    await act(stage, ticket, Action.START)
    for _ in range(5):
        await due_now(stage)
        await run(stage, there, budget=3)
    assert await states(stage) == [("CREATE", "HELD"), ("FOLLOW_UP", "WAITING")]
    assert there.calls == 3
    assert await stage.rows("select trouble from deliveries where sequence = 1") == [
        ("3 attempts; the last: HTTP 503",)
    ]


async def test_it_backs_off_ever_longer_with_jitter_and_never_beyond_a_quarter_of_an_hour(stage: Stage) -> None:
    there = There(faults=iter(["later"] * 20))
    await forwarded(stage)
    waits = []
    for _ in range(12):
        await due_now(stage)
        await run(stage, there)
        waits += [
            float(wait) for (wait,) in await stage.rows("select extract(epoch from due_at - now()) from deliveries")
        ]
    assert all(0.75 * 2**n - 1 <= wait <= 1.25 * 2**n for n, wait in enumerate(waits[:9], 1))
    assert all(670 <= wait <= 1_125 for wait in waits[9:])


async def test_a_refusal_waits_for_a_person_and_hinders_no_other_complaint(stage: Stage) -> None:
    there = There(faults=iter(["refuse"]))
    for _ in range(2):
        await act(stage, await forwarded(stage), Action.START)
    assert await run(stage, there) == {Outcome.REFUSED: 1, Outcome.DONE: 2}
    found = sorted(await states(stage))
    assert found == [("CREATE", "DONE"), ("CREATE", "HELD"), ("FOLLOW_UP", "DONE"), ("FOLLOW_UP", "WAITING")]
    assert len(there.by_ticket) == 1


async def test_a_system_that_stops_rests_and_the_attempt_was_none(stage: Stage) -> None:
    there = There(faults=iter(["stop"]))
    await forwarded(stage)
    await run(stage, there)
    assert await stage.rows("select state, attempts from deliveries") == [("WAITING", 0)]
    async with stage.database.read() as db:
        assert await deliveries.due_systems(db) == []
    assert await run(stage, there) == {}
    await stage.run("update systems set stopped_at = null")
    await due_now(stage)
    assert await run(stage, there) == {Outcome.DONE: 1}


async def test_a_system_that_does_not_answer_is_not_asked_for_every_delivery(stage: Stage) -> None:
    there = There(faults=iter(["later"] * 99))
    for _ in range(12):
        await forwarded(stage)
    await run(stage, there)
    assert there.calls <= 8


async def test_when_it_is_back_what_waits_is_due(stage: Stage) -> None:
    await forwarded(stage)
    await run(stage, There(faults=iter(["later"])))
    await stage.run("update deliveries set due_at = now() + interval '1 hour'; update systems set down_since = now()")
    await stage.pull()
    async with stage.database.read() as db:
        assert await deliveries.due_systems(db) == ["fake"]


async def test_several_complaints_go_at_once_and_one_never_overtakes_itself(stage: Stage) -> None:
    there = There(delay=0.03)
    for _ in range(6):
        ticket = await forwarded(stage)
        await act(stage, ticket, Action.START)
        await act(stage, ticket, Action.ANSWER)
    started = asyncio.get_running_loop().time()
    await asyncio.gather(run(stage, there), run(stage, there))
    took = asyncio.get_running_loop().time() - started
    assert there.doubled == []
    assert there.most_at_once == 1
    assert set(map(tuple, there.by_ticket.values())) == {("CREATE", "FOLLOW_UP", "ANSWER")}
    assert took < 18 * 0.03 + 1.5


async def test_what_becomes_due_does_not_wait_for_a_slow_answer(stage: Stage) -> None:
    there = There(faults=iter(["hang"]))
    slow = await forwarded(stage)
    running = asyncio.create_task(run(stage, there, within=4))
    while not there.taken:
        await asyncio.sleep(0.01)
    quick = await forwarded(stage)
    began = asyncio.get_running_loop().time()
    while len(there.taken) < 2:
        await asyncio.sleep(0.01)
    assert asyncio.get_running_loop().time() - began < 3
    assert [each.complaint.ticket for each in there.taken] == [slow, quick]
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def test_a_slow_worker_that_lost_its_hold_still_tells_what_it_knows(stage: Stage) -> None:
    there = There()
    await forwarded(stage)
    async with stage.database.write(CAUSE) as db:
        slow = await deliveries.take(db, "fake", 0)
    assert slow
    async with stage.database.write(CAUSE) as db:
        again = await deliveries.take(db, "fake", 60)
        assert again
        assert again.unclear
        assert await deliveries.take_again(db, slow, 60) is None
        assert await deliveries.done(db, slow.id, "T-1")
    assert await states(stage) == [("CREATE", "DONE")]
    assert await run(stage, there) == {}
    assert there.calls == 0


async def test_what_a_system_said_itself_is_not_told_to_it(stage: Stage) -> None:
    ticket = await forwarded(stage)
    await run(stage, There())
    await act(stage, ticket, Action.RETURN)
    await act(stage, ticket, Action.RESUME, told_by="fake")
    await act(stage, ticket, Action.RETURN)
    done = await act(stage, ticket, Action.REJECT, told_by="fake", reason=RejectReason.NOT_OUR_AUTHORITY)
    assert isinstance(done, Done)
    assert await states(stage) == [("CREATE", "DONE"), ("FOLLOW_UP", "WAITING"), ("FOLLOW_UP", "WAITING")]


async def test_nothing_is_written_below_a_report_that_somebody_only_claims(stage: Stage) -> None:
    ticket = await stage.complaint("RECEIVED")
    await stage.run(
        "insert into counterparts (system, external_id, complaint_id, origin) select 'fake', '7', id, 'KEY'"
        " from complaints"
    )
    await act(stage, ticket, Action.REPLY)
    assert await states(stage) == []
    await act(stage, ticket, Action.VERIFY)
    await act(stage, ticket, Action.REPLY)
    assert await states(stage) == [("FOLLOW_UP", "WAITING")]


@pytest.mark.parametrize("reason", [RejectReason.SPAM, RejectReason.UNFIT])
async def test_rubbish_that_has_not_left_stays_here(stage: Stage, reason: RejectReason) -> None:
    there = There()
    ticket = await forwarded(stage, "VERIFIED")
    await act(stage, ticket, Action.REJECT, reason=reason)
    await run(stage, there)
    assert (await states(stage), there.calls) == ([("CREATE", "GIVEN_UP")], 0)
    assert await evidence(stage) == ["GIVEN_UP"]


async def test_rubbish_that_was_tried_may_be_there_and_goes_on(stage: Stage) -> None:
    there = There(faults=iter(["later"]))
    ticket = await forwarded(stage, "VERIFIED")
    await run(stage, there)
    await act(stage, ticket, Action.REJECT, reason=RejectReason.SPAM)
    await due_now(stage)
    await run(stage, there)
    assert await states(stage) == [("CREATE", "DONE")]


async def test_not_our_authority_is_told_with_its_words_and_its_target(stage: Stage) -> None:
    there = There()
    ticket = await forwarded(stage, "VERIFIED")
    note = "NOT_OUR_AUTHORITY\nJalan nasional, bukan jalan provinsi."
    await act(stage, ticket, Action.REJECT, note=note, reason=RejectReason.NOT_OUR_AUTHORITY, target="77")
    await run(stage, there)
    told = there.taken[-1]
    assert (told.action.value, told.target, told.text) == ("NOT_OURS", "77", "Jalan nasional, bukan jalan provinsi.")


RULES = (Rule("fake", "category", "ROADS"), Rule("fake", "agency", "DISHUB"), Rule("other", "agency", "DISHUB"))


async def test_rules_forward_when_it_is_verified_or_has_its_agency(stage: Stage) -> None:
    by_category = await stage.complaint("RECEIVED", category="ROADS")
    by_agency = await stage.complaint("VERIFIED", category="HEALTH")
    neither = await stage.complaint("VERIFIED", category="HEALTH")
    await act(stage, by_category, Action.VERIFY, RULES)
    await act(stage, by_category, Action.ASSIGN, RULES, changes={"agency_code": "DISHUB"})
    await act(stage, by_agency, Action.ASSIGN, RULES, changes={"agency_code": "DISHUB"})
    await act(stage, neither, Action.ASSIGN, RULES, changes={"agency_code": "DINKES"})
    assert await stage.rows("select ticket, system, action from deliveries order by id") == [
        (by_category, "fake", "CREATE"),
        (by_agency, "fake", "CREATE"),
    ]
    steps = "select role, status from complaint_steps where action = 'FORWARD' order by id"
    assert await stage.rows(steps) == [("SYSTEM", "VERIFIED"), ("SYSTEM", "ASSIGNED")]


async def test_forwarding_starts_no_clock_anew(stage: Stage) -> None:
    ticket = await stage.complaint("ASSIGNED")
    await stage.run("alter table complaint_steps disable trigger steps_stay")
    await stage.run("update complaint_steps set at = at - interval '30 days'")
    await act(stage, ticket, Action.REPLY)
    due = await stage.rows("select due_at, status from complaints")
    await act(stage, ticket, Action.FORWARD, note=None)
    await act(stage, ticket, Action.REPLY)
    assert await stage.rows("select due_at, status from complaints") == due


async def test_a_system_that_is_switched_off_for_a_while_misses_nothing(stage: Stage, database_url: str) -> None:
    class Other(Fake):
        name = "other"

    there = There()
    ticket = await forwarded(stage)
    await migrate.migrate(database_url, [(Other, FakeSettings())])
    await act(stage, ticket, Action.START)
    async with stage.database.read() as db:
        assert await deliveries.due_systems(db) == []
    await migrate.migrate(database_url, [(Taking, FakeSettings())])
    await run(stage, there)
    assert there.by_ticket[ticket] == ["CREATE", "FOLLOW_UP"]


async def test_the_nudge_goes_out_with_its_cause_or_not_at_all(stage: Stage) -> None:
    ticket = await stage.complaint("ASSIGNED")
    with contextlib.suppress(ZeroDivisionError):
        async with stage.database.write(CAUSE) as db:
            await handling.act(db, CAUSE, WORKER, Act(ticket, Action.FORWARD))
            raise ZeroDivisionError
    jobs = "select task_name, args ->> 'system', status::text from procrastinate_jobs"
    assert (await stage.rows(jobs), await states(stage)) == ([], [])
    await act(stage, ticket, Action.FORWARD, note=None)
    await act(stage, ticket, Action.START)
    assert await stage.rows(jobs) == [("hub:deliver", "fake", "todo")]


async def test_the_backlog_is_told_by_system_and_state(stage: Stage, database_url: str) -> None:
    ticket = await forwarded(stage)
    await act(stage, ticket, Action.START)
    await run(stage, There(faults=iter(["refuse"])))
    database = Database(database_url)
    async with database.read() as db:
        found = await deliveries.backlog(db)
        oldest = await db.scalar(text("select min(created_at) from deliveries"))
    await database.close()
    assert [(each.system, each.state, each.count) for each in found] == [("fake", "HELD", 1), ("fake", "WAITING", 1)]
    assert found[0].oldest == oldest


async def test_a_reporter_that_cannot_be_opened_holds_one_delivery_and_stops_nobody(stage: Stage) -> None:
    there = There()
    await forwarded(stage)
    await stage.run("update reporters set sealed = 'rubbish that no key opens'::bytea")
    await forwarded(stage)
    assert await run(stage, there) == {Outcome.UNFIT: 1, Outcome.DONE: 1}
    assert await states(stage) == [("CREATE", "HELD"), ("CREATE", "DONE")]


async def test_what_a_system_takes_no_longer_waits_for_a_person(stage: Stage) -> None:
    class Narrow(Taking):
        sends = frozenset({DeliveryAction.CREATE})

    ticket = await forwarded(stage)
    await act(stage, ticket, Action.START)
    await run(stage, There(), Narrow)
    assert await states(stage) == [("CREATE", "DONE"), ("FOLLOW_UP", "HELD")]


async def test_a_look_that_gets_no_answer_is_repeated_ever_more_seldom_and_uses_up_no_budget(stage: Stage) -> None:
    there = There(faults=iter(["unclear"]), looks=iter(["later"] * 6))
    await forwarded(stage)
    await run(stage, there)
    waits = []
    for age in (1, 10, 100, 1_000, 10_000):
        await stage.run(
            "update deliveries set due_at = now(), attempted_at = now() - make_interval(secs => :age)", age=age
        )
        await run(stage, there)
        (row,) = await stage.rows("select extract(epoch from due_at - now())::float, attempts from deliveries")
        waits.append(row[0])
        assert row[1] == 1
    assert all(
        0.7 * min(age, 900) - 1 <= wait <= 1.3 * min(age, 900)
        for age, wait in zip((1, 10, 100, 1_000, 10_000), waits, strict=True)
    )
    await due_now(stage)
    assert await run(stage, there) == {Outcome.FOUND: 1}
