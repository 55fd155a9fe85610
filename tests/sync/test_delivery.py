"""Deliveries are planned with their cause and arrive once and in order, whatever fails in between."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import pytest
from sqlalchemy import text

from hub.complaints.forwarding import AttemptOutcome as Outcome
from hub.complaints.forwarding import DeliveryAction, DeliveryState, ForwardingRule
from hub.complaints.workflow import Action, RejectionReason
from hub.contract import SystemDeclaration
from hub.store import migrate
from hub.store.database import Database
from hub.store.idempotency import Completed
from hub.store.outbox import deliveries
from hub.store.use_cases import transitions
from hub.store.use_cases.transitions import Transition
from hub.sync.delivery import DeliveryRun
from hub.sync.delivery_attempt import DeliveryAttempts
from hub.viewer import WORKER, Viewer, ViewerKind
from tests.fake_connector import Fake, FakeSettings
from tests.fake_receiver import ReceivingConnector, RemoteSystem
from tests.schema.harness import CAUSE, REPORTER, Stage, opened
from tests.waits import HANGS_AFTER, hanging


class Blind(ReceivingConnector):
    """The same system without a look-up."""

    listing = False


class Slow(ReceivingConnector):
    """The same system, whose look-up finds nothing for a while."""

    settles = 30.0


@pytest.fixture
def registered_systems() -> tuple[SystemDeclaration, ...]:
    return (ReceivingConnector.declaration(FakeSettings()),)


@pytest.fixture
async def stage(database_url: str) -> AsyncIterator[Stage]:
    """A hub with one system that accepts deliveries."""
    async with opened(database_url) as stage:
        yield stage


async def act(stage: Stage, ticket: str, action: Action, rules: Sequence[ForwardingRule] = (), **over: Any) -> Any:
    """Apply an action to a complaint as an officer; return the result."""
    values = {"note": f"Kata-kata {action.value}", **over}
    async with stage.database.write(CAUSE) as db:
        return await transitions.transition(db, CAUSE, WORKER, Transition(ticket, action, **values), rules)


async def forwarded(stage: Stage, status: str = "ASSIGNED", **over: Any) -> str:
    """Return the ticket of a complaint with a delivery to the system."""
    ticket = await stage.complaint(status, **over)
    assert isinstance(await act(stage, ticket, Action.FORWARD, note=None), Completed)
    return ticket


async def run(
    stage: Stage,
    there: RemoteSystem,
    kind: type[ReceivingConnector] = ReceivingConnector,
    *,
    within: float = 5.0,
    budget: int = 20,
) -> Mapping[Outcome, int]:
    """Run the deliveries that are due, as the worker does."""
    return await DeliveryRun(stage.database, kind(there), stage.cipher, timeout=within, max_attempts=budget).run()


LAST = "(select max(at) from delivery_attempts a where a.delivery_id = d.id)"
"""The time of the last attempt, whose transaction also sets when the delivery is due next."""


async def waits(stage: Stage) -> float:
    """Return the seconds between the last attempt at the only delivery and the next."""
    ((seconds,),) = await stage.rows(f"select extract(epoch from due_at - {LAST})::float from deliveries d")
    return float(seconds)


async def due_now(stage: Stage) -> None:
    """Let time pass: waiting deliveries are due, leases have ended."""
    await stage.run("update deliveries set due_at = now() where state in ('WAITING', 'SENDING')")


async def states(stage: Stage) -> list[tuple[str, str]]:
    """Return action and state of all deliveries, in order."""
    return await stage.rows("select action, state from deliveries order by complaint_id, sequence")


async def evidence(stage: Stage) -> list[str]:
    """Return the outcome of each attempt, in order."""
    return [outcome for (outcome,) in await stage.rows("select outcome from delivery_attempts order by id")]


async def test_a_complaint_and_what_follows_arrive_in_order(stage: Stage) -> None:
    there = RemoteSystem()
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


async def test_a_created_record_is_linked_and_stored_at_once(stage: Stage) -> None:
    ticket = await forwarded(stage)
    await run(stage, RemoteSystem())
    assert await stage.rows("select system, external_id, origin from counterparts") == [("fake", f"T-{ticket}", "SENT")]
    assert await stage.rows("select external_id from records") == [(f"T-{ticket}",)]
    causes = await stage.rows("select distinct cause, correlation from changes where system = 'fake'")
    assert causes == [("deliver:fake", CAUSE.correlation)]


@pytest.mark.parametrize("flag", ["anonymous", "secret"])
async def test_anonymous_and_secret_reporters_stay_hidden(stage: Stage, flag: str) -> None:
    there = RemoteSystem()
    hidden: dict[str, Any] = {flag: True}
    await forwarded(stage, **hidden)
    await run(stage, there)
    (sent,) = there.taken
    assert sent.complaint.reporter is None
    assert getattr(sent.complaint, flag) is True


async def test_nothing_personal_and_no_prose_is_kept_with_a_delivery(stage: Stage) -> None:
    ticket = await forwarded(stage, title="Judul yang rahasia")
    await act(stage, ticket, Action.START, note="Kalimat yang rahasia sekali")
    await run(stage, RemoteSystem(faults=iter(["refuse"])))
    kept = await stage.rows(
        "select d::text, a::text from deliveries d left join delivery_attempts a on a.delivery_id = d.id"
    )
    assert not [text for text in ("rahasia", REPORTER.name, "0000001") if text in str(kept)]


@pytest.mark.parametrize(
    "fault",
    ["unclear", "lost", *(pytest.param(fault, marks=pytest.mark.whole) for fault in ("late", "hang", "fault of ours"))],
)
async def test_an_uncertain_send_is_looked_up_before_a_retry(stage: Stage, fault: str) -> None:
    there = RemoteSystem(faults=iter([fault]))
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
    assert (await evidence(stage))[:2] == ["NO_RESPONSE", "NOT_FOUND" if fault == "lost" else "FOUND"]


async def test_it_is_not_looked_for_before_looking_is_conclusive(stage: Stage) -> None:
    there = RemoteSystem(faults=iter(["late"]))
    await forwarded(stage)
    await run(stage, there, Slow)
    assert await run(stage, there, Slow) == {}
    assert await waits(stage) == 30


async def test_a_worker_that_died_in_the_middle_sends_nothing_twice(stage: Stage) -> None:
    there = RemoteSystem(faults=iter(["hang"]))
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


async def test_without_lookup_an_uncertain_send_is_unknown_and_final(stage: Stage) -> None:
    there = RemoteSystem(faults=iter(["lost"]))
    ticket = await forwarded(stage)
    await act(stage, ticket, Action.START)
    await run(stage, there, Blind)
    for _ in range(3):
        await due_now(stage)
        await run(stage, there, Blind)
    assert await states(stage) == [("CREATE", "OUTCOME_UNKNOWN"), ("FOLLOW_UP", "WAITING")]
    assert (there.calls, await evidence(stage)) == (1, ["NO_RESPONSE"])


async def test_without_lookup_a_dead_worker_leaves_an_unknown_outcome(stage: Stage) -> None:
    there = RemoteSystem()
    await forwarded(stage)
    async with stage.database.write(CAUSE) as db:
        await deliveries.lease(db, "fake", 0)
    await run(stage, there, Blind)
    assert (await states(stage), await evidence(stage)) == ([("CREATE", "OUTCOME_UNKNOWN")], ["UNKNOWN"])
    assert there.calls == 0


async def test_what_the_desk_confirms_settles_an_unknown_outcome(stage: Stage) -> None:
    there = RemoteSystem(faults=iter(["unclear"]))
    ticket = await forwarded(stage)
    await act(stage, ticket, Action.START)
    await run(stage, there, Blind)
    await stage.run(
        "insert into counterparts (system, external_id, complaint_id, origin)"
        " select 'fake', 'T-' || ticket, id, 'CONFIRMED' from complaints"
    )
    await run(stage, there, Blind)
    assert await states(stage) == [("CREATE", "DONE"), ("FOLLOW_UP", "DONE")]
    assert there.keys == [f"{ticket}/1", f"{ticket}/2"]


async def test_an_exhausted_budget_needs_a_person_and_blocks_the_next(stage: Stage) -> None:
    there = RemoteSystem(faults=iter(["later"] * 9))
    ticket = await forwarded(stage)
    await act(stage, ticket, Action.START)
    for _ in range(5):
        await due_now(stage)
        await run(stage, there, budget=3)
    assert await states(stage) == [("CREATE", "BLOCKED"), ("FOLLOW_UP", "WAITING")]
    assert there.calls == 3
    assert await stage.rows("select trouble from deliveries where sequence = 1") == [
        ("3 attempts; the last: HTTP 503",)
    ]


async def test_backoff_grows_with_jitter_up_to_a_quarter_of_an_hour(stage: Stage) -> None:
    there = RemoteSystem(faults=iter(["later"] * 20))
    await forwarded(stage)
    found = []
    for _ in range(12):
        await due_now(stage)
        await run(stage, there)
        found.append(await waits(stage))
    assert all(0.75 * 2**n <= wait <= 1.25 * 2**n for n, wait in enumerate(found[:9], 1))
    assert all(675 <= wait <= 1_125 for wait in found[9:])


async def test_a_refusal_needs_a_person_and_blocks_no_other_complaint(stage: Stage) -> None:
    there = RemoteSystem(faults=iter(["refuse"]))
    for _ in range(2):
        await act(stage, await forwarded(stage), Action.START)
    assert await run(stage, there) == {Outcome.REFUSED: 1, Outcome.DONE: 2}
    found = sorted(await states(stage))
    assert found == [("CREATE", "BLOCKED"), ("CREATE", "DONE"), ("FOLLOW_UP", "DONE"), ("FOLLOW_UP", "WAITING")]
    assert len(there.by_ticket) == 1


async def test_a_system_that_stops_rests_and_the_attempt_was_none(stage: Stage) -> None:
    there = RemoteSystem(faults=iter(["stop"]))
    await forwarded(stage)
    await run(stage, there)
    assert await stage.rows("select state, attempts from deliveries") == [("WAITING", 0)]
    async with stage.database.read() as db:
        assert await deliveries.due_systems(db) == []
    assert await run(stage, there) == {}
    await stage.run("update systems set stopped_at = null")
    await due_now(stage)
    assert await run(stage, there) == {Outcome.DONE: 1}


async def test_an_unresponsive_system_is_not_called_per_delivery(stage: Stage) -> None:
    there = RemoteSystem(faults=iter(["later"] * 99))
    for _ in range(12):
        await forwarded(stage)
    await run(stage, there)
    assert there.calls <= 8


async def test_when_it_is_back_what_waits_is_due(stage: Stage) -> None:
    await forwarded(stage)
    await run(stage, RemoteSystem(faults=iter(["later"])))
    await stage.run("update deliveries set due_at = now() + interval '1 hour'; update systems set down_since = now()")
    await stage.pull()
    async with stage.database.read() as db:
        assert await deliveries.due_systems(db) == ["fake"]


async def test_complaints_are_sent_in_parallel_and_each_in_order(stage: Stage) -> None:
    there = RemoteSystem(together=4)
    for _ in range(6):
        ticket = await forwarded(stage)
        await act(stage, ticket, Action.START)
        await act(stage, ticket, Action.ANSWER)
    await asyncio.gather(*(run(stage, there, within=HANGS_AFTER) for _ in range(2)))
    assert there.overlapped.is_set()
    assert there.doubled == []
    assert there.most_at_once == 1
    assert set(map(tuple, there.by_ticket.values())) == {("CREATE", "FOLLOW_UP", "ANSWER")}


async def test_what_becomes_due_does_not_wait_for_a_slow_answer(stage: Stage) -> None:
    there = RemoteSystem(faults=iter(["hang"]))
    slow = await forwarded(stage)
    running = asyncio.create_task(run(stage, there, within=HANGS_AFTER))
    async with hanging():
        while not there.taken:
            await asyncio.sleep(0.01)
        quick = await forwarded(stage)
        while len(there.taken) < 2:
            await asyncio.sleep(0.01)
    slow_one = "select state from deliveries where ticket = :t"
    assert await stage.rows(slow_one, t=slow) == [("SENDING",)]
    assert [each.complaint.ticket for each in there.taken] == [slow, quick]
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def test_a_slow_worker_without_its_lease_still_reports_results(stage: Stage) -> None:
    there = RemoteSystem()
    await forwarded(stage)
    async with stage.database.write(CAUSE) as db:
        slow = await deliveries.lease(db, "fake", 0)
    assert slow
    async with stage.database.write(CAUSE) as db:
        again = await deliveries.lease(db, "fake", 60)
        assert again
        assert again.outcome_unknown
        assert await deliveries.begin_retry(db, slow, 60) is None
        assert await deliveries.mark_delivered(db, slow.id, "T-1")
    assert await states(stage) == [("CREATE", "DONE")]
    assert await run(stage, there) == {}
    assert there.calls == 0


async def test_a_worker_without_its_lease_writes_nothing(stage: Stage) -> None:
    await forwarded(stage)
    async with stage.database.write(CAUSE) as db:
        slow = await deliveries.lease(db, "fake", 0)
    async with stage.database.write(CAUSE) as db:
        again = await deliveries.lease(db, "fake", 60)
    assert slow
    assert again
    before = await stage.rows("select state, trouble, due_at, attempts from deliveries")
    async with stage.database.write(CAUSE) as db:
        await deliveries.release(db, slow, DeliveryState.BLOCKED, "too late", counts=False)
    assert await stage.rows("select state, trouble, due_at, attempts from deliveries") == before


async def test_a_lease_lasts_until_looking_is_conclusive(stage: Stage) -> None:
    for connector, wait in ((ReceivingConnector, 4.0), (Slow, Slow.settles)):
        attempts = DeliveryAttempts(stage.database, connector(RemoteSystem()), stage.cipher, timeout=16, max_attempts=3)
        assert attempts.lease_seconds == 16 + wait


async def test_a_systems_own_change_is_not_sent_to_it(stage: Stage) -> None:
    ticket = await forwarded(stage)
    await run(stage, RemoteSystem())
    await act(stage, ticket, Action.RETURN)
    await act(stage, ticket, Action.RESUME, source_system="fake")
    await act(stage, ticket, Action.RETURN)
    done = await act(stage, ticket, Action.REJECT, source_system="fake", reason=RejectionReason.NOT_OUR_AUTHORITY)
    assert isinstance(done, Completed)
    assert await states(stage) == [("CREATE", "DONE"), ("FOLLOW_UP", "WAITING"), ("FOLLOW_UP", "WAITING")]


@pytest.mark.parametrize("reason", [RejectionReason.SPAM, RejectionReason.UNFIT])
async def test_rubbish_that_has_not_left_stays_here(stage: Stage, reason: RejectionReason) -> None:
    there = RemoteSystem()
    ticket = await forwarded(stage, "VERIFIED")
    await act(stage, ticket, Action.REJECT, reason=reason)
    await run(stage, there)
    assert (await states(stage), there.calls) == ([("CREATE", "GIVEN_UP")], 0)
    assert await evidence(stage) == ["GIVEN_UP"]


async def test_rubbish_that_was_tried_may_be_there_and_goes_on(stage: Stage) -> None:
    there = RemoteSystem(faults=iter(["later"]))
    ticket = await forwarded(stage, "VERIFIED")
    await run(stage, there)
    await act(stage, ticket, Action.REJECT, reason=RejectionReason.SPAM)
    await due_now(stage)
    await run(stage, there)
    assert await states(stage) == [("CREATE", "DONE")]


async def test_not_our_authority_is_reported_with_text_and_target(stage: Stage) -> None:
    there = RemoteSystem()
    ticket = await forwarded(stage, "VERIFIED")
    note = "NOT_OUR_AUTHORITY\nJalan nasional, bukan jalan provinsi."
    await act(stage, ticket, Action.REJECT, note=note, reason=RejectionReason.NOT_OUR_AUTHORITY, target="77")
    await run(stage, there)
    delivered = there.taken[-1]
    assert (delivered.action.value, delivered.target, delivered.text) == (
        "NOT_OURS",
        "77",
        "Jalan nasional, bukan jalan provinsi.",
    )


RULES = (
    ForwardingRule("fake", "category", "ROADS"),
    ForwardingRule("fake", "agency", "DISHUB"),
    ForwardingRule("other", "agency", "DISHUB"),
)


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


async def test_a_temporarily_disabled_system_misses_nothing(stage: Stage, database_url: str) -> None:
    class Other(Fake):
        name = "other"

    there = RemoteSystem()
    ticket = await forwarded(stage)
    await migrate.migrate(database_url, [Other.declaration(FakeSettings())])
    await act(stage, ticket, Action.START)
    async with stage.database.read() as db:
        assert await deliveries.due_systems(db) == []
    await migrate.migrate(database_url, [ReceivingConnector.declaration(FakeSettings())])
    await run(stage, there)
    assert there.by_ticket[ticket] == ["CREATE", "FOLLOW_UP"]


async def test_the_nudge_goes_out_with_its_cause_or_not_at_all(stage: Stage) -> None:
    ticket = await stage.complaint("ASSIGNED")
    with contextlib.suppress(ZeroDivisionError):
        async with stage.database.write(CAUSE) as db:
            await transitions.transition(db, CAUSE, WORKER, Transition(ticket, Action.FORWARD))
            raise ZeroDivisionError
    jobs = "select task_name, args ->> 'system', status::text from procrastinate_jobs"
    assert (await stage.rows(jobs), await states(stage)) == ([], [])
    await act(stage, ticket, Action.FORWARD, note=None)
    await act(stage, ticket, Action.START)
    assert await stage.rows(jobs) == [("hub:deliver", "fake", "todo")]


async def test_the_backlog_is_counted_by_system_and_state(stage: Stage, database_url: str) -> None:
    ticket = await forwarded(stage)
    await act(stage, ticket, Action.START)
    await run(stage, RemoteSystem(faults=iter(["refuse"])))
    database = Database(database_url)
    async with database.read() as db:
        found = await deliveries.backlog(db)
        oldest = await db.scalar(text("select min(created_at) from deliveries"))
    await database.close()
    assert [(each.system, each.state, each.count) for each in found] == [("fake", "BLOCKED", 1), ("fake", "WAITING", 1)]
    assert found[0].oldest == oldest


async def test_an_unreadable_reporter_delays_one_delivery_only(stage: Stage) -> None:
    there = RemoteSystem()
    await forwarded(stage)
    await stage.run("update reporters set sealed = 'rubbish that no key opens'::bytea")
    await forwarded(stage)
    assert await run(stage, there) == {Outcome.NOT_SENDABLE: 1, Outcome.DONE: 1}
    assert await states(stage) == [("CREATE", "BLOCKED"), ("CREATE", "DONE")]


async def test_what_a_system_takes_no_longer_waits_for_a_person(stage: Stage) -> None:
    class Narrow(ReceivingConnector):
        sends = frozenset({DeliveryAction.CREATE})

    ticket = await forwarded(stage)
    await act(stage, ticket, Action.START)
    await run(stage, RemoteSystem(), Narrow)
    assert await states(stage) == [("CREATE", "DONE"), ("FOLLOW_UP", "BLOCKED")]


async def test_an_unanswered_lookup_backs_off_and_uses_no_budget(stage: Stage) -> None:
    there = RemoteSystem(faults=iter(["unclear"]), looks=iter(["later"] * 6))
    await forwarded(stage)
    await run(stage, there)
    for age in (1, 10, 100, 1_000, 10_000):
        await stage.run(
            "update deliveries set due_at = now(), attempted_at = now() - make_interval(secs => :age)", age=age
        )
        await run(stage, there)
        ((by_now, attempts),) = await stage.rows(
            f"select extract(epoch from {LAST} - attempted_at)::float, attempts from deliveries d"
        )
        assert attempts == 1
        # It was looked for when the delivery was so old, or somewhat older where the machine is slow.
        assert 0.75 * min(age, 900) <= await waits(stage) <= 1.25 * min(by_now, 900)
    await due_now(stage)
    assert await run(stage, there) == {Outcome.FOUND: 1}


LOG = "{complaints {edges {node {accessLog {reader client purpose purposeLabel fields}}}}}"


async def test_the_reporter_sees_once_which_system_got_their_identity(stage: Stage) -> None:
    there = RemoteSystem(faults=iter(["later", "lost"]))
    ticket = await forwarded(stage)
    await act(stage, ticket, Action.START)
    for _ in range(4):
        await run(stage, there)
        await due_now(stage)
    assert there.by_ticket[ticket] == ["CREATE", "FOLLOW_UP"]
    assert [each.complaint.reporter for each in there.taken] == [REPORTER, None]
    holder = Viewer(ViewerKind.HOLDER, f"holder:{ticket}", frozenset({"complaints:read"}), ticket=ticket)
    (edge,) = (await stage.got(holder, LOG))["complaints"]["edges"]
    assert edge["node"]["accessLog"] == [
        {
            "reader": "system:fake",
            "client": None,
            "purpose": "FORWARDING",
            "purposeLabel": "Penerusan",
            "fields": ["NAME", "PHONE", "EMAIL", "NIK"],
        }
    ]
    handed = "select subject, actor, details ->> 'system' from audit_events where action = 'identity:hand-over'"
    assert await stage.rows(handed) == [(f"complaint:{ticket}", "worker", "fake")]


@pytest.mark.parametrize("over", [{"secret": True}, {"anonymous": True}, {"anonymous": True, "reporter": None}])
async def test_where_nobody_is_named_nobody_is_handed_over(stage: Stage, over: dict[str, Any]) -> None:
    await forwarded(stage, **over)
    await run(stage, RemoteSystem())
    assert await stage.rows("select 1 from reads") == []
