"""The budget of look-ups: a number of calls in any minute, on a clock that the test moves."""

from __future__ import annotations

from hub.connectors.oss.budget import Budget


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


async def test_a_call_beyond_the_budget_waits_for_the_minute() -> None:
    time = Time()
    budget = Budget(3, time, time.sleep)
    for _ in range(3):
        await budget.spend()
        time.now += 10
    assert time.slept == []
    await budget.spend()
    assert time.slept == [30.0]
    await budget.spend()
    assert time.slept == [30.0, 10.0]


async def test_calls_of_the_past_minute_only_count() -> None:
    time = Time()
    budget = Budget(2, time, time.sleep)
    for _ in range(10):
        await budget.spend()
        time.now += 31
    assert time.slept == []
