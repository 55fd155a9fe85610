"""Cursors of keyset pagination.

A page is not found by an offset, which costs more with every page and skips or repeats rows when others are inserted.
Instead a cursor names the last row by its sort value and its id, and the next page has the rows behind it: ``(value,
id) < (cursor value, cursor id)``, which an index answers. The id makes the order total, so rows with equal values are
neither skipped nor repeated. A cursor also names its order, because a position is meaningless in another one.

Clients get a cursor as opaque text, but can send anything. So its values are checked against the types of the columns
before they are bound, and everything else raises ``InvalidCursor``.
"""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import orjson
from sqlalchemy import ColumnElement, DateTime, Integer, Numeric, literal, true, tuple_
from sqlalchemy.types import TypeEngine

from hub.messages import Bilingual
from hub.store.queries.entity import Entity, Sort
from hub.store.queries.lookup import is_storable_text

MAX_LENGTH = 10_000
"""Maximum number of characters of a cursor: far more than any position needs."""

_AMOUNT = re.compile(r"-?[0-9]{1,16}(\.[0-9]{1,2})?")
"""The format of an amount in PostgreSQL: up to eighteen digits, two of them decimals. ``Decimal`` accepts more than
PostgreSQL can compare."""

WRONG_LIST = Bilingual(
    "This cursor belongs to another list; start without it.", "Cursor ini milik daftar lain; mulailah tanpanya."
)


class InvalidCursor(ValueError):
    """A cursor that is not one of this list."""


def decode_json(cursor: str) -> Any:
    """Return the JSON value of a cursor; raises ``ValueError`` if there is none."""
    if len(cursor) > MAX_LENGTH:
        raise ValueError("longer than any cursor")
    return orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))


def encode(order: str, value: str, row_id: Any) -> str:
    """Return the cursor of a row in an order."""
    return base64.urlsafe_b64encode(orjson.dumps([order, value, row_id])).decode().rstrip("=")


class Position(NamedTuple):
    """The position of a row in a sort order: the value of the sort column, and the row id."""

    value: Any
    row_id: Any


def after(sort: Sort, position: Position | None) -> ColumnElement[bool]:
    """Return the condition for the rows after ``position``, or for all rows without one."""
    if position is None:
        return true()
    row = tuple_(sort.column, sort.id)
    start = tuple_(literal(position.value, sort.column.type), literal(position.row_id, sort.id.type))
    return row < start if sort.descending else row > start


def decode(entity: Entity, order: str, cursor: str | None) -> Position | None:
    """Return the position in ``cursor``, None without a cursor.

    Raises ``InvalidCursor`` unless the cursor is one of this list in this order.
    """
    chosen, sort = entity.order(order)
    return None if cursor is None else Position(*_decode(sort, chosen, cursor))


def _decode(sort: Sort, order: str, cursor: str) -> tuple[Any, Any]:
    """Return the sort value and row id of a cursor in the types of the columns. Raises ``InvalidCursor``."""
    try:
        cursor_order, value, row_id = decode_json(cursor)
    except (ValueError, TypeError):
        raise InvalidCursor(
            Bilingual(
                "This is not a cursor of this list; use endCursor of the page before.",
                "Ini bukan cursor daftar ini; pakailah endCursor halaman sebelumnya.",
            )
        ) from None
    if cursor_order != order:
        raise InvalidCursor(
            Bilingual(
                "This cursor belongs to another order; start without it or ask for the same orderBy.",
                "Cursor ini milik urutan lain; mulailah tanpanya atau minta orderBy yang sama.",
            )
        )
    try:
        return _typed(value, sort.column.type), _typed(row_id, sort.id.type)
    except (ValueError, TypeError, ArithmeticError):
        raise InvalidCursor(WRONG_LIST) from None


def _typed(value: Any, kind: TypeEngine[Any]) -> Any:
    """Return ``value`` in the type of a column; raises for a value that PostgreSQL would refuse."""
    if isinstance(kind, Integer):
        if type(value) is not int or abs(value) >= 2**63:
            raise ValueError("no id")
        return value
    if not isinstance(value, str) or not is_storable_text(value):
        raise TypeError("no text")
    if isinstance(kind, DateTime):
        return value if value == "infinity" else _time(value)
    if isinstance(kind, Numeric):
        return _amount(value)
    return value


def _time(value: str) -> datetime:
    at = datetime.fromisoformat(value)
    if at.tzinfo is None:
        raise ValueError("no zone")
    return at.astimezone(UTC)


def _amount(value: str) -> Decimal:
    if not _AMOUNT.fullmatch(value):
        raise ValueError("no amount")
    return Decimal(value)
