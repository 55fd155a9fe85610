"""Recognises guessable secrets: with too little entropy, or well known."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from urllib.parse import parse_qs, unquote, urlsplit

MIN_BITS = 80
"""The minimum entropy of a key in bits; 32 random hexadecimal digits have about 110 by this measure."""
MIN_PASSWORD_LENGTH = 8
KNOWN_WORDS = (
    "changeme",
    "change-me",
    "change_me",
    "password",
    "secret",
    "example",
    "default",
    "postgres",
    "rahasia",
    "kunci",
)
"""Parts of secrets that appear in documentation and are often not replaced."""


def is_guessable(key: bytes) -> bool:
    """Return whether a key is weak: few different bytes, a repeated part, a sequence, or a known word."""
    return _bits(_repeated_part(key)) < MIN_BITS or _is_known(key.decode("ascii", "replace"))


def has_guessable_password(database_url: str) -> bool:
    """Return whether the database URL has a known or short password, or one equal to user or database."""
    parts = urlsplit(database_url)
    query = parse_qs(parts.query)
    password = unquote(parts.password or "") or query.get("password", [""])[0]
    if not password:
        # Certificates, sockets and password files need no password.
        return False
    names = {unquote(parts.username or ""), parts.path.strip("/"), parts.hostname, *query.get("user", [])}
    return (
        len(password) < MIN_PASSWORD_LENGTH or password in names or _is_known(password) or not _bits(password.encode())
    )


def _is_known(text: str) -> bool:
    return any(known in text.casefold() for known in KNOWN_WORDS)


def _repeated_part(key: bytes) -> bytes:
    """Return the shortest part whose repetition is the key."""
    sizes = (size for size in range(1, len(key)) if key[size:] == key[:-size])
    return key[: next(sizes, len(key))]


def _bits(key: bytes) -> float:
    """Return an upper bound of the entropy, from the frequencies of bytes and of differences between neighbours."""
    steps = [after - before for before, after in pairwise(key)]
    return min(_entropy(key), _entropy(steps)) * len(key)


def _entropy(symbols: Sequence[int]) -> float:
    """Return the Shannon entropy in bits per symbol."""
    counts = Counter(symbols).values()
    return -sum(count / len(symbols) * math.log2(count / len(symbols)) for count in counts)
