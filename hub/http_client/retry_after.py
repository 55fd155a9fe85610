"""Parses when a system may be called again, and caps the wait.

Upstreams send seconds, a Unix time in seconds, milliseconds or microseconds, an HTTP date or an ISO 8601 time; size
and shape tell them apart. A value that cannot be read counts as missing.
"""

from __future__ import annotations

import email.utils
import re
import time
from datetime import UTC, datetime

from hub.errors import TryLater, cap_retry_after

_NUMBER = re.compile(r"[0-9]{1,20}(\.[0-9]{1,9})?")
_UNIX_FROM = 1e9
"""A number of at least this is a Unix time, not a duration: it stands for September 2001, or for 31 years."""
_THOUSANDS = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3))
"""The least Unix time in nanoseconds, microseconds and milliseconds, and what each is divided by."""


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """Return the seconds from ``now`` (aware) in ``value``, 0 to ``MAX_RETRY_AFTER``; None if it cannot be read."""
    text = (value or "").strip()
    if _NUMBER.fullmatch(text):
        number = float(text)
        return cap_retry_after(_unix(number) - now.timestamp() if number >= _UNIX_FROM else number)
    at = _date(text)
    return None if at is None else cap_retry_after((at - now).total_seconds())


def _unix(number: float) -> float:
    return next((number / by for least, by in _THOUSANDS if number >= least), number)


def _date(text: str) -> datetime | None:
    for read in (email.utils.parsedate_to_datetime, datetime.fromisoformat):
        try:
            at = read(text)
            return at if at.tzinfo else at.replace(tzinfo=UTC)
        except (ValueError, OverflowError):
            continue
    return None


class SharedWait:
    """The wait that one host requires, shared by all calls of a connector."""

    def __init__(self) -> None:
        self._until = 0.0

    def note(self, error: TryLater) -> None:
        """Keep the longest required wait."""
        if error.after is not None:
            self._until = max(self._until, time.monotonic() + error.after)

    @property
    def left(self) -> float:
        """The seconds that remain."""
        return max(0.0, self._until - time.monotonic())
