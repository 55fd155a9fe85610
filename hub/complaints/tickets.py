"""What a reporter holds in hand: the ticket, which is public, and the tracking code, which opens their complaint.

No table holds a tracking code: it is derived from the complaint's id with a secret key, so the hub can tell it again.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import NamedTuple, Self

_TICKET = re.compile(r"LG-([0-9]{4})-([0-9]{6,18})")

# Crockford's base32 has no I, L, O and U. What people read or type for them is taken for what it looks like.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOOKS_LIKE = str.maketrans("ILOU", "110V")
_CHARACTERS = 20  # five bits each: a hundred bits
_KEY_BYTES = 16


class Ticket(NamedTuple):
    """``LG-2026-000123``: the complaint's number in the calendar year (Asia/Jakarta) in which it came in."""

    year: int
    number: int

    def __str__(self) -> str:
        return f"LG-{self.year:04}-{self.number:06}"

    @classmethod
    def parse(cls, told: str) -> Self | None:
        """The ticket somebody typed, in any case, with spaces or ``#`` around; None if it cannot be one."""
        match = _TICKET.fullmatch(told.strip("# \t\r\n").upper())
        if match is None:
            return None
        ticket = cls(int(match[1]), int(match[2]))
        # One ticket has one spelling: no number 0, no more noughts than the six digits need.
        return ticket if ticket.number and str(ticket) == match[0] else None


def tracking_code(complaint_id: str, key: bytes) -> str:
    """The complaint's tracking code, ``XXXX-XXXX-XXXX-XXXX-XXXX``: the first hundred bits of an HMAC-SHA256.

    Raises ValueError for a key of fewer than 16 bytes.
    """
    code = _code(complaint_id, key)
    return "-".join(code[start : start + 4] for start in range(0, _CHARACTERS, 4))


def is_tracking_code(told: str, complaint_id: str, key: bytes) -> bool:
    """Whether ``told`` is the complaint's code, whatever its case, spaces, dashes and look-alike letters.

    Takes the same time wherever the two differ.
    """
    plain = re.sub(r"[\s\-–—]", "", told).upper().translate(_LOOKS_LIKE)
    return hmac.compare_digest(plain.encode("utf-8", "replace"), _code(complaint_id, key).encode())


def _code(complaint_id: str, key: bytes) -> str:
    if len(key) < _KEY_BYTES:
        raise ValueError(f"The key of tracking codes needs {_KEY_BYTES} bytes or more, not {len(key)}.")
    # The label keeps these codes apart from whatever else is derived from the same key.
    digest = hmac.new(key, b"tracking-code:" + complaint_id.encode(), hashlib.sha256).digest()
    bits = int.from_bytes(digest) >> (8 * len(digest) - 5 * _CHARACTERS)
    return "".join(_ALPHABET[bits >> 5 * place & 31] for place in reversed(range(_CHARACTERS)))
