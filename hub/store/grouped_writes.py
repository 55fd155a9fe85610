"""Writes that many requests make at the same moment, such as who read what: one statement and one commit for all."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

Rows = Sequence[Mapping[str, Any]]
Execute = Callable[[str, Rows], Awaitable[None]]
"""Executes a statement for rows, and returns when they are durable."""

_Entry = tuple[Rows, asyncio.Future[None]]


class GroupedWrites:
    """Collects rows while a statement runs, and gives all of them to the next one.

    A single request does not wait for others. If a statement fails, the rows of each request are tried alone, so that
    one request cannot fail another.
    """

    def __init__(self, execute: Execute) -> None:
        self._execute = execute
        self._waiting: dict[str, list[_Entry]] = {}
        self._running: asyncio.Task[None] | None = None

    async def write(self, statement: str, rows: Rows) -> None:
        """Execute ``statement`` for ``rows``, perhaps together with those of others; return when they are durable.

        Rows are written even if the caller is cancelled meanwhile. Errors are those of ``Execute``.
        """
        written = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(statement, []).append((rows, written))
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run())
        await written

    async def close(self) -> None:
        """Wait until everything is written."""
        if self._running is not None:
            await asyncio.wait([self._running])

    async def _run(self) -> None:
        while self._waiting:
            statement = next(iter(self._waiting))
            entries = self._waiting.pop(statement)
            if await self._failed(statement, entries) and len(entries) > 1:
                for entry in entries:
                    await self._failed(statement, [entry])

    async def _failed(self, statement: str, entries: Sequence[_Entry]) -> bool:
        """Execute ``statement`` for all entries; return whether it failed. The error is that of a single entry."""
        try:
            await self._execute(statement, [row for rows, _ in entries for row in rows])
        except Exception as error:
            if len(entries) == 1 and not entries[0][1].done():
                entries[0][1].set_exception(error)
            return True
        for _, written in entries:
            if not written.done():
                written.set_result(None)
        return False
