"""The fields of a call to the sandbox, read as the contract says; a wrong one is refused (contract B.3, B.4)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from hub.connectors.gopay.connector import HISTORY

Body = dict[str, Any]
WINDOW = timedelta(days=91)
_TYPES = frozenset({"PAYMENT", "TOP_UP", "WITHDRAWAL", "DISBURSEMENT"})


class Refused(Exception):
    """A refusal: HTTP status, case of the response code, and the message of the contract."""

    def __init__(self, status: int, case: str, message: str) -> None:
        super().__init__(message)
        self.status, self.case, self.message = status, case, message


def json_object(raw: bytes) -> Body:
    """The body of a call; anything but an object is a bad request."""
    try:
        body = json.loads(raw)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Refused(400, "00", "Bad Request")
    return body


def whole_number(body: Body, name: str, default: int, least: int, most: int) -> int:
    """A whole number, or a string of one."""
    value = body.get(name, default)
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if not (text.isascii() and text.isdigit() and len(text) < 8 and least <= int(text) <= most):
        raise Refused(400, "01", f"Invalid Field Format {name}")
    return int(text)


def asks_for_payments(body: Body) -> bool:
    """Whether ``additionalInfo.types`` has payments, or is not there."""
    info = body.get("additionalInfo")
    types = info.get("types") if isinstance(info, dict) else None
    if types is None:
        return True
    if not isinstance(types, list) or not _TYPES.issuperset(map(str, types)):
        raise Refused(400, "01", "Invalid Field Format additionalInfo.types")
    return "PAYMENT" in types


def window(body: Body, now: datetime) -> tuple[datetime, datetime]:
    """From when to when a list is asked for: at most three months, none of it older than six (contract B.4, L.6)."""
    end = instant(body["toDateTime"], "toDateTime") if "toDateTime" in body else now
    start = instant(body["fromDateTime"], "fromDateTime") if "fromDateTime" in body else end - WINDOW
    if start > end or end - start > WINDOW or start < now - HISTORY:
        raise Refused(400, "01", "Invalid Field Format fromDateTime")
    return start, end


def instant(value: object, name: str) -> datetime:
    """An ISO 8601 time with any zone; the field's name is told when it is none."""
    try:
        at = datetime.fromisoformat(str(value))
        if at.tzinfo is not None:
            return at.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise Refused(400, "01", f"Invalid Field Format {name}")
