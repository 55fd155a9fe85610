"""Reads single fields of what the provider says; what cannot be read is named with its path."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from hub.connectors.gopay.signing import JAKARTA
from hub.errors import BadRecord

_AMOUNT = re.compile(r"\d{1,16}(\.\d{1,2})?", re.ASCII)
_TIME = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)
_LOCAL = re.compile(r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d", re.ASCII)


class Unread(BadRecord):
    """``field`` cannot be read, or is not there though it has to be."""

    def __init__(self, field: str, why: str, *, missing: bool = False) -> None:
        super().__init__(f"{field} {why}")
        self.field, self.missing = field, missing


def within(raw: Mapping[str, Any], name: str, *, optional: bool = False) -> Mapping[str, Any]:
    """The object at ``name``; an empty one where it is ``optional`` and not there."""
    value = raw.get(name)
    if value is None and optional:
        return {}
    if not isinstance(value, Mapping):
        raise Unread(name, "is missing or not an object", missing=value is None)
    return value


def string(raw: Mapping[str, Any], name: str, path: str | None = None) -> str | None:
    """A short printable string, or None where there is none; a NUL or half a character cannot be stored."""
    value = raw.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > 64 or not value.isprintable():
        raise Unread(path or name, "is not a printable string of at most 64 characters")
    return value.strip() or None


def required(value: str | None, path: str) -> str:
    """``value``, which has to be there."""
    if value is None:
        raise Unread(path, "is missing", missing=True)
    return value


def time(value: object, path: str) -> datetime:
    """An ISO 8601 time with a zone."""
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        raise Unread(path, "is not an ISO 8601 time with a zone, such as 2025-01-02T08:00:00+07:00")
    return _of_the_calendar(value, path)


def local_time(value: object, path: str) -> datetime:
    """A time as Midtrans' classic form writes it, without a zone: that of Jakarta; or one with a zone."""
    if isinstance(value, str) and _LOCAL.fullmatch(value):
        return _of_the_calendar(value, path).replace(tzinfo=JAKARTA)
    return time(value, path)


def _of_the_calendar(value: str, path: str) -> datetime:
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise Unread(path, f"{value} is no day or hour of the calendar") from None


def amount(raw: Mapping[str, Any]) -> Decimal:
    """Rupiah, of ``{"value": "10000.00", "currency": "IDR"}``."""
    told = within(raw, "amount")
    return rupiah(told.get("value"), "amount.value", told.get("currency"), "amount.currency")


def rupiah(value: object, path: str, currency: object, currency_path: str) -> Decimal:
    """Rupiah, from a string only: a JSON number may already have lost its cents on the way."""
    if currency != "IDR":
        raise Unread(currency_path, f"is {currency!r:.40}; only IDR is known")
    if not isinstance(value, str) or not _AMOUNT.fullmatch(value):
        raise Unread(path, 'is not a string of digits such as "10000.00"')
    return Decimal(value)
