"""Cursors of the driver that are kept with their connection: to make one costs as much as to send a statement."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import psycopg
from psycopg import AsyncConnection, AsyncCursor
from psycopg.rows import dict_row

from hub.store.value_loaders import load_clamped_times, load_times

Cursor = AsyncCursor[dict[str, Any]]

_KEPT = "_hub_cursor"


@contextlib.asynccontextmanager
async def reused_cursor(driver: AsyncConnection[Any]) -> AsyncIterator[Cursor]:
    """Yield the cursor of a connection, or another one while it is in use or after an error."""
    cursor: Cursor = vars(driver).pop(_KEPT, None) or _new(driver)
    yield cursor
    setattr(driver, _KEPT, cursor)


def _new(driver: AsyncConnection[Any]) -> Cursor:
    cursor = driver.cursor(row_factory=dict_row)
    load_times(cursor.adapters)
    return cursor


async def fetch_rows(cursor: Cursor) -> list[dict[str, Any]]:
    """Return the rows of the statement that was executed, if it has any."""
    # Not `cursor.description`, which makes an object for each column.
    if not (cursor.pgresult and cursor.pgresult.nfields):
        return []
    try:
        return await cursor.fetchall()
    except psycopg.DataError:
        load_clamped_times(cursor.adapters)
        rows = await cursor.fetchall()
        load_times(cursor.adapters)
        return rows
