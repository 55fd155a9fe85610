"""What a call of the standard has to look like, and how one that does not is refused (contract B.3)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

Body = dict[str, Any]
DEEPEST = 16
"""How deeply a body may be nested; none in the contract goes deeper than four."""


class Refused(Exception):
    """A refusal: HTTP status, case of the response code, and the message of the contract."""

    def __init__(self, status: int, case: str, message: str) -> None:
        super().__init__(message)
        self.status, self.case, self.message = status, case, message

    def answer(self, service: str) -> dict[str, str]:
        """The body to answer with, for the service with this code."""
        return {"responseCode": f"{self.status}{service}{self.case}", "responseMessage": self.message[:150]}


def missing(field: str) -> Refused:
    """``field`` has to be there."""
    return Refused(400, "02", f"Invalid Mandatory Field {field}")


def malformed(field: str) -> Refused:
    """``field`` cannot be read."""
    return Refused(400, "01", f"Invalid Field Format {field}")


def unauthorized(reason: str) -> Refused:
    """The caller is not who it says, or says it too late."""
    return Refused(401, "00", f"Unauthorized. [{reason}]")


def require(headers: Mapping[str, str], *names: str) -> None:
    """Refuse a call without one of these headers."""
    for name in names:
        if not headers.get(name):
            raise missing(name)


def json_object(raw: bytes) -> Body:
    """The body of a call; anything but an object is a bad request."""
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict) or _deeper(body, DEEPEST):
        raise Refused(400, "00", "Bad Request")
    return body


def _deeper(value: Any, than: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    return than == 0 or any(_deeper(each, than - 1) for each in (value.values() if isinstance(value, dict) else value))


def instant(value: object, name: str) -> datetime:
    """An ISO 8601 time with any zone; the field's name is told when it is none."""
    try:
        at = datetime.fromisoformat(str(value))
        if at.tzinfo is not None:
            return at.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise malformed(name)
