"""Limited concurrency: calls at the same time, all of which have ended when the function or generator has.

Not ``asyncio.TaskGroup``: in Python 3.11 it leaves its task marked as cancelled after a call in it has failed, so that
an enclosing ``timeout`` misses its own expiry, and it loses a cancellation if a call fails meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Coroutine, Iterable
from typing import Any, TypeVar

CANCEL_AGAIN = 2.0
"""Seconds after which a task that has not ended is cancelled again."""

_In = TypeVar("_In")
_Out = TypeVar("_Out")


async def gather_limited(call: Callable[[_In], Awaitable[_Out]], arguments: Iterable[_In], limit: int) -> list[_Out]:
    """Return the results in order, with ``limit`` calls at a time; the first failure cancels the rest and is raised."""
    semaphore = asyncio.Semaphore(limit)

    async def run(one: _In) -> _Out:
        async with semaphore:
            return await call(one)

    return await gather_all(run(one) for one in arguments)


async def gather_all(calls: Iterable[Coroutine[Any, Any, _Out]]) -> list[_Out]:
    """Return the results in order; the first failure cancels the rest and is raised."""
    tasks = [asyncio.create_task(call) for call in calls]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        if running := [task for task in tasks if not task.done()]:
            await cancel_and_wait(running)


async def read_ahead(source: AsyncGenerator[_Out, None]) -> AsyncGenerator[_Out, None]:
    """Yield the values of ``source``, each of them while the next one is being made; closes ``source`` at the end.

    An error of ``source`` is raised after the values before it.
    """
    following = asyncio.ensure_future(anext(source))
    try:
        while True:
            try:
                value = await following
            except StopAsyncIteration:
                return
            following = asyncio.ensure_future(anext(source))
            yield value
    finally:
        await cancel_and_wait([following])
        await source.aclose()


async def cancel_and_wait(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Cancel running tasks, and wait until they have ended.

    A task may lose its cancellation: in Python 3.11 ``wait_for`` does, if what it waits for ends at that moment. One
    that has not ended after a while is therefore cancelled again.
    """
    running = set(tasks)
    while running:
        for task in running:
            task.cancel()
        ended, running = await asyncio.wait(running, timeout=CANCEL_AGAIN)
        for task in ended:
            # Retrieved, so that it is not logged as unnoticed.
            task.cancelled() or task.exception()


def is_cancelled() -> bool:
    """Return whether the current task is being cancelled; what it called may have raised another error instead."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
