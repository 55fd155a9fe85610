"""Retries of single items whose calls fail, at growing intervals, while the other items go on.

A failed call counts against its item. Failures of several different items in a row, without a success between
them, count against the system. The cursor holds the failed items, so that the next pull gets past them.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Any, TypeVar

from hub.contract import Cursor, Page
from hub.errors import TryLater

_Result = TypeVar("_Result")

MAX_CONSECUTIVE_FAILURES = 3
"""How many different items may fail in a row before the system counts as down."""
RETRY_DELAYS = tuple(timedelta(minutes=each) for each in (0, 1, 5, 30, 120, 360, 1440))
"""Delay of the next attempt after each failed one; the last delay repeats."""
MAX_RETRIES_PER_PULL = 20
"""How many items one pull retries."""
MAX_REASON_LENGTH = 200
"""How many characters of an error message the cursor holds."""
MAX_ITEMS = 500
"""How many failed items the cursor holds; others wait for the next full run."""
_KEY = "retry"


class ItemRetries:
    """The failed items in ``cursor``, for a pull that began ``now``.

    An error of the type ``item_error`` is an answer, and does not count against the system.
    """

    def __init__(self, cursor: Cursor, now: datetime, item_error: type[TryLater] | tuple[()] = ()) -> None:
        kept: dict[str, Any] = cursor.get(_KEY, {})
        self._now, self._item_error = int(now.timestamp()), item_error
        self._items: dict[str, tuple[int, int, str]] = {each: (*how,) for each, how in kept.get("items", {}).items()}
        self._in_a_row: int = kept.get("in_a_row", 0)
        self._attempted: set[str] = set()
        self._system_error: TryLater | None = None

    def waiting_reason(self, item: str) -> str | None:
        """Return why ``item`` failed last if its retry is not due yet, else None."""
        _, due, reason = self._items.get(item, (0, 0, ""))
        return reason if item in self._items and (due > self._now or item in self._attempted) else None

    def due(self) -> list[str]:
        """Return the items that are due for a retry and that this pull has not attempted, longest due first."""
        waiting = [each for each in self._items if self.waiting_reason(each) is None]
        return sorted(waiting, key=lambda each: self._items[each][1])[:MAX_RETRIES_PER_PULL]

    async def attempt(self, item: str, call: Callable[[], Awaitable[_Result]]) -> _Result | TryLater:
        """Return the result of ``call`` for ``item``, or its error; raise the error if the system counts as down."""
        try:
            result = await call()
        except TryLater as error:
            self._fail(item, error)
            return error
        self._items.pop(item, None)
        self._note_answer()
        return result

    def _note_answer(self) -> None:
        self._in_a_row, self._system_error = 0, None

    def _fail(self, item: str, error: TryLater) -> None:
        attempts = self._items[item][0] if item in self._items else 0
        self._attempted.add(item)
        if attempts or len(self._items) < MAX_ITEMS:
            due = self._now + int(RETRY_DELAYS[min(attempts, len(RETRY_DELAYS) - 1)].total_seconds())
            self._items[item] = attempts + 1, due, str(error)[:MAX_REASON_LENGTH]
        if isinstance(error, self._item_error):
            self._note_answer()
            return
        self._system_error = error
        self._in_a_row += not attempts
        if not attempts and (error.after is not None or self._in_a_row >= MAX_CONSECUTIVE_FAILURES):
            raise error

    async def recorded_in(self, pages: AsyncGenerator[Page, None], cursor: Cursor) -> AsyncGenerator[Page, None]:
        """Yield ``pages`` of a run from ``cursor`` with the failed items in their cursors, even if they end early.

        Raise at the end if no call has succeeded since several items failed in a row.
        """
        try:
            async with aclosing(pages):
                async for page in pages:
                    cursor = self._with_failures(page.cursor)
                    yield Page(page.items, cursor)
        except TryLater:
            if self._with_failures(cursor) != cursor:
                yield Page([], self._with_failures(cursor))
            raise
        if self._system_error and self._in_a_row >= MAX_CONSECUTIVE_FAILURES:
            raise self._system_error

    def _with_failures(self, cursor: Cursor) -> Cursor:
        bare = {name: value for name, value in cursor.items() if name != _KEY}
        failed = {each: list(how) for each, how in self._items.items()}
        return {**bare, _KEY: {"in_a_row": self._in_a_row, "items": failed}} if failed else bare
