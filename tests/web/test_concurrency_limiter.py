"""So many operations are executed together; others are queued in order, and not for long."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from hub.errors import TryLater
from hub.web.concurrency_limiter import ConcurrencyLimiter

FOREVER = (3600.0, 3600.0)


class Operations:
    """Operations by name: who is executed now, and in which order they began."""

    def __init__(self, limiter: ConcurrencyLimiter) -> None:
        self.limiter, self.began = limiter, list[str]()
        self._ends: dict[str, asyncio.Event] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def send(self, name: str, cost: int = 0) -> asyncio.Task[None]:
        """Send an operation; return when it is executed or queued."""
        self._ends[name] = asyncio.Event()
        self._tasks[name] = task = asyncio.create_task(self._run(name, cost))
        await self.settle()
        return task

    async def end(self, name: str) -> None:
        """End an operation that is executed."""
        self._ends[name].set()
        await self._tasks[name]
        await self.settle()

    async def settle(self) -> None:
        """Let all tasks do what they can."""
        for _ in range(10):
            await asyncio.sleep(0)

    async def _run(self, name: str, cost: int) -> None:
        async with self.limiter.admit(cost):
            self.began.append(name)
            await self._ends[name].wait()


@asynccontextmanager
async def limited(limiter: ConcurrencyLimiter) -> AsyncIterator[Operations]:
    """Yield operations of a limiter; at the end none is executed or queued."""
    yield Operations(limiter)
    assert (limiter._operations, limiter._cost, len(limiter._queue)) == (0, 0, 0)


async def test_others_are_queued_in_order() -> None:
    async with limited(ConcurrencyLimiter(operations=2, cost=100, timeouts=FOREVER)) as here:
        for name in "abcd":
            await here.send(name)
        assert here.began == ["a", "b"]
        await here.end("b")
        assert here.began == ["a", "b", "c"]
        for name in "acd":
            await here.end(name)
        assert here.began == ["a", "b", "c", "d"]


async def test_a_queued_operation_is_refused_after_the_timeout() -> None:
    async with limited(ConcurrencyLimiter(operations=1, cost=100, timeouts=(0, 0))) as here:
        await here.send("a")
        with pytest.raises(TryLater) as refused:
            await (await here.send("b"))
        assert refused.value.after == 1
        await here.end("a")
        await here.send("c")
        await here.end("c")
    assert here.began == ["a", "c"]


async def test_the_timeout_is_short_after_a_refusal() -> None:
    now = [0.0]
    limiter = ConcurrencyLimiter(operations=1, cost=100, timeouts=(0.0, 0.0), clock=lambda: now[0])
    async with limited(limiter) as here:
        await here.send("a")
        with pytest.raises(TryLater):
            await (await here.send("b"))
        await here.end("a")
    limiter._timeouts = 0.1, 1.0

    async def operation(seconds: float) -> None:
        async with limiter.admit(1):
            now[0] += seconds
        limiter._refused_at = now[0]

    for took, timeout in (0.001, 0.1), (0.8, 0.4), (9, 1.0), (0.001, 0.1):
        for _ in range(1_000):
            await operation(took)
        assert limiter.timeout == pytest.approx(timeout)
    now[0] += 4.9
    assert limiter.timeout == 0.1
    now[0] += 0.2
    assert limiter.timeout == 1.0


async def test_their_costs_together_are_limited() -> None:
    async with limited(ConcurrencyLimiter(cost=100, timeouts=FOREVER)) as here:
        for name, cost in ("a", 60), ("b", 40), ("huge", 1_000), ("c", 1):
            await here.send(name, cost)
        assert here.began == ["a", "b"]
        await here.end("a")
        assert here.began == ["a", "b"], "the huge one needs all, and is not overtaken"
        await here.end("b")
        assert here.began == ["a", "b", "huge"], "alone it is executed whatever it costs"
        await here.end("huge")
        await here.end("c")


async def test_a_cancelled_operation_leaves_the_queue() -> None:
    async with limited(ConcurrencyLimiter(cost=100, timeouts=FOREVER)) as here:
        await here.send("a", 60)
        gone = await here.send("b", 100)
        await here.send("c", 40)
        gone.cancel()
        await here.settle()
        assert here.began == ["a", "c"]
        for name in "ac":
            await here.end(name)


async def test_one_cancelled_as_it_is_admitted_gives_way() -> None:
    async with limited(ConcurrencyLimiter(operations=1, cost=100, timeouts=FOREVER)) as here:
        await here.send("a")
        gone = await here.send("b")
        await here.send("c")
        here._ends["a"].set()
        # It is admitted when `a` ends, in the next step of the loop, and cancelled before it runs.
        await asyncio.sleep(0)
        gone.cancel()
        await here.settle()
        assert gone.cancelled()
        assert here.began == ["a", "c"]
        await here.end("c")


async def test_an_error_ends_an_operation() -> None:
    async with limited(ConcurrencyLimiter(operations=1, cost=100, timeouts=(0, 0))) as here:
        for _ in range(2):
            with pytest.raises(ZeroDivisionError):
                async with here.limiter.admit(5):
                    raise ZeroDivisionError


@pytest.mark.parametrize("seed", range(20))
async def test_no_admission_is_lost_or_given_twice(seed: int) -> None:
    chance, executed, most = random.Random(seed), 0, 0
    limiter = ConcurrencyLimiter(operations=3, cost=20, timeouts=(0.0, chance.choice([0.0, 1e-6, 3600.0])))

    async def operation(cost: int, steps: int) -> None:
        nonlocal executed, most
        async with limiter.admit(cost):
            executed += 1
            most = max(most, executed)
            try:
                for _ in range(steps):
                    await asyncio.sleep(0)
            finally:
                executed -= 1

    tasks = []
    for _ in range(300):
        tasks.append(asyncio.create_task(operation(chance.randrange(25), chance.randrange(6))))
        if chance.random() < 0.5:
            await asyncio.sleep(0)
        if chance.random() < 0.3:
            chance.choice(tasks).cancel()
    ends = await asyncio.gather(*tasks, return_exceptions=True)
    assert {type(end) for end in ends} <= {type(None), TryLater, asyncio.CancelledError}
    assert 1 < most <= 3
    assert (limiter._operations, limiter._cost, len(limiter._queue)) == (0, 0, 0)
