"""Limits for values from other systems. Pure.

A value outside of these limits could be stored but not shown, or not be stored at all.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import isfinite
from typing import Any

from hub.errors import BadRecord

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
MAX_AHEAD = timedelta(days=3653)
"""How far a time may be ahead of the clock: ten years."""
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
"""The same without a clock."""
INT_MAX = 2**31 - 1
"""The maximum of the schema's Int; the minimum is its negative."""
FLOAT_MAX = 2.0**53
"""The database returns a larger float as an integer of up to 309 digits, which JSON responses cannot contain."""
INDEXED_MAX = 500
"""Characters of an id, a key or a code, limited by the index."""
TEXT_MAX = 100_000
"""Characters of any text."""
ROWS_MAX = 10_000
"""Rows of a list inside a record."""
AMOUNT_MAX = Decimal(10) ** 16
AMOUNT_DECIMALS = 2
"""Decimals of an amount."""
VERSION_MAX = 2**63 - 1
MAX_DEPTH = 64
"""The maximum nesting of an item: no system sends more, and libraries and database have limits too."""


def is_nested_deeper(value: Any, than: int = MAX_DEPTH) -> bool:
    """Return whether ``value`` is nested more than ``than`` levels; descends no deeper."""
    if not isinstance(value, dict | list):
        return False
    return than == 0 or any(
        is_nested_deeper(each, than - 1) for each in (value.values() if isinstance(value, dict) else value)
    )


def is_plausible_time(at: datetime) -> bool:
    """Return whether a time inside a record is plausible, without a clock."""
    return at.tzinfo is not None and EARLIEST <= at < LATEST


def check_time(at: datetime, name: str, now: datetime) -> None:
    """Raise ``BadRecord`` for a time before ``EARLIEST`` or more than ``MAX_AHEAD`` after ``now``."""
    if not isinstance(at, datetime) or at.tzinfo is None:
        raise BadRecord(f"{name} is not a time with a zone")
    # Comparing times of different zones takes longer than all else here.
    if EARLIEST.year < at.year <= now.year:
        return
    latest = now + MAX_AHEAD
    if not EARLIEST <= at <= latest:
        raise BadRecord(f"{name} is outside of {EARLIEST.year} to {latest.year}")


def check_amount(amount: Decimal) -> None:
    """Raise ``BadRecord`` for an amount that the column cannot store exactly."""
    if not amount.is_finite() or abs(amount) >= AMOUNT_MAX or amount != round(amount, AMOUNT_DECIMALS):
        raise BadRecord(f"the amount is not a number below {AMOUNT_MAX:,} with at most {AMOUNT_DECIMALS} decimals")


def check_indexed(text: str, name: str) -> None:
    """Raise ``BadRecord`` for anything but a text of at most ``INDEXED_MAX`` visible characters.

    Identifiers are shown in lists and terminals, and two different ones must not look the same.
    """
    if is_ordinary(text):
        return
    check_value(text, name)
    if not isinstance(text, str) or len(text) > INDEXED_MAX:
        raise BadRecord(f"{name} is not a text of at most {INDEXED_MAX} characters")
    if not text.isprintable():
        raise BadRecord(f"{name} contains control or invisible characters")


def is_ordinary(value: Any) -> bool:
    """Return whether a value is a short text of visible ASCII, which no check here refuses: most values are."""
    return isinstance(value, str) and len(value) <= INDEXED_MAX and value.isascii() and value.isprintable()


def is_indexable(text: str) -> bool:
    """Return whether a value from outside can be an identifier: not blank, and as ``check_indexed`` defines it."""
    try:
        check_indexed(text, "")
    except BadRecord:
        return False
    return bool(text.strip())


def check_whole(number: int, name: str, most: int = INT_MAX) -> None:
    """Raise ``BadRecord`` for anything but an integer of at most ``most`` in absolute value."""
    if type(number) is not int or abs(number) > most:
        raise BadRecord(f"{name} is not an integer within the hub's limits")


def check_value(value: Any, name: str, depth: int = 4) -> None:
    """Raise ``BadRecord`` for a fact that is not JSON within these limits; ``name`` is its field."""
    if value is None or isinstance(value, bool):
        return
    if isinstance(value, str):
        _check_text(value, name)
    elif isinstance(value, int):
        check_whole(value, name)
    elif isinstance(value, float) and isfinite(value) and abs(value) <= FLOAT_MAX:
        return
    elif isinstance(value, list | dict) and depth and len(value) <= ROWS_MAX:
        for each in value.values() if isinstance(value, dict) else value:
            check_value(each, name, depth - 1)
    else:
        raise BadRecord(f"{name} is not a value that the hub can store")


def _check_text(text: str, name: str) -> None:
    if len(text) > TEXT_MAX:
        raise BadRecord(f"{name} is longer than {TEXT_MAX} characters")
    try:
        storable = "\0" not in text and (text.isascii() or text.encode() is not None)
    except UnicodeEncodeError:
        storable = False
    if not storable:
        raise BadRecord(f"{name} contains characters that cannot be stored")
