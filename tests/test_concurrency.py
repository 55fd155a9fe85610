"""Concurrent calls: the caller gets the first failure or its own cancellation, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from hub import concurrency
from hub.concurrency import cancel_and_wait, gather_limited, read_ahead


async def test_results_keep_their_order_and_few_run_at_once() -> None:
    here, most = 0, 0

    async def ask(number: int) -> int:
        nonlocal here, most
        here, most = here + 1, max(most, here + 1)
        await asyncio.sleep(0.01 / (1 + number))
        here -= 1
        return number * 2

    assert await gather_limited(ask, range(10), 3) == [number * 2 for number in range(10)]
    assert most == 3


async def test_the_first_failure_ends_the_others_before_it_raises() -> None:
    over: list[int] = []

    async def ask(number: int) -> None:
        try:
            await asyncio.sleep(0 if number == 1 else 60)
            raise ZeroDivisionError
        finally:
            over.append(number)

    with pytest.raises(ZeroDivisionError):
        await gather_limited(ask, range(3), 3)
    assert sorted(over) == [0, 1, 2]


async def test_a_failure_does_not_disturb_an_outer_timeout() -> None:
    async def survives() -> None:
        async with asyncio.timeout(0.05):
            with pytest.raises(ZeroDivisionError):
                await gather_limited(_fails, [0.01], 1)
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
            # It takes a moment to end, and meanwhile its callers are cancelled.
            await asyncio.sleep(0.05)

    asking = asyncio.create_task(gather_limited(ask, range(2), 2))
    await failed.wait()
    await asyncio.sleep(0.07)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking


async def _fails(seconds: float) -> None:
    await asyncio.sleep(seconds)
    raise ZeroDivisionError


async def test_a_task_that_loses_its_cancellation_is_cancelled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(concurrency, "CANCEL_AGAIN", 0.01)
    lost = 0

    async def work() -> None:
        nonlocal lost
        while lost < 2:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                lost += 1
        raise ZeroDivisionError

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    await asyncio.wait_for(cancel_and_wait([task]), 10)
    assert (task.done(), lost) == (True, 2)


async def test_values_are_read_ahead_and_all_before_an_error() -> None:
    made: list[int] = []
    closed: list[bool] = []

    async def source() -> AsyncGenerator[int, None]:
        try:
            for number in range(3):
                made.append(number)
                yield number
            raise ZeroDivisionError
        finally:
            closed.append(True)

    values = read_ahead(source())
    for number in range(3):
        assert await anext(values) == number
        await asyncio.sleep(0.01)
        assert made[-1] == min(number + 1, 2)
    with pytest.raises(ZeroDivisionError):
        await anext(values)
    assert closed == [True]


async def test_a_source_read_ahead_is_closed_with_its_reader() -> None:
    closed = asyncio.Event()

    async def source() -> AsyncGenerator[int, None]:
        try:
            yield 0
            await asyncio.sleep(60)
        finally:
            closed.set()

    async with aclosing(read_ahead(source())) as values:
        assert await anext(values) == 0
        await asyncio.sleep(0.01)
    assert closed.is_set()
