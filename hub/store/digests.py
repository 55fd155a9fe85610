"""Secrets as they are kept: random ones by their SHA-256, which 256 random bits make irreversible.

Passwords are not random enough for that; they have a hash of their own in ``hub.auth.passwords``.
"""

from __future__ import annotations

import hashlib
import secrets


def digest(*parts: str) -> bytes:
    """The SHA-256 by which a secret, or what is made of several ``parts``, is found; 32 bytes."""
    # What a JWT says may hold half of a surrogate pair, which is no UTF-8.
    return hashlib.sha256("\0".join(parts).encode(errors="surrogatepass")).digest()


def fresh() -> str:
    """A new secret of 256 random bits, in 43 URL-safe characters."""
    return secrets.token_urlsafe(32)


def fresh_id(prefix: str) -> str:
    """A new id such as ``c_`` and 22 URL-safe random characters; the prefix keeps kinds of ids disjoint (RFC 9700)."""
    return f"{prefix}_{secrets.token_urlsafe(16)}"
