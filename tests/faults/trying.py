"""Tries cells side by side and says of all of them how they went."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Iterable

from tests.faults.faults import Cell

AT_ONCE = 6


async def tried(
    what: str, try_one: Callable[[Cell], Awaitable[None]], every: Iterable[Cell], tell: Callable[[str], None]
) -> None:
    """Try every cell; fails with what went wrong in any of them, after all were tried."""
    room, wrong = asyncio.Semaphore(AT_ONCE), []

    async def one(cell: Cell) -> None:
        async with room:
            try:
                await try_one(cell)
            # The other cells are tried all the same, and what went wrong is told at the end.
            except Exception:
                wrong.append(f"{what}, {cell.fault} ({cell.side}):\n{traceback.format_exc()[-2000:]}")

    tasks = [one(cell) for cell in every]
    await asyncio.gather(*tasks)
    tell(f"{what}: {len(tasks) - len(wrong)} of {len(tasks)} faults")
    assert not wrong, "\n".join(wrong)
