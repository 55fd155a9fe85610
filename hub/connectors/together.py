"""Several calls at once: a few under way at a time, all of them over when this ends.

Not ``asyncio.TaskGroup``: in Python 3.11 it leaves its task marked as cancelled once a call in it has failed, so that a
``timeout`` around it no longer knows its own end, and it forgets that it was cancelled where a call fails meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable
from typing import Any, TypeVar

_In = TypeVar("_In")
_Out = TypeVar("_Out")


async def together(ask: Callable[[_In], Awaitable[_Out]], about: Iterable[_In], at_once: int) -> list[_Out]:
    """The answers in order, ``at_once`` asked for at a time; the first failure ends the others and is raised."""
    room = asyncio.Semaphore(at_once)

    async def answer(one: _In) -> _Out:
        async with room:
            return await ask(one)

    tasks = [asyncio.create_task(answer(one)) for one in about]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        await ended(tasks)


async def ended(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Cancel what is still under way, and wait until it is over."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
