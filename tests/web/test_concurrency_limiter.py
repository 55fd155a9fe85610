"""Operations take turns: so many are executed together, others wait in order, and not for long."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from hub.errors import TryLater
from hub.web.turns import Turns

FOREVER = (3600.0, 3600.0)


class Hall:
    """Operations by name: who is executed now, and in which order they began."""

    def __init__(self, turns: Turns) -> None:
        self.turns, self.began = turns, list[str]()
        self._ends: dict[str, asyncio.Event] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def send(self, name: str, cost: int = 0) -> asyncio.Task[None]:
        """Send an operation; return when it is executed or waits."""
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
        async with self.turns.turn(cost):
            self.began.append(name)
            await self._ends[name].wait()


@asynccontextmanager
async def hall(turns: Turns) -> AsyncIterator[Hall]:
    """Yield a hall; at the end nobody is in it."""
    found = Hall(turns)
    yield found
    assert (turns._operations, turns._cost, len(turns._waiting)) == (0, 0, 0)


async def test_others_wait_and_get_their_turn_in_order() -> None:
    async with hall(Turns(operations=2, cost=100, wait=FOREVER)) as here:
        for name in "abcd":
            await here.send(name)
        assert here.began == ["a", "b"]
        await here.end("b")
        assert here.began == ["a", "b", "c"]
        for name in "acd":
            await here.end(name)
        assert here.began == ["a", "b", "c", "d"]


async def test_who_waits_in_vain_is_told_to_come_back() -> None:
    async with hall(Turns(operations=1, cost=100, wait=(0, 0))) as here:
        await here.send("a")
        with pytest.raises(TryLater) as refused:
            await (await here.send("b"))
        assert refused.value.after == 1
        await here.end("a")
        await here.send("c")
        await here.end("c")
    assert here.began == ["a", "c"]


async def test_one_waits_shortly_while_others_are_refused() -> None:
    now = [0.0]
    turns = Turns(operations=1, cost=100, wait=(0.0, 0.0), clock=lambda: now[0])
    async with hall(turns) as here:
        await here.send("a")
        with pytest.raises(TryLater):
            await (await here.send("b"))
        await here.end("a")
    turns._wait = 0.1, 1.0

    async def operation(seconds: float) -> None:
        async with turns.turn(1):
            now[0] += seconds
        turns._refused_at = now[0]

    for took, patience in (0.001, 0.1), (0.8, 0.4), (9, 1.0), (0.001, 0.1):
        for _ in range(1_000):
            await operation(took)
        assert turns.patience == pytest.approx(patience)
    now[0] += 4.9
    assert turns.patience == 0.1
    now[0] += 0.2
    assert turns.patience == 1.0


async def test_their_costs_together_are_limited() -> None:
    async with hall(Turns(cost=100, wait=FOREVER)) as here:
        for name, cost in ("a", 60), ("b", 40), ("huge", 1_000), ("c", 1):
            await here.send(name, cost)
        assert here.began == ["a", "b"]
        await here.end("a")
        assert here.began == ["a", "b"], "the huge one needs all, and is not overtaken"
        await here.end("b")
        assert here.began == ["a", "b", "huge"], "alone it is executed whatever it costs"
        await here.end("huge")
        await here.end("c")


async def test_who_goes_away_keeps_nobody_waiting() -> None:
    async with hall(Turns(cost=100, wait=FOREVER)) as here:
        await here.send("a", 60)
        gone = await here.send("b", 100)
        await here.send("c", 40)
        gone.cancel()
        await here.settle()
        assert here.began == ["a", "c"]
        for name in "ac":
            await here.end(name)


async def test_one_cancelled_as_its_turn_comes_passes_it_on() -> None:
    async with hall(Turns(operations=1, cost=100, wait=FOREVER)) as here:
        await here.send("a")
        gone = await here.send("b")
        await here.send("c")
        here._ends["a"].set()
        # Its turn comes when `a` has left, which is in the second step of the loop; it is cancelled before it runs.
        await asyncio.sleep(0)
        gone.cancel()
        await here.settle()
        assert gone.cancelled()
        assert here.began == ["a", "c"]
        await here.end("c")


async def test_an_error_ends_a_turn() -> None:
    async with hall(Turns(operations=1, cost=100, wait=(0, 0))) as here:
        for _ in range(2):
            with pytest.raises(ZeroDivisionError):
                async with here.turns.turn(5):
                    raise ZeroDivisionError


@pytest.mark.parametrize("seed", range(20))
async def test_no_turn_is_lost_or_given_twice(seed: int) -> None:
    chance, executed, most = random.Random(seed), 0, 0
    turns = Turns(operations=3, cost=20, wait=(0.0, chance.choice([0.0, 1e-6, 3600.0])))

    async def operation(cost: int, steps: int) -> None:
        nonlocal executed, most
        async with turns.turn(cost):
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
    assert (turns._operations, turns._cost, len(turns._waiting)) == (0, 0, 0)
