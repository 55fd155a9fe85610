"""Cursors of the driver that are kept with their connection: to make one costs as much as to send a statement."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from psycopg import AsyncConnection, AsyncCursor
from psycopg.rows import dict_row

Cursor = AsyncCursor[dict[str, Any]]

_KEPT = "_hub_cursor"


@contextlib.asynccontextmanager
async def reused_cursor(driver: AsyncConnection[Any]) -> AsyncIterator[Cursor]:
    """Yield the cursor of a connection, or another one while it is in use or after an error."""
    cursor: Cursor = vars(driver).pop(_KEPT, None) or driver.cursor(row_factory=dict_row)
    yield cursor
    setattr(driver, _KEPT, cursor)
