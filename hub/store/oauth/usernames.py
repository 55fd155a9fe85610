"""Usernames: each has one spelling, so that no two users have names that look the same."""

from __future__ import annotations

import re
import unicodedata

MAX_LENGTH = 64
RULE = (
    f"1 to {MAX_LENGTH} of the letters a to z, digits, and . _ - @ between them, not beginning with u_; "
    "capital letters count as small ones"
)
_WELL_FORMED = re.compile(r"(?!u_)[a-z0-9](?:[a-z0-9._@-]*[a-z0-9])?")
_MAX_INPUT = 200
"""Maximum number of characters that are normalised, because normalising does not take linear time."""


def normalize(typed: str) -> str:
    """Return the stored spelling of a name: NFKC, case-folded, without surrounding white space."""
    return unicodedata.normalize("NFKC", typed[:_MAX_INPUT]).casefold().strip()


def is_well_formed(name: str) -> bool:
    """Return whether a normalised name is valid by ``RULE``. Ids of users begin with ``u_``."""
    return len(name) <= MAX_LENGTH and _WELL_FORMED.fullmatch(name) is not None
