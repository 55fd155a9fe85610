"""What follows from a failed call, for decisions and for deliveries of complaints."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import pytest

from hub.contract import SystemDeclaration
from hub.errors import ConfigurationError, OutcomeUnknown, TryLater
from hub.store.agreement import decisions
from hub.store.database import Cause
from hub.store.outbox.deliveries import MAX_BACKOFF
from hub.sync.delivery import DeliveryRun
from hub.sync.pull import Pull
from tests.fake_connector import FakeSettings
from tests.fake_receiver import ReceivingConnector, RemoteSystem
from tests.registers import SEAL, Both, Centre, Region, at, permit
from tests.schema.harness import Stage, opened

__all__ = ["both", "decided", "registers_database"]
from tests.store.agreement.conftest import both, decided, registers_database
from tests.sync.test_delivery import due_now, evidence, forwarded, states

DUE = "update decisions set due_at = now()"
LATER = "select due_at > now() from decisions"
OPEN = "select state, trouble, due_at > now() from decisions where state <> 'DONE'"
OPEN_DELIVERY = "select state, trouble, due_at > now() from deliveries"
BUDGET = 3


@pytest.fixture
def registered_systems() -> tuple[SystemDeclaration, ...]:
    return (ReceivingConnector.declaration(FakeSettings()),)


@pytest.fixture
async def stage(database_url: str) -> AsyncIterator[Stage]:
    """A hub with one system that accepts deliveries."""
    async with opened(database_url) as stage:
        yield stage


@pytest.mark.parametrize("error", [TryLater("down"), ConfigurationError("401"), ValueError("a fault")], ids=repr)
async def test_a_failed_read_leaves_the_outcome_unknown(decided: Both, error: Exception) -> None:
    decided.region.errors = [OutcomeUnknown("lost")]
    await decided.deliver(Region)
    decided.region.read_errors = [error]
    await decided.run(DUE)
    with contextlib.suppress(ValueError):
        await decided.deliver(Region)
    assert await decided.rows("select state from decisions") == [("SENDING",)]
    assert await decided.rows(LATER) == [(True,)]
    await decided.run("update systems set stopped_at = null")
    decided.region.put(decided.region.items["7"] | {"status": "APPROVAL", "since": at(3), "changed": at(4)})
    await decided.run(DUE)
    assert await decided.deliver(Region) == {"FOUND": 1}
    assert decided.region.told == []


async def test_a_lost_call_ends_with_a_person_after_a_last_read(decided: Both) -> None:
    decided.region.errors = [OutcomeUnknown("lost") for _ in range(9)]
    for outcome in ("NO_RESPONSE", "NO_RESPONSE", "NOT_FOUND"):
        assert await decided.deliver(Region, attempts=2) == {outcome: 1}
        await decided.run(DUE)
    assert await decided.deliver(Region, attempts=2) == {}
    assert await decided.rows("select state, trouble from decisions") == [
        ("BLOCKED", "2 attempts, and it has not arrived")
    ]
    assert await decided.rows("select next_step from matters") == [("PERSON",)]


async def test_a_failing_read_ends_with_a_person_too(decided: Both) -> None:
    decided.region.errors = [OutcomeUnknown("lost")]
    await decided.deliver(Region, attempts=2)
    decided.region.read_errors = [TryLater("down"), TryLater("down")]
    for _ in range(2):
        await decided.run(DUE)
        assert await decided.deliver(Region, attempts=2) == {"TRY_LATER": 1}
    assert await decided.rows("select state, trouble from decisions") == [("BLOCKED", "3 attempts; the last: down")]


async def test_an_internal_error_interrupts_no_other_decision(both: Both) -> None:
    for number in range(1, 7):
        await both.bring(Region, permit(f"{number}", f"I-{number}", authority="CENTRE"))
        approved = {"status": "APPROVAL", "since": at(3), "changed": at(3)}
        await both.bring(Centre, permit(f"I-{number}", f"I-{number}", authority="CENTRE", **approved))
    both.region.broken = {"3"}
    with pytest.raises(ValueError, match="a fault of the connector"):
        await both.deliver(Region)
    assert {told.external_id for told in both.region.told} == {"1", "2", "4", "5", "6"}
    assert await both.rows(OPEN) == [("SENDING", "internal error (ValueError)", True)]
    assert await both.deliver(Region) == {}, "it is spaced like other failures"


async def test_an_internal_error_ends_with_a_person(decided: Both) -> None:
    decided.region.broken = {"7"}
    for _ in range(3):
        with pytest.raises(ValueError, match="a fault of the connector"):
            await decided.deliver(Region, attempts=3)
        await decided.run(DUE)
    assert await decided.deliver(Region, attempts=3) == {"NOT_FOUND": 1}
    assert await decided.rows("select state from decisions") == [("BLOCKED",)]
    assert await decided.rows("select next_step from matters") == [("PERSON",)]


async def test_decisions_are_due_once_the_system_is_back(decided: Both) -> None:
    decided.region.errors = [OutcomeUnknown("lost"), TryLater("down")]
    for _ in range(2):
        await decided.deliver(Region)
        await decided.run("update decisions set due_at = now() + interval '1 hour'")
        await decided.run("update systems set down_since = now() where name = 'region'")
        async with decided.connected(Region) as connector:
            assert (await Pull(decided.database, connector, SEAL).run()).outcome == "DONE"
        assert await decided.rows(LATER) == [(False,)]
    assert await decided.deliver(Region) == {"DONE": 1}


async def test_a_decision_that_is_being_sent_keeps_its_lease(decided: Both) -> None:
    async with decided.database.write(Cause("test", "worker", "run-1")) as db:
        await decisions.lease(db, "region", 30)
        await decisions.wake(db, "region")
    assert await decided.rows(LATER) == [(True,)]


async def deliver(stage: Stage, there: RemoteSystem) -> dict[str, int]:
    """Send the deliveries that are due; return how often each outcome occurred."""
    receiving = ReceivingConnector(there)
    run = DeliveryRun(stage.database, receiving, stage.cipher, timeout=5, max_attempts=BUDGET)
    return {outcome.value: count for outcome, count in (await run.run()).items()}


async def test_an_internal_error_of_a_delivery_is_spaced(stage: Stage) -> None:
    there = RemoteSystem(faults=iter(["our fault"] * 9))
    await forwarded(stage)
    for _ in range(BUDGET):
        with pytest.raises(ZeroDivisionError):
            await deliver(stage, there)
        assert await stage.rows(OPEN_DELIVERY) == [("SENDING", "internal error (ZeroDivisionError)", True)]
        await due_now(stage)
    assert await deliver(stage, there) == {"NOT_FOUND": 1}
    assert (await states(stage), there.calls) == ([("CREATE", "BLOCKED")], BUDGET)


async def test_an_internal_error_of_a_look_up_ends_with_a_person(stage: Stage) -> None:
    there = RemoteSystem(faults=iter(["lost"]), looks=iter(["our fault"] * 9))
    await forwarded(stage)
    with pytest.raises(ZeroDivisionError):
        await deliver(stage, there)
    assert await stage.rows(OPEN_DELIVERY) == [("SENDING", "internal error (ZeroDivisionError)", True)]
    age = MAX_BACKOFF * BUDGET + 1
    await stage.run("update deliveries set due_at = now(), attempted_at = now() - make_interval(secs => :age)", age=age)
    with pytest.raises(ZeroDivisionError):
        await deliver(stage, there)
    assert await states(stage) == [("CREATE", "OUTCOME_UNKNOWN")]
    assert await evidence(stage) == ["NO_RESPONSE", "TRY_LATER", "UNKNOWN"]
    assert there.calls == 1
