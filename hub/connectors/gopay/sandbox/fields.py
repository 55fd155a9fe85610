"""Parses the fields of a call to the sandbox by contract gopay#history-list; refuses wrong ones."""

from __future__ import annotations

from datetime import datetime, timedelta

from hub.connectors.gopay.connector import HISTORY
from hub.connectors.gopay.responses import Body, instant, malformed

WINDOW = timedelta(days=91)
_TYPES = frozenset({"PAYMENT", "TOP_UP", "WITHDRAWAL", "DISBURSEMENT"})


def whole_number(body: Body, name: str, default: int, least: int, most: int) -> int:
    """Parse a whole number, or a string of one."""
    value = body.get(name, default)
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if not (text.isascii() and text.isdigit() and len(text) < 8 and least <= int(text) <= most):
        raise malformed(name)
    return int(text)


def includes_payments(body: Body) -> bool:
    """Return whether ``additionalInfo.types`` has payments, or is missing."""
    info = body.get("additionalInfo")
    types = info.get("types") if isinstance(info, dict) else None
    if types is None:
        return True
    if not isinstance(types, list) or not _TYPES.issuperset(map(str, types)):
        raise malformed("additionalInfo.types")
    return "PAYMENT" in types


def window(body: Body, now: datetime) -> tuple[datetime, datetime]:
    """Return the requested range: at most three months, and not older than six.

    Contract gopay#history-list.
    """
    end = instant(body["toDateTime"], "toDateTime") if "toDateTime" in body else now
    start = instant(body["fromDateTime"], "fromDateTime") if "fromDateTime" in body else end - WINDOW
    if start > end or end - start > WINDOW or start < now - HISTORY:
        raise malformed("fromDateTime")
    return start, end
