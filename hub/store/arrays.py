"""Binds many values as one array: PostgreSQL accepts at most 65,535 parameters, and a batch may have more values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, any_, literal
from sqlalchemy.dialects.postgresql import ARRAY


def any_of(column: ColumnElement[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """Return the condition that ``column`` has one of ``values``, however many there are."""
    return column == any_(literal(list(values), ARRAY(column.type)))
