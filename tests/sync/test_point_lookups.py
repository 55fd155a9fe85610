"""Point lookups: all records that are not final, and of the others those that waited longest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hub.store.ingest.point_lookups import FINAL_INTERVAL
from hub.sync.point_lookups import KnownRecords
from tests.fake_connector import payment
from tests.sync.pull_harness import CAUSE, Pulling, pulling

__all__ = ["pulling"]

DAY = timedelta(days=1)


def final(count: int) -> list[str]:
    return [f"F{number:02}" for number in range(count)]


async def batches(pulling: Pulling) -> list[list[str]]:
    """Return the batches of ids that a pull of a system without a listing requests."""
    return [ids async for ids in KnownRecords(pulling.database, "fake", CAUSE).ids()]


async def test_final_records_are_requested_daily_and_others_always(pulling: Pulling) -> None:
    await pulling.push(*(payment(ref) for ref in final(3)), payment("OPEN", status="PENDING"))
    assert await batches(pulling) == [["OPEN"]], "the others were just seen"
    await pulling.wait(FINAL_INTERVAL)
    assert await batches(pulling) == [["OPEN"], final(3)]
    assert await batches(pulling) == [["OPEN"]]
    await pulling.wait(FINAL_INTERVAL)
    assert await batches(pulling) == [["OPEN"], final(3)]


async def test_a_pull_requests_final_records_within_its_budget(
    pulling: Pulling, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.sync.point_lookups.FINAL_AT_ONCE", 2)
    await pulling.push(*(payment(ref) for ref in final(5)))
    await pulling.wait(2 * DAY)
    assert [await batches(pulling) for _ in range(4)] == [[["F00", "F01"]], [["F02", "F03"]], [["F04"]], []]


async def test_items_a_pull_did_not_reach_come_next(pulling: Pulling) -> None:
    await pulling.push(*(payment(ref) for ref in final(3)))
    await pulling.wait(2 * DAY)
    broken_off = KnownRecords(pulling.database, "fake", CAUSE).ids()
    assert await anext(broken_off) == final(3)
    await broken_off.aclose()  # type: ignore[attr-defined]
    assert await batches(pulling) == [final(3)]


async def test_unfinished_records_are_requested_less_often_with_age(pulling: Pulling) -> None:
    now = datetime.now(UTC)

    def made(ref: str, days: float, status: str = "PENDING") -> dict[str, object]:
        return payment(ref, at=(now - timedelta(days=days)).isoformat(), status=status)

    async def due() -> list[str]:
        known = KnownRecords(pulling.database, "fake", CAUSE).unfinished(now - DAY)
        return [ref async for ids in known for ref in ids]

    await pulling.push(made("NEW", 0.9), made("OLD", 2), made("OLDER", 100), made("DONE", 2, "SUCCESS"))
    assert await due() == ["OLD", "OLDER"]
    assert await due() == []
    await pulling.wait(timedelta(hours=1))
    assert await due() == ["OLD"]
    await pulling.wait(DAY)
    assert await due() == ["OLDER", "OLD"]
