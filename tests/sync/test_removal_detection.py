"""Removal detection: a full run marks no record that may be missing for another reason."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hub.contract import Raw
from hub.sync.removal_detection import ALWAYS_ALLOWED, CONFIRMATION_DELAY, RemovalRules
from tests.fake_connector import Fake, World, payment
from tests.sync.pull_harness import Pulling, pulling

__all__ = ["pulling"]


def payments(count: int, **over: str) -> list[Raw]:
    return [payment(f"P{number}", **over) for number in range(count)]


def ids(count: int) -> set[str]:
    return {f"P{number}" for number in range(count)}


@pytest.mark.parametrize("count", [1, 3, 100])
async def test_an_empty_listing_removes_nothing_and_is_reported(pulling: Pulling, count: int) -> None:
    await pulling.pull(World([payments(count)]))
    result = await pulling.pull(World([[]]), full=True)
    assert (result.outcome, result.gone, await pulling.stored()) == ("DONE", 0, ids(count))
    assert await pulling.issues() == ["MANY_MISSING"]
    assert (await pulling.state()).state == "UP"


@pytest.mark.parametrize(("missing", "gone"), [(ALWAYS_ALLOWED, ALWAYS_ALLOWED), (20, 20), (21, 0)])
async def test_a_share_may_go_at_once_and_no_more(pulling: Pulling, missing: int, gone: int) -> None:
    await pulling.pull(World([payments(100)]))
    result = await pulling.pull(World([payments(100 - missing)]), full=True)
    assert result.gone == gone
    assert await pulling.issues() == ([] if gone else ["MANY_MISSING"])


async def test_of_few_records_some_may_go_at_once(pulling: Pulling) -> None:
    await pulling.pull(World([payments(ALWAYS_ALLOWED + 1)]))
    assert (await pulling.pull(World([payments(1)]), full=True)).gone == ALWAYS_ALLOWED


async def test_the_share_is_a_setting(pulling: Pulling) -> None:
    await pulling.pull(World([payments(100)]))
    assert (await pulling.pull(World([payments(50)]), full=True, rules=RemovalRules(share=0.5))).gone == 50


async def test_a_second_run_confirms_what_both_missed_but_not_at_once(pulling: Pulling) -> None:
    await pulling.pull(World([payments(100)]))
    await pulling.pull(World([payments(20)]), full=True)
    assert (await pulling.pull(World([payments(20)]), full=True)).gone == 0, "the same trouble a moment later"
    await pulling.wait(CONFIRMATION_DELAY)
    assert (await pulling.pull(World([payments(20)]), full=True)).gone == 80
    assert (await pulling.stored(), await pulling.issues()) == (ids(20), [])


async def test_a_second_run_confirms_only_what_both_runs_missed(pulling: Pulling) -> None:
    await pulling.pull(World([payments(100)]))
    await pulling.pull(World([payments(60)]), full=True)
    await pulling.wait(CONFIRMATION_DELAY)
    result = await pulling.pull(World([[]]), full=True)
    assert (result.gone, await pulling.stored()) == (40, ids(60))
    assert await pulling.issues() == ["MANY_MISSING"]
    await pulling.wait(CONFIRMATION_DELAY)
    assert (await pulling.pull(World([[]]), full=True)).gone == 60


async def test_what_a_second_run_finds_again_was_never_gone(pulling: Pulling) -> None:
    await pulling.pull(World([payments(100)]))
    await pulling.pull(World([[]]), full=True)
    await pulling.wait(CONFIRMATION_DELAY)
    assert (await pulling.pull(World([payments(100)]), full=True)).gone == 0
    assert (await pulling.stored(), await pulling.issues()) == (ids(100), [])


async def test_a_person_confirms_at_once(pulling: Pulling) -> None:
    await pulling.pull(World([payments(100)]))
    await pulling.pull(World([[]]), full=True)
    assert (await pulling.pull(World([[]]), full=True, confirmed=True)).gone == 100
    assert await pulling.issues() == []


async def test_a_run_misses_nothing_older_than_what_it_lists(pulling: Pulling, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Fake, "horizon_days", 10)
    now = datetime.now(UTC)
    old, young = ((now - timedelta(days=days)).isoformat() for days in (10.01, 9.99))
    stays = payment("NEW", at=now.isoformat())
    await pulling.pull(World([[payment("OLD", at=old), payment("YOUNG", at=young), stays]]))
    result = await pulling.pull(World([[stays]]), full=True)
    assert (result.gone, await pulling.stored()) == (1, {"OLD", "NEW"})


async def test_what_was_pushed_may_take_its_time_to_be_listed(pulling: Pulling) -> None:
    await pulling.pull(World([payments(2)]))
    await pulling.push(payment("PUSHED"), payment("P1"), payment("BROKEN"))
    await pulling.push(payment("BROKEN", broken=True))
    assert (await pulling.pull(World([payments(1)]), full=True)).gone == 0
    await pulling.wait(timedelta(days=6))
    assert (await pulling.pull(World([payments(1)]), full=True)).gone == 0
    await pulling.wait(timedelta(days=2))
    assert (await pulling.pull(World([payments(1)]), full=True)).gone == 3


async def test_a_pushed_record_once_listed_is_missed_when_gone(pulling: Pulling) -> None:
    rules = RemovalRules(direct=timedelta(hours=1))
    await pulling.push(payment("PUSHED"), payment("STAYS"))
    await pulling.wait(timedelta(hours=2))
    await pulling.pull(World([[payment("PUSHED"), payment("STAYS")]]), full=True)
    assert (await pulling.pull(World([[payment("STAYS")]]), full=True, rules=rules)).gone == 1


@pytest.mark.parametrize(
    ("hours", "full", "gone"),
    [(-25.0, True, 0), (-1.0, False, 0), (0.0, False, 0), (23.9, False, 0), (24.1, True, 1)],
)
async def test_a_pull_is_a_full_run_once_a_day_whatever_the_clock_did(
    pulling: Pulling, hours: float, full: bool, gone: int
) -> None:
    await pulling.pull(World([payments(2)]))
    await pulling.wait(timedelta(hours=hours))
    world = World([payments(1)])
    result = await pulling.pull(world)
    assert ([run.full for run in world.runs], result.gone) == ([full], gone)
