"""Since when a matter differs, and how long a person ignores it: both depend on what differs, not on other changes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from tests.registers import Both, Centre, Region, at, permit

STORED = "select state, since, ignored_until is not null from matters where key = 'I-1'"
IGNORE = "update matters set ignored_until = now() + interval '7 days'"


@pytest.fixture
async def ignored(both: Both) -> Both:
    """A permit that has another scale in the region since the second minute, which a person ignores."""
    await both.bring(Centre, permit("I-1", "I-1"))
    await both.bring(Region, permit("7", "I-1"))
    await change(both, Region, 2, scale="LARGE")
    await both.run(IGNORE)
    return both


async def change(both: Both, side: Any, minute: int, **facts: Any) -> None:
    """Change facts of one side's permit at a minute."""
    items = (both.centre if side is Centre else both.region).items
    (item,) = items.values()
    await both.bring(side, item | facts | {"changed": at(minute)})


def since(minute: int) -> datetime:
    return datetime.fromisoformat(at(minute))


async def test_another_change_of_a_record_restarts_nothing(ignored: Both) -> None:
    before = await ignored.rows("select xmin, ctid from matters")
    for side in (Centre, Region):
        await change(ignored, side, 5, office="Lain")
    assert await ignored.rows(STORED) == [("DIFFERS", since(2), True)]
    assert await ignored.rows("select xmin, ctid from matters") == before, "nothing is written"


async def test_a_label_that_changes_ends_no_ignoring(ignored: Both) -> None:
    await change(ignored, Region, 5, agency_code="DINDIK")
    assert await ignored.rows("select agency_code from matters") == [("DINDIK",)]
    assert await ignored.rows(STORED) == [("DIFFERS", since(2), True)]


@pytest.mark.parametrize("side", [Centre, Region])
async def test_a_step_of_the_status_does_not_restart_a_difference(ignored: Both, side: Any) -> None:
    await change(ignored, Region, 5, status="INSPECTION", since=at(5))
    assert await ignored.rows(STORED) == [("DIFFERS", since(2), False)], "another value differs"
    if side is Centre:
        await change(ignored, Centre, 6, status="INSPECTION", since=at(6))
    else:
        await change(ignored, Region, 6, status="VERIFICATION", since=at(6))
    assert await ignored.rows(STORED) == [("DIFFERS", since(2), False)]
    times = await ignored.rows("select field, left_at, right_at from differences")
    assert times == [("scale", since(0), since(2))]


async def test_another_value_begins_a_difference(ignored: Both) -> None:
    await change(ignored, Region, 5, scale="MEDIUM")
    assert await ignored.rows(STORED) == [("DIFFERS", since(5), False)]


async def test_a_matter_differs_since_the_oldest_that_is_left(ignored: Both) -> None:
    await change(ignored, Region, 5, kbli="11111")
    assert await ignored.rows(STORED) == [("DIFFERS", since(2), False)]
    await ignored.run(IGNORE)
    await change(ignored, Region, 8, scale="SMALL")
    assert await ignored.rows(STORED) == [("DIFFERS", since(5), False)]


async def test_a_report_that_states_a_status_again_restarts_nothing(both: Both) -> None:
    """The centre has no code for a revoked permit, and states the time of its document with the status."""
    await both.bring(Centre, permit("I-1", "I-1"))
    await both.bring(Region, permit("7", "I-1", status="REVOKED", since=at(2), changed=at(2)))
    await both.run(IGNORE)
    await change(both, Centre, 5, since=at(5), office="Lain")
    assert await both.rows(STORED) == [("DIFFERS", since(2), True)]
