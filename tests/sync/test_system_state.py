"""The state of a system after failed pulls: when the next pull is due, what stops it, what starts it again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import structlog

from hub.errors import MAX_RETRY_AFTER, ConfigurationError, ContractBroken, Maintenance, TryLater
from hub.store import systems
from hub.store.systems import MAX_STOP, MIN_STOP
from hub.sync.system_state import BROKEN_STOPS_AFTER
from tests.fake_connector import World, payment
from tests.sync.pull_harness import CAUSE, Pulling, pulling

__all__ = ["pulling"]


def failing(error: Exception) -> World:
    return World([[payment("P1")]], fail_at=0, error=error)


WELL = World([[payment("P1")]])


@pytest.mark.parametrize(
    ("after", "least", "most"),
    [(None, 29, 50), (600.0, 590, 600), (1e12, 3590, MAX_RETRY_AFTER), (float("inf"), 3590, MAX_RETRY_AFTER)],
)
async def test_the_next_pull_waits_for_retry_after_within_bounds(
    pulling: Pulling, after: float | None, least: float, most: float
) -> None:
    assert (await pulling.pull(failing(TryLater("HTTP 429", after)))).outcome == "DOWN"
    assert least <= await pulling.next_pull() <= most


@pytest.mark.parametrize("days", [400, 20_000_000])
async def test_a_pull_that_was_put_off_for_years_is_due(pulling: Pulling, days: int) -> None:
    await pulling.run("update systems set next_pull_at = now() + make_interval(days => :days)", days=days)
    assert await pulling.due()
    async with pulling.database.read() as db:
        assert await systems.implausible_delays(db) == {"fake": pytest.approx(days, abs=1)}
    await pulling.pull(WELL)
    assert not await pulling.due()
    async with pulling.database.read() as db:
        assert await systems.implausible_delays(db) == {}


async def test_a_stopped_system_is_retried_with_backoff_and_recovers(pulling: Pulling) -> None:
    waits = []
    for _ in range(12):
        assert (await pulling.pull(failing(ConfigurationError("HTTP 401")))).outcome == "STOPPED"
        assert not await pulling.due()
        waits.append(await pulling.next_pull())
        await pulling.wait(timedelta(seconds=waits[-1] + 1))
        assert await pulling.due()
    assert MIN_STOP * 0.7 < waits[0] < MIN_STOP * 1.3
    assert all(later > earlier for earlier, later in zip(waits[:8:2], waits[2:8:2], strict=False))
    assert MAX_STOP * 0.7 < waits[-1] < MAX_STOP * 1.3
    assert (await pulling.pull(WELL)).outcome == "DONE"
    assert (await pulling.state()).state == "UP"


async def test_one_refusal_costs_a_minute(pulling: Pulling) -> None:
    await pulling.pull(failing(ConfigurationError("HTTP 401")))
    await pulling.wait(timedelta(seconds=2 * MIN_STOP))
    assert await pulling.due()


async def test_concurrent_stops_count_once_and_a_later_one_again(pulling: Pulling) -> None:
    for _ in range(4):
        async with pulling.database.write(CAUSE) as db:
            await systems.mark_stopped(db, "fake", "HTTP 403")
    assert await pulling.next_pull() < MIN_STOP * 1.3
    await pulling.pull(WELL)
    async with pulling.database.write(CAUSE) as db:
        await systems.mark_stopped(db, "fake", "HTTP 403")
    assert await pulling.next_pull() > MIN_STOP * 1.4


async def test_a_stop_after_a_good_day_begins_anew(pulling: Pulling) -> None:
    for _ in range(3):
        await pulling.pull(failing(ConfigurationError("HTTP 401")))
        await pulling.wait(timedelta(hours=1))
    await pulling.pull(WELL)
    await pulling.wait(timedelta(days=1))
    await pulling.pull(failing(ConfigurationError("HTTP 401")))
    assert await pulling.next_pull() < MIN_STOP * 1.3


async def test_a_broken_contract_is_retried_and_stops_if_it_lasts(pulling: Pulling) -> None:
    broken = failing(ContractBroken("no list of rows"))
    assert (await pulling.pull(broken)).outcome == "DOWN"
    assert await pulling.issues() == ["CONTRACT_VIOLATION"]
    await pulling.wait(BROKEN_STOPS_AFTER - timedelta(minutes=1))
    assert (await pulling.pull(broken)).outcome == "DOWN"
    await pulling.wait(timedelta(minutes=2))
    assert (await pulling.pull(broken)).outcome == "STOPPED"
    assert (await pulling.state()).state == "STOPPED"
    assert (await pulling.pull(WELL)).outcome == "DONE"
    assert ((await pulling.state()).state, await pulling.issues()) == ("UP", [])


@pytest.mark.parametrize("between", [WELL, failing(TryLater("HTTP 503"))])
async def test_a_contract_that_is_broken_now_and_then_does_not_stop(pulling: Pulling, between: World) -> None:
    broken = failing(ContractBroken("no list of rows"))
    await pulling.pull(broken)
    await pulling.wait(BROKEN_STOPS_AFTER)
    await pulling.pull(between, full=True)
    assert (await pulling.pull(broken, full=True)).outcome == "DOWN"


async def test_a_wrong_clock_is_reported_until_corrected(pulling: Pulling) -> None:
    for ahead, issues in (
        (timedelta(hours=1), ["CLOCK_SKEW"]),
        (timedelta(hours=-1), ["CLOCK_SKEW"]),
        (timedelta(seconds=30), []),
        (None, []),
    ):
        await pulling.pull(WELL, ahead=ahead)
        assert await pulling.issues() == issues


async def test_future_records_are_reported_until_their_day(pulling: Pulling) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    await pulling.pull(World([[payment("P1", at=tomorrow), payment("P2")]]), full=True)
    assert await pulling.issues() == ["FUTURE_TIMESTAMPS"]
    await pulling.pull(World([[payment("P1", version=2), payment("P2")]]), full=True)
    assert await pulling.issues() == []


async def test_an_issue_is_logged_when_it_comes_and_when_it_goes(pulling: Pulling) -> None:
    with structlog.testing.capture_logs() as logged:
        for ahead in (timedelta(hours=1), timedelta(hours=1), None, None):
            await pulling.pull(WELL, ahead=ahead)
    assert [each["event"] for each in logged] == ["system.issue", "system.issue_resolved"]


async def test_announced_upkeep_is_no_outage(pulling: Pulling) -> None:
    assert (await pulling.pull(WELL)).outcome == "DONE"
    closed = World([[payment("P1")], []], fail_at=1, error=Maintenance("closed for the night", 900.0))
    result = await pulling.pull(closed)
    assert (result.outcome, result.error) == ("WAITING", "closed for the night")
    async with pulling.database.read() as db:
        (state,) = await systems.overview(db, ["fake"])
    assert (state.state, state.down_since, state.last_error) == ("UP", None, None)
    assert 890 <= await pulling.next_pull() <= 900
