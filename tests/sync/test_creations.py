"""A record that one register lacks is created there, and again with other values if it was refused."""

from __future__ import annotations

from typing import Any

from hub.errors import Refused
from hub.store.agreement.refresh import refresh
from hub.store.database import Cause
from tests.registers import Both, Centre, Region, at, permit

__all__ = ["both", "registers_database"]
from tests.store.agreement.conftest import both, registers_database

DUE = "update decisions set due_at = now()"
LISTED_AND_DUE = "with listed as (update systems set synced_at = now()) update decisions set due_at = now()"


async def test_a_permit_that_the_centre_lacks_is_not_created(both: Both) -> None:
    await both.bring(Region, permit("7", "I-1", authority="CENTRE"))
    assert await both.rows("select state, next_step, pending_until from matters") == [("ONE_SIDED", "PERSON", None)]
    assert await both.rows("select * from decisions") == []


async def test_a_missing_permit_is_created_after_the_window(both: Both) -> None:
    await both.bring(Centre, permit("I-1", "I-1", authority="CENTRE"))
    assert await both.deliver(Region) == {}
    await both.run(DUE)
    assert await both.deliver(Region) == {}, "the region was not listed yet"
    await both.run("update systems set synced_at = now()")
    assert await both.deliver(Region) == {"DONE": 2}, "created, and set to its status"
    assert await both.states() == {"I-1": ("AGREED", None)}


async def compare_again(both: Both) -> None:
    """Compare the permit again without a change."""
    async with both.database.write(Cause("compare", "worker", "run-1")) as db:
        await refresh(db, "centre", ["I-1"], "compare")


async def refuse_creation(both: Both, **facts: Any) -> None:
    """Let the region refuse a permit that the centre has and the region lacks."""
    await both.bring(Centre, permit("I-1", "I-1", authority="CENTRE", **facts))
    await both.run(LISTED_AND_DUE)
    both.region.errors = [Refused("the licensing app needs area_code")]
    assert await both.deliver(Region) == {"REFUSED": 1}


async def test_a_refused_creation_is_planned_anew_when_values_change(both: Both) -> None:
    await refuse_creation(both, area_code=None, type_name=None)
    assert await both.rows("select state, next_step from matters") == [("ONE_SIDED", "PERSON")]
    await compare_again(both)
    assert await both.rows("select state, attempts from decisions") == [("BLOCKED", 1)], "the values are the same"
    # The type's name is no shared field, but the region may need it.
    for minute, fact in ((2, {"type_name": "Izin"}), (3, {"area_code": "33.74"})):
        await both.bring(Centre, both.centre.items["I-1"] | fact | {"changed": at(minute)})
        assert await both.rows("select state, times, attempts from decisions") == [("WAITING", 1, 0)]
        assert await both.rows("select next_step from matters") == [("DELIVERY",)]
    await both.run(LISTED_AND_DUE)
    assert await both.deliver(Region) == {"DONE": 2}, "created, and set to its status"
    assert await both.states() == {"I-1": ("AGREED", None)}


async def test_a_permit_with_an_unknown_status_is_not_created(both: Both) -> None:
    await both.bring(Centre, permit("I-1", "I-1", authority="CENTRE", status="58"))
    assert await both.states() == {"I-1": ("ONE_SIDED", "UNKNOWN_CODE")}
    assert await both.rows("select next_step from matters") == [("PERSON",)]
    assert await both.rows("select * from decisions") == []
    await both.bring(Centre, permit("I-1", "I-1", authority="CENTRE", since=at(1), changed=at(1)))
    assert await both.states() == {"I-1": ("ONE_SIDED", "NOT_TOLD")}
    await both.run(LISTED_AND_DUE)
    assert await both.deliver(Region) == {"DONE": 2}


async def test_a_creation_is_withdrawn_when_the_status_is_unknown(both: Both) -> None:
    await both.bring(Centre, permit("I-1", "I-1", authority="CENTRE"))
    await both.bring(Centre, permit("I-1", "I-1", authority="CENTRE", status="58", since=at(1), changed=at(1)))
    assert await both.rows("select * from decisions") == []


async def test_a_creation_of_an_earlier_version_is_planned_anew(both: Both) -> None:
    """It was stored without its values, so it is unknown which of them were refused."""
    await refuse_creation(both)
    await both.run("update decisions set decision = 'CREATE'")
    await both.run("update systems set synced_at = null")
    await both.run("update decisions set state = 'WAITING'")
    await both.run(DUE)
    assert await both.deliver(Region) == {}, "the region was not listed yet"
    await both.run("update decisions set state = 'BLOCKED'")
    await compare_again(both)
    assert await both.rows("select state, times, attempts from decisions") == [("WAITING", 1, 0)]
