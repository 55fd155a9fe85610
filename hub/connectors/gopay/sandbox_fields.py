"""The fields of a call to the sandbox, read as the contract says; a wrong one is refused (contract B.3, B.4)."""

from __future__ import annotations

from datetime import datetime, timedelta

from hub.connectors.gopay.calls import Body, instant, malformed
from hub.connectors.gopay.connector import HISTORY

WINDOW = timedelta(days=91)
_TYPES = frozenset({"PAYMENT", "TOP_UP", "WITHDRAWAL", "DISBURSEMENT"})


def whole_number(body: Body, name: str, default: int, least: int, most: int) -> int:
    """A whole number, or a string of one."""
    value = body.get(name, default)
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if not (text.isascii() and text.isdigit() and len(text) < 8 and least <= int(text) <= most):
        raise malformed(name)
    return int(text)


def asks_for_payments(body: Body) -> bool:
    """Whether ``additionalInfo.types`` has payments, or is not there."""
    info = body.get("additionalInfo")
    types = info.get("types") if isinstance(info, dict) else None
    if types is None:
        return True
    if not isinstance(types, list) or not _TYPES.issuperset(map(str, types)):
        raise malformed("additionalInfo.types")
    return "PAYMENT" in types


def window(body: Body, now: datetime) -> tuple[datetime, datetime]:
    """From when to when a list is asked for: at most three months, none of it older than six (contract B.4, L.6)."""
    end = instant(body["toDateTime"], "toDateTime") if "toDateTime" in body else now
    start = instant(body["fromDateTime"], "fromDateTime") if "fromDateTime" in body else end - WINDOW
    if start > end or end - start > WINDOW or start < now - HISTORY:
        raise malformed("fromDateTime")
    return start, end
