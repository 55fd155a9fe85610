"""Parses single fields of the provider's items; errors name the path of the field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from hub.connectors.gopay.signing import JAKARTA
from hub.errors import BadRecord
from hub.kept_columns import quote_code

_AMOUNT = re.compile(r"\d{1,16}(\.\d{1,2})?", re.ASCII)
_TIME = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)
_LOCAL = re.compile(r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d", re.ASCII)


class UnreadableField(BadRecord):
    """``field`` cannot be read, or is required and missing."""

    def __init__(self, field: str, why: str, *, missing: bool = False) -> None:
        super().__init__(f"{field} {why}")
        self.field, self.missing = field, missing


def within(raw: Mapping[str, Any], name: str, *, optional: bool = False) -> Mapping[str, Any]:
    """Return the object at ``name``; an empty one if it is ``optional`` and missing."""
    value = raw.get(name)
    if value is None and optional:
        return {}
    if not isinstance(value, Mapping):
        raise UnreadableField(name, "is missing or not an object", missing=value is None)
    return value


def string(raw: Mapping[str, Any], name: str, path: str | None = None) -> str | None:
    """Return a short printable string or None; a NUL or a lone surrogate could not be stored."""
    value = raw.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > 64 or not value.isprintable():
        raise UnreadableField(path or name, "is not a printable string of at most 64 characters")
    return value.strip() or None


def required(value: str | None, path: str) -> str:
    """Return ``value``; raise ``UnreadableField`` if it is None."""
    if value is None:
        raise UnreadableField(path, "is missing", missing=True)
    return value


def time(value: object, path: str) -> datetime:
    """Parse an ISO 8601 time with a zone."""
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        raise UnreadableField(path, "is not an ISO 8601 time with a zone, such as 2025-01-02T08:00:00+07:00")
    return _of_the_calendar(value, path)


def local_time(value: object, path: str) -> datetime:
    """Parse a time of Midtrans' classic form, in Jakarta without a zone; or one with a zone."""
    if isinstance(value, str) and _LOCAL.fullmatch(value):
        return _of_the_calendar(value, path).replace(tzinfo=JAKARTA)
    return time(value, path)


def _of_the_calendar(value: str, path: str) -> datetime:
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise UnreadableField(path, f"{value} is no day or hour of the calendar") from None


def amount(raw: Mapping[str, Any]) -> Decimal:
    """Return the rupiah in ``{"value": "10000.00", "currency": "IDR"}``."""
    money = within(raw, "amount")
    return rupiah(money.get("value"), "amount.value", money.get("currency"), "amount.currency")


def rupiah(value: object, path: str, currency: object, currency_path: str) -> Decimal:
    """Parse rupiah, from a string only: a JSON number may have lost its cents."""
    if currency != "IDR":
        raise UnreadableField(currency_path, f"is {quote_code(currency)}; only IDR is known")
    if not isinstance(value, str) or not _AMOUNT.fullmatch(value):
        raise UnreadableField(path, 'is not a string of digits such as "10000.00"')
    return Decimal(value)
