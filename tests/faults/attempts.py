"""Runs a test for many cells concurrently and reports all failures together."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Iterable

from tests.faults.cells import Cell

AT_ONCE = 6


async def try_cells(
    what: str, try_one: Callable[[Cell], Awaitable[None]], every: Iterable[Cell], record_figure: Callable[[str], None]
) -> None:
    """Try every cell, then fail with the errors of all cells that failed."""
    room, wrong = asyncio.Semaphore(AT_ONCE), []

    async def one(cell: Cell) -> None:
        async with room:
            try:
                await try_one(cell)
            # The other cells are still tried; the errors are reported at the end.
            except Exception:
                wrong.append(f"{what}, {cell.fault} ({cell.side}):\n{traceback.format_exc()[-2000:]}")

    tasks = [one(cell) for cell in every]
    await asyncio.gather(*tasks)
    record_figure(f"{what}: {len(tasks) - len(wrong)} of {len(tasks)} faults")
    assert not wrong, "\n".join(wrong)
