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

    A single request does not wait for others. If a statement fails with one of ``refusals``, which are errors of rows
    and not of the server, the rows of each request are tried alone, so that one request cannot fail another.
    """

    def __init__(self, execute: Execute, refusals: tuple[type[Exception], ...]) -> None:
        self._execute, self._refusals = execute, refusals
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
        if self._running is not None and not self._running.done():
            await asyncio.wait([self._running])

    async def _run(self) -> None:
        while self._waiting:
            statement = next(iter(self._waiting))
            entries = self._waiting.pop(statement)
            error = await self._try(statement, entries)
            if isinstance(error, self._refusals) and len(entries) > 1:
                for entry in entries:
                    _settle([entry], await self._try(statement, [entry]))
            else:
                _settle(entries, error)

    async def _try(self, statement: str, entries: Sequence[_Entry]) -> Exception | None:
        try:
            await self._execute(statement, [row for rows, _ in entries for row in rows])
        except Exception as error:
            return error
        return None


def _settle(entries: Sequence[_Entry], error: Exception | None) -> None:
    for _, written in entries:
        if written.done():
            continue
        if error is None:
            written.set_result(None)
        else:
            written.set_exception(error)
