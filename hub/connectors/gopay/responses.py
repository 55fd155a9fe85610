"""Parses calls of the SNAP standard, and refuses invalid ones.

Contract gopay#response-codes.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from hub.bounds import is_nested_deeper

Body = dict[str, Any]
DEEPEST = 16
"""The deepest allowed nesting of a body; the contract needs four levels."""


class Refused(Exception):
    """A refusal: HTTP status, case of the response code, and the message of the contract."""

    def __init__(self, status: int, case: str, message: str) -> None:
        super().__init__(message)
        self.status, self.case, self.message = status, case, message

    def answer(self, service: str) -> dict[str, str]:
        """Return the body of the answer, for the service with this code."""
        return {"responseCode": f"{self.status}{service}{self.case}", "responseMessage": self.message[:150]}


def missing(field: str) -> Refused:
    """Return the refusal for a missing ``field``."""
    return Refused(400, "02", f"Invalid Mandatory Field {field}")


def malformed(field: str) -> Refused:
    """Return the refusal for an unreadable ``field``."""
    return Refused(400, "01", f"Invalid Field Format {field}")


def unauthorized(reason: str) -> Refused:
    """Return the refusal for an invalid signature, client or time."""
    return Refused(401, "00", f"Unauthorized. [{reason}]")


def require(headers: Mapping[str, str], *names: str) -> None:
    """Refuse a call without one of these headers."""
    for name in names:
        if not headers.get(name):
            raise missing(name)


def json_object(raw: bytes) -> Body:
    """Parse the body of a call; refuse anything but an object."""
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict) or is_nested_deeper(body, DEEPEST):
        raise Refused(400, "00", "Bad Request")
    return body


def instant(value: object, name: str) -> datetime:
    """Parse an ISO 8601 time with any zone; the refusal names the field."""
    try:
        at = datetime.fromisoformat(str(value))
        if at.tzinfo is not None:
            return at.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise malformed(name)
