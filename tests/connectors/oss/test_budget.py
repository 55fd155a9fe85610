"""The budget of look-ups: a number of calls in any minute, on a clock that the test moves."""

from __future__ import annotations

import pytest

from hub.connectors.oss.budget import DECISION, INQUIRY, PULL, READ_BACK, Budget, Use
from hub.errors import OutcomeUnknown, TryLater


class Time:
    """A clock that sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


async def free_calls(budget: Budget, use: Use) -> int:
    """Take the calls that are free now; return how many there were."""
    count = 0
    while budget.wait(use) == 0:
        await budget.spend(use)
        count += 1
    return count


async def test_a_call_beyond_the_budget_waits_for_the_minute() -> None:
    time = Time()
    budget = Budget(4, time, time.sleep)
    for _ in range(2):
        await budget.spend(PULL)
        time.now += 10
    assert time.slept == []
    await budget.spend(PULL)
    assert time.slept == [40.0]
    await budget.spend(PULL)
    assert time.slept == [40.0, 10.0]


async def test_calls_of_the_past_minute_only_count() -> None:
    time = Time()
    budget = Budget(3, time, time.sleep)
    for _ in range(10):
        await budget.spend(PULL)
        time.now += 31
    assert time.slept == []


@pytest.mark.parametrize("first", [PULL, INQUIRY], ids=["pull", "inquiry"])
async def test_each_use_leaves_calls_to_the_others(first: Use) -> None:
    time = Time()
    budget = Budget(60, time, time.sleep)
    second = INQUIRY if first is PULL else PULL
    assert [await free_calls(budget, use) for use in (first, second, DECISION, READ_BACK)] == [40, 5, 5, 10]
    assert time.slept == []


async def test_decisions_alone_use_the_whole_budget() -> None:
    budget = Budget(60, Time())
    assert [await free_calls(budget, use) for use in (DECISION, READ_BACK, PULL)] == [50, 10, 0]


@pytest.mark.parametrize("use", [PULL, INQUIRY, DECISION, READ_BACK], ids=lambda use: use.name)
async def test_a_budget_of_one_call_serves_every_use(use: Use) -> None:
    assert await free_calls(Budget(1, Time()), use) == 1


async def test_a_decision_waits_for_some_seconds_only() -> None:
    time = Time()
    budget = Budget(60, time, time.sleep)
    await free_calls(budget, DECISION)
    with pytest.raises(TryLater, match="the budget of look-ups is used up") as raised:
        await budget.spend(DECISION)
    assert (type(raised.value) is OutcomeUnknown, raised.value.after, time.slept) == (False, 60.0, [])
    time.now = 57.0
    await budget.spend(DECISION)
    assert time.slept == [3.0]


async def test_a_pull_waits_for_as_long_as_it_takes() -> None:
    time = Time()
    budget = Budget(60, time, time.sleep)
    await free_calls(budget, PULL)
    await budget.spend(PULL)
    assert time.slept == [60.0]
