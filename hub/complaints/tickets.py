"""The ticket, which is public, and the tracking code, which gives access to one complaint.

A tracking code is not stored. It is derived from the complaint's random seed with a secret key, so the hub can derive
it again. It is not derived from the ticket or a database id: after a crash or a restore the next complaint could get
the same one, and the code of the earlier complaint would open it.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import NamedTuple, Self

from hub.complaints.numbers import normalise_number

_MAX_INPUT = 100
"""Maximum number of characters of a typed ticket, with everything around it."""
_TICKET = re.compile(r"LG-([0-9]{4})-([0-9]{6,18})")

# Crockford's base32 has no I, L, O and U. When people type one of them, it is replaced by what it looks like.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOOKS_LIKE = str.maketrans("ILOU", "110V")
_CHARACTERS = 20  # five bits each: a hundred bits
_KEY_BYTES = 16


class Ticket(NamedTuple):
    """A ticket such as ``LG-2026-000123``: the calendar year (Asia/Jakarta) of receipt and a unique number within it.

    Numbers increase, with gaps.
    """

    year: int
    number: int

    def __str__(self) -> str:
        return f"LG-{self.year:04}-{self.number:06}"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Return the ticket in ``text``, in any case, with spaces or ``#`` around; None if it is no ticket."""
        match = _TICKET.fullmatch(normalise_number(text).strip("# ").upper()) if len(text) <= _MAX_INPUT else None
        if match is None:
            return None
        ticket = cls(int(match[1]), int(match[2]))
        # A ticket has one spelling: no number 0, and no more leading zeros than six digits need.
        return ticket if ticket.number and str(ticket) == match[0] else None


def tracking_code(seed: str, key: bytes) -> str:
    """Return the complaint's tracking code, ``XXXX-XXXX-XXXX-XXXX-XXXX``: the first 100 bits of an HMAC-SHA256.

    Raises ValueError for a key of fewer than 16 bytes.
    """
    code = _code(seed, key)
    return "-".join(code[start : start + 4] for start in range(0, _CHARACTERS, 4))


def is_tracking_code(text: str, seed: str, key: bytes) -> bool:
    """Return whether ``text`` is the complaint's code, in any case, with spaces, dashes and look-alike letters.

    The comparison takes constant time.
    """
    plain = re.sub(r"[\s-]", "", normalise_number(text)).upper().translate(_LOOKS_LIKE)
    return hmac.compare_digest(plain.encode("utf-8", "replace"), _code(seed, key).encode())


def _code(seed: str, key: bytes) -> str:
    if len(key) < _KEY_BYTES:
        raise ValueError(f"The key of tracking codes needs {_KEY_BYTES} bytes or more, not {len(key)}.")
    # The label separates these codes from other values that are derived from the same key.
    digest = hmac.new(key, b"tracking-code:" + seed.encode(), hashlib.sha256).digest()
    bits = int.from_bytes(digest) >> (8 * len(digest) - 5 * _CHARACTERS)
    return "".join(_ALPHABET[bits >> 5 * index & 31] for index in reversed(range(_CHARACTERS)))
