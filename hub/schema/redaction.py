"""Messages about a system, without what they may quote of it."""

from __future__ import annotations

import re

MAX_ERROR_LENGTH = 300
"""Maximum number of characters of a system's error message."""

# A message may quote the system, with an address that contains credentials or a person's number.
_REDACTED = re.compile(r"https?://\S+|\S+@\S+|\d{6,}")


def redacted(message: str) -> str:
    """Return a message about a system without what it may quote: addresses and long numbers."""
    return _REDACTED.sub("…", message[: 2 * MAX_ERROR_LENGTH])[:MAX_ERROR_LENGTH]
