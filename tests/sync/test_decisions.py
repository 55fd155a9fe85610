"""Decisions reach the other register once, whatever it does."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.contract import Decision, Raw
from hub.errors import ConfigurationError, OutcomeUnknown, RecordChanged, Refused, TryLater
from hub.store.agreement import decisions, payload
from hub.store.database import Cause, Database
from hub.sync.call_failures import MAX_FAILURES
from hub.sync.compare_again import compare_outdated
from tests.registers import Both, Centre, Region, at, permit

__all__ = ["both", "decided", "registers_database"]
from tests.store.agreement.conftest import both, decided, registers_database

DUE = "update decisions set due_at = now()"


async def test_a_decision_of_the_centre_is_told_to_the_region(decided: Both) -> None:
    assert await decided.states() == {"I-1": ("DIFFERS", "NOT_TOLD")}
    assert await decided.deliver(Region) == {"DONE": 1}
    (told,) = decided.region.told
    assert (told.external_id, told.record.status, told.fields) == ("7", "APPROVAL", frozenset({"status"}))
    assert await decided.states() == {"I-1": ("AGREED", None)}
    assert await decided.deliver(Region) == {}


async def test_a_register_that_is_down_is_told_later(decided: Both) -> None:
    decided.region.errors = [TryLater("down"), TryLater("down")]
    assert await decided.deliver(Region) == {"TRY_LATER": 1}
    assert await decided.states() == {"I-1": ("DIFFERS", "NOT_TAKEN")}
    await decided.run(DUE)
    assert await decided.deliver(Region) == {"TRY_LATER": 1}
    await decided.run(DUE)
    assert await decided.deliver(Region) == {"DONE": 1}
    assert await decided.states() == {"I-1": ("AGREED", None)}


async def test_a_refused_decision_waits_for_a_person(decided: Both) -> None:
    decided.region.errors = [Refused("not like this")]
    assert await decided.deliver(Region) == {"REFUSED": 1}
    assert await decided.states() == {"I-1": ("DIFFERS", "NOT_TAKEN")}
    assert await decided.rows("select next_step, pending_until from matters") == [("PERSON", None)]
    assert await decided.rows("select state, trouble from decisions") == [("BLOCKED", "not like this")]
    await decided.run(DUE)
    assert await decided.deliver(Region) == {}


async def test_a_lost_answer_is_read_before_it_is_told_again(decided: Both) -> None:
    decided.region.errors = [OutcomeUnknown("lost")]
    assert await decided.deliver(Region) == {"NO_RESPONSE": 1}
    decided.region.put(decided.region.items["7"] | {"status": "APPROVAL", "since": at(3), "changed": at(4)})
    await decided.run(DUE)
    assert await decided.deliver(Region) == {"FOUND": 1}
    assert decided.region.told == []
    assert await decided.states() == {"I-1": ("AGREED", None)}


async def test_a_lost_call_is_told_again(decided: Both) -> None:
    decided.region.errors = [OutcomeUnknown("lost")]
    await decided.deliver(Region)
    await decided.run(DUE)
    assert await decided.deliver(Region) == {"DONE": 1}
    assert len(decided.region.told) == 1


async def test_wrong_settings_stop_the_system(decided: Both) -> None:
    decided.region.errors = [ConfigurationError("401")]
    assert await decided.deliver(Region) == {"STOPPED": 1}
    assert await decided.rows("select stopped_at is not null from systems where name = 'region'") == [(True,)]
    assert await decided.rows("select state, attempts from decisions") == [("WAITING", 0)]
    await decided.run(DUE)
    assert await decided.deliver(Region) == {}


async def test_a_decision_that_is_overtaken_is_not_told(decided: Both) -> None:
    issued = {"status": "ISSUED", "number": "1/2", "since": at(5), "changed": at(5)}
    await decided.bring(Centre, permit("I-1", "I-1", authority="CENTRE", **issued))
    assert await decided.deliver(Region) == {"DONE": 1}
    assert [told.record.status for told in decided.region.told] == ["ISSUED"]


async def test_a_decision_that_is_followed_already_is_not_told(decided: Both) -> None:
    await decided.bring(Region, permit("7", "I-1", authority="CENTRE", status="APPROVAL", since=at(4), changed=at(4)))
    assert await decided.deliver(Region) == {}
    assert await decided.rows("select * from decisions") == []


async def test_what_is_changed_back_is_told_once_more(decided: Both) -> None:
    await decided.deliver(Region)
    first = permit("7", "I-1", authority="CENTRE", status="REJECTED", since="2027-01-01T00:00:00+00:00")
    await decided.bring(Region, first | {"changed": "2027-01-01T00:00:00+00:00"})
    assert await decided.states() == {"I-1": ("DIFFERS", "CHANGED_BACK")}
    assert await decided.deliver(Region) == {"DONE": 1}
    assert await decided.states() == {"I-1": ("AGREED", None)}
    second = first | {"since": "2027-02-01T00:00:00+00:00", "changed": "2027-02-01T00:00:00+00:00"}
    await decided.bring(Region, second)
    assert await decided.states() == {"I-1": ("DIFFERS", "CHANGED_BACK")}
    assert await decided.rows("select next_step from matters") == [("PERSON",)]
    assert await decided.deliver(Region) == {}
    assert len(decided.region.told) == 2


async def test_a_change_back_is_seen_whatever_the_clocks_say(decided: Both) -> None:
    await decided.deliver(Region)
    for times, step in ((1, "DELIVERY"), (2, "PERSON")):
        changed = {"status": "REJECTED", "since": at(2), "changed": f"2027-0{times}-01T00:00:00+00:00"}
        await decided.bring(Region, decided.region.items["7"] | changed)
        assert await decided.states() == {"I-1": ("DIFFERS", "CHANGED_BACK")}
        assert await decided.rows("select next_step from matters") == [(step,)]
        await decided.deliver(Region)
    assert len(decided.region.told) == 2


async def test_a_register_that_does_not_follow_is_seen(decided: Both) -> None:
    decided.region.deaf = True
    assert await decided.deliver(Region) == {"DONE": 1}
    assert await decided.states() == {"I-1": ("DIFFERS", "TOLD_LATE")}


async def test_a_record_that_was_changed_meanwhile_is_sent_again(decided: Both) -> None:
    decided.region.put(decided.region.items["7"] | {"changed": at(4)})
    assert await decided.deliver(Region) == {"TRY_LATER": 1}
    assert await decided.states() == {"I-1": ("DIFFERS", "NOT_TAKEN")}
    assert await decided.rows("select state, times from decisions") == [("WAITING", 1)]
    await decided.run(DUE)
    assert await decided.deliver(Region) == {"DONE": 1}
    assert await decided.states() == {"I-1": ("AGREED", None)}
    assert len({told.key for told in decided.region.told}) == 1


async def test_a_change_that_follows_in_part_is_sent_the_rest(decided: Both) -> None:
    issued = {"status": "ISSUED", "number": "1/2", "issued_on": "2026-11-02", "since": at(5), "changed": at(5)}
    await decided.bring(Centre, decided.centre.items["I-1"] | issued)
    decided.region.put(decided.region.items["7"] | {"number": "1/2", "changed": at(6)})
    assert await decided.deliver(Region) == {"TRY_LATER": 1}
    assert set(await decided.fields("I-1")) == {"status", "issued_on"}
    assert await decided.states() == {"I-1": ("DIFFERS", "NOT_TAKEN")}
    await decided.run(DUE)
    assert await decided.deliver(Region) == {"DONE": 1}
    assert await decided.states() == {"I-1": ("AGREED", None)}


async def test_an_unreadable_change_ends_with_a_person(decided: Both) -> None:
    decided.region.put(decided.region.items["7"] | {"valid_until": 31, "changed": at(4)})
    for _ in range(2):
        assert await decided.deliver(Region, attempts=2) == {"TRY_LATER": 1}
        assert await decided.states() == {"I-1": ("DIFFERS", "NOT_TAKEN")}
        await decided.run(DUE)
    assert await decided.rows("select d.state, next_step from decisions d, matters") == [("BLOCKED", "PERSON")]
    assert await decided.rows("select count(*) from quarantine") == [(1,)]


async def test_a_change_to_an_unknown_code_withdraws_it(decided: Both) -> None:
    before = decided.region.items["7"]
    decided.region.put(before | {"status": "NEW", "changed": at(4)})
    assert await decided.deliver(Region) == {"TRY_LATER": 1}
    assert await decided.rows("select m.state, d.state from matters m, decisions d") == [("UNKNOWN", "WAITING")]
    await decided.run(DUE)
    assert await decided.deliver(Region) == {"FOUND": 1}
    assert await decided.rows("select * from decisions") == []
    await decided.bring(Region, before | {"changed": at(5)})
    assert await decided.deliver(Region) == {"DONE": 1}
    assert await decided.states() == {"I-1": ("AGREED", None)}


async def test_a_record_that_never_stays_the_same_ends_with_a_person(decided: Both) -> None:
    for minute in (4, 5):
        decided.region.put(decided.region.items["7"] | {"changed": at(minute)})
        await decided.run(DUE)
        await decided.deliver(Region, attempts=2)
    assert await decided.rows("select state from decisions") == [("BLOCKED",)]
    assert await decided.rows("select next_step from matters") == [("PERSON",)]


async def test_registers_that_change_all_the_time_end_a_run(decided: Both) -> None:
    minutes = itertools.count(10)

    class Restless(Region):
        async def tell(self, decision: Decision) -> list[Raw]:
            minute = next(minutes)
            status = "APPROVAL" if minute % 2 else "PAYMENT"
            await decided.bring(Centre, decided.centre.items["I-1"] | {"status": status, "changed": at(minute)})
            raise RecordChanged([self.registered.put(self.registered.items["7"] | {"changed": at(minute)})])

    assert await decided.deliver(Restless) == {"TRY_LATER": MAX_FAILURES}


async def test_a_field_that_cannot_be_sent_does_not_delay_the_rest(decided: Both) -> None:
    await decided.bring(Centre, decided.centre.items["I-1"] | {"scale": "LARGE", "changed": at(4)})
    assert await decided.deliver(Region) == {"DONE": 1}
    assert set(await decided.fields("I-1")) == {"scale"}


async def test_data_of_a_business_does_not_count_as_changed_back(decided: Both) -> None:
    """The region's record changed last, but what it changed is nothing that it can be sent."""
    await decided.bring(Region, decided.region.items["7"] | {"scale": "LARGE", "changed": at(9)})
    await decided.bring(Centre, decided.centre.items["I-1"] | {"status": "PAYMENT", "since": at(10), "changed": at(8)})
    assert await decided.rows("select decision is not null, times from decisions") == [(True, 1)]
    assert (await decided.fields("I-1"))["status"][2] == "NOT_TOLD"
    decided.region.deaf = True
    assert await decided.deliver(Region) == {"DONE": 1}
    later = "2027-01-01T00:00:00+00:00"
    await decided.bring(Region, decided.region.items["7"] | {"scale": "MEDIUM", "changed": later})
    assert await decided.rows("select state, times from decisions") == [("DONE", 1)]
    assert (await decided.fields("I-1"))["status"][2] == "TOLD_LATE"
    assert await decided.rows("select next_step from matters") == [("READ",)]


async def test_a_status_is_sent_once_more_whatever_else_differs(decided: Both) -> None:
    """The scale differs all the time, so both sides never agree."""
    await decided.bring(Region, decided.region.items["7"] | {"scale": "LARGE", "changed": at(1)})
    await decided.deliver(Region)
    assert set(await decided.fields("I-1")) == {"scale"}
    back = {"status": "REJECTED", "since": at(2), "changed": "2027-01-01T00:00:00+00:00"}
    await decided.bring(Region, decided.region.items["7"] | back)
    assert (await decided.fields("I-1"))["status"][2] == "CHANGED_BACK"
    assert await decided.rows("select state, times from decisions") == [("WAITING", 2)]


async def test_what_a_person_sent_again_stays_with_a_person(decided: Both) -> None:
    decided.region.deaf = True
    await decided.bring(Region, decided.region.items["7"] | {"changed": at(4)})
    await decided.run("update decisions set times = 3")
    assert await decided.deliver(Region) == {"DONE": 1}
    assert await decided.states() == {"I-1": ("DIFFERS", "CHANGED_BACK")}
    assert await decided.rows("select next_step from matters") == [("PERSON",)]


async def test_another_declaration_is_compared_again(decided: Both) -> None:
    await decided.deliver(Region)
    assert await compare_outdated(decided.database) == 0
    other = (
        """update systems set register = jsonb_set(register, '{shows,APPROVAL}', '"RECEIVED"') where name = 'region'"""
    )
    await decided.run(other)
    assert await compare_outdated(decided.database) == 1
    assert await compare_outdated(decided.database) == 0


async def test_records_from_before_there_was_a_pair_are_compared(decided: Both) -> None:
    await decided.run("delete from matters")
    assert await compare_outdated(decided.database) == 1
    assert await decided.states() == {"I-1": ("DIFFERS", "NOT_TOLD")}


class Ended(Exception):
    """The process ended here."""


class EndingDatabase(Database):
    """Ends its process at one of its commits: before it, or after it."""

    def __init__(self, url: str, commit: int, *, after: bool) -> None:
        super().__init__(url, pool_size=8)
        self.commit, self.after, self.count = commit, after, 0

    @asynccontextmanager
    async def write(self, cause: Cause) -> AsyncIterator[AsyncConnection]:
        async with super().write(cause) as db:
            yield db
            self.count += 1
            ends = self.count == self.commit
            if ends and not self.after:
                raise Ended
        if ends:
            raise Ended


@pytest.mark.whole
@pytest.mark.parametrize("lost", [False, True], ids=["answered", "lost"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_a_run_that_ends_at_any_commit_is_resumed(decided: Both, *, after: bool, lost: bool) -> None:
    ended = 0
    for commit in range(1, 9):
        minute = 10 * commit
        decision = {"authority": "CENTRE", "status": "REJECTED" if commit % 2 else "APPROVAL"}
        await decided.bring(Centre, permit("I-1", "I-1", **decision, since=at(minute), changed=at(minute)))
        decided.region.errors = [OutcomeUnknown("lost")] if lost else []
        ending = EndingDatabase(decided.database.url, commit, after=after)
        try:
            await Both(ending, decided.centre, decided.region).deliver(Region)
        except* Ended:
            ended += 1
        finally:
            await ending.close()
        for _ in range(3):
            await decided.run(DUE)
            await decided.deliver(Region)
        assert await decided.states() == {"I-1": ("AGREED", None)}, commit
    assert ended >= 3
    assert len(decided.region.told) <= 8 + ended


async def test_a_matter_that_is_gone_has_nothing_to_send(decided: Both) -> None:
    async with decided.database.write(Cause("test", "worker", "run-1")) as db:
        leased = await decisions.lease(db, "region", 30)
    assert leased
    await decided.run("delete from matters")
    async with decided.database.read() as db:
        assert (await payload.build(db, leased)).decision is None
