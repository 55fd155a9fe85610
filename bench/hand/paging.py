"""Cursors, in the form of the hub's: the position of the last row of a page."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from bench.hand.shapes import Part, Row

ORDER = "RECEIVED_DESC"
SIZE = 20
_BEGINNING = datetime(9999, 1, 1, tzinfo=UTC), 2**62


def position(cursor: str | None) -> tuple[datetime, int]:
    """Return the time and id of the row after which a page begins."""
    if cursor is None:
        return _BEGINNING
    _, at, row_id = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    return datetime.fromisoformat(at), row_id


def page(rows: Sequence[Any]) -> tuple[Sequence[Row], Part]:
    """Return the rows of a page, of which one more was read, and its ``pageInfo``."""
    shown = rows[:SIZE]
    end = [ORDER, shown[-1]["sort"], shown[-1]["id"]] if shown else None
    cursor = base64.urlsafe_b64encode(orjson.dumps(end)).decode().rstrip("=") if end else None
    return shown, {"hasNextPage": len(rows) > SIZE, "endCursor": cursor}
