"""Cursors of the driver that are kept with their connection: to make one costs as much as to send a statement."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from psycopg import AsyncConnection, AsyncCursor, AsyncRawCursor
from psycopg.rows import dict_row

Cursor = AsyncCursor[dict[str, Any]]
Parameters = Mapping[str, Any] | Sequence[Any]


@contextlib.asynccontextmanager
async def reused_cursor(driver: AsyncConnection[Any], *, numbered: bool) -> AsyncIterator[Cursor]:
    """Yield a cursor of a connection, or another one while it is in use or after an error.

    Parameters have names, or with ``numbered`` numbers, such as ``$1``.
    """
    kept, kind = ("_hub_numbered_cursor", AsyncRawCursor) if numbered else ("_hub_cursor", AsyncCursor)
    cursor: Cursor = vars(driver).pop(kept, None) or kind(driver, row_factory=dict_row)
    yield cursor
    setattr(driver, kept, cursor)


async def run(driver: AsyncConnection[Any], statement: bytes) -> None:
    """Execute a statement without parameters and rows."""
    async with reused_cursor(driver, numbered=True) as cursor:
        await cursor.execute(statement)
