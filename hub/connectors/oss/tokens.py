"""The token of calls of OSS: a SHA-1 that is salted with the day (contract oss#transport)."""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from hub.connectors.oss.settings import OssSettings

JAKARTA = ZoneInfo("Asia/Jakarta")
NEAR_MIDNIGHT = timedelta(minutes=5)
"""How long before and after midnight the token of the neighbouring day is accepted too."""
_TOKEN = re.compile(r"[0-9a-f]{40}", re.ASCII)


def token(settings: OssSettings, number: str, day: date) -> str:
    """Return the token of a call about a NIB, or in the older form an NPWP, on a day."""
    text = f"{settings.need('username')}{settings.need('password')}{number}{day:%Y%m%d}"
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def is_token_form(received: str) -> bool:
    """Return whether a header can be a token at all, before the body that it belongs to is read."""
    return bool(_TOKEN.fullmatch(received.strip().lower()))


def is_valid(received: str, settings: OssSettings, nib: str, npwp: str, now: datetime) -> bool:
    """Return whether ``received`` is the token of a document with these numbers; compares in constant time."""
    numbers = [nib, npwp] if settings.token_form == "npwp" else [nib]  # noqa: S105  (a form)
    given = received.strip().lower().encode()
    # Not for text that cannot be encoded, such as half of a surrogate pair.
    right = [token(settings, each, day).encode() for each in numbers if each.isascii() and each for day in _days(now)]
    return any(hmac.compare_digest(given, each) for each in right)


def _days(now: datetime) -> set[date]:
    return {(now + shift).astimezone(JAKARTA).date() for shift in (-NEAR_MIDNIGHT, timedelta(), NEAR_MIDNIGHT)}
