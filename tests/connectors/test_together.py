"""Several calls at once: who asked is told of the first failure, of its own end, and of nothing else."""

from __future__ import annotations

import asyncio

import pytest

from hub.connectors.together import together


async def test_answers_come_in_order_and_few_are_asked_for_at_once() -> None:
    here, most = 0, 0

    async def ask(number: int) -> int:
        nonlocal here, most
        here, most = here + 1, max(most, here + 1)
        await asyncio.sleep(0.01 / (1 + number))
        here -= 1
        return number * 2

    assert await together(ask, range(10), 3) == [number * 2 for number in range(10)]
    assert most == 3


async def test_the_first_failure_ends_the_others_before_it_is_told() -> None:
    over: list[int] = []

    async def ask(number: int) -> None:
        try:
            await asyncio.sleep(0 if number == 1 else 60)
            raise ZeroDivisionError
        finally:
            over.append(number)

    with pytest.raises(ZeroDivisionError):
        await together(ask, range(3), 3)
    assert sorted(over) == [0, 1, 2]


async def test_a_failure_leaves_no_mark_so_that_a_timeout_around_it_knows_its_own_end() -> None:
    async def survives() -> None:
        async with asyncio.timeout(0.05):
            with pytest.raises(ZeroDivisionError):
                await together(_fails, [0.01], 1)
            await asyncio.sleep(60)

    with pytest.raises(TimeoutError):
        await survives()


async def test_who_is_cancelled_while_a_call_fails_is_cancelled() -> None:
    failed = asyncio.Event()

    async def ask(number: int) -> None:
        try:
            if number:
                raise ZeroDivisionError
            await asyncio.sleep(60)
        finally:
            failed.set()
            # It takes a moment to end, and meanwhile somebody ends those who asked.
            await asyncio.sleep(0.05)

    asking = asyncio.create_task(together(ask, range(2), 2))
    await failed.wait()
    await asyncio.sleep(0.07)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking


async def _fails(seconds: float) -> None:
    await asyncio.sleep(seconds)
    raise ZeroDivisionError
