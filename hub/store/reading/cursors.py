"""Cursors: where a row stands in an order, told to outsiders and read back from them."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson
from sqlalchemy import ColumnElement, DateTime, Integer, Numeric, literal, true, tuple_
from sqlalchemy.types import TypeEngine

from hub.store.reading.entity import Entity, Sort
from hub.store.reading.naming import nameable

_AMOUNTS_END = 10**16
"""Amounts have two decimals of eighteen digits."""


class BadCursor(ValueError):
    """A cursor that this list did not give out."""


def encode(order: str, value: str, row_id: Any) -> str:
    """Opaque: where a row stands in an order."""
    return base64.urlsafe_b64encode(orjson.dumps([order, value, row_id])).decode().rstrip("=")


def check(entity: Entity, order: str, cursor: str) -> None:
    """Raises ``BadCursor`` for anything but a cursor of this list in this order."""
    chosen, sort = entity.order(order)
    _place(sort, chosen, cursor)


def after(sort: Sort, order: str, cursor: str | None) -> ColumnElement[bool]:
    """The rows after ``cursor``; all where there is none. Raises ``BadCursor``."""
    if cursor is None:
        return true()
    value, row_id = _place(sort, order, cursor)
    here = tuple_(sort.column, sort.id)
    there = tuple_(literal(value, sort.column.type), literal(row_id, sort.id.type))
    return here < there if sort.descending else here > there


def _place(sort: Sort, order: str, cursor: str) -> tuple[Any, Any]:
    """(value, row id) where a cursor stands, of the types of the columns; a cursor is anybody's to make up."""
    try:
        found, value, row_id = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError, TypeError):
        raise BadCursor("This is not a cursor of this list; use endCursor of the page before.") from None
    if found != order:
        raise BadCursor("This cursor belongs to another order; start without it or ask for the same orderBy.")
    try:
        return _typed(value, sort.column.type), _typed(row_id, sort.id.type)
    except (ValueError, TypeError, ArithmeticError):
        raise BadCursor("This cursor belongs to another list; start without it.") from None


def _typed(value: Any, kind: TypeEngine[Any]) -> Any:
    """``value`` of a cursor as a column of ``kind`` compares it; raises for what PostgreSQL would refuse."""
    if isinstance(kind, Integer):
        if type(value) is not int or abs(value) >= 2**63:
            raise ValueError("no id")
        return value
    if not isinstance(value, str) or not nameable(value):
        raise TypeError("no text")
    if isinstance(kind, DateTime):
        at = value if value == "infinity" else datetime.fromisoformat(value)
        return at if isinstance(at, str) else at.astimezone(UTC)
    if isinstance(kind, Numeric) and not abs(Decimal(value)) < _AMOUNTS_END:
        raise ValueError("no amount")
    return Decimal(value) if isinstance(kind, Numeric) else value
