"""Random secrets and their hashes. Secrets of 256 random bits are stored as SHA-256, which cannot be reversed for them.

Passwords are not random enough for that; see ``hub.auth.passwords``.
"""

from __future__ import annotations

import hashlib
import secrets


def digest(*parts: str) -> bytes:
    """Return the SHA-256 by which a secret, or a tuple of ``parts``, is looked up; 32 bytes."""
    # A claim of a JWT may contain half of a surrogate pair, which is not valid UTF-8.
    return hashlib.sha256("\0".join(parts).encode(errors="surrogatepass")).digest()


def generate_secret() -> str:
    """Return a new secret of 256 random bits, in 43 URL-safe characters."""
    return secrets.token_urlsafe(32)


def generate_id(prefix: str) -> str:
    """Return a new id: a prefix such as ``c_`` and 22 random URL-safe characters.

    The prefix keeps the kinds of ids disjoint (RFC 9700).
    """
    return f"{prefix}_{secrets.token_urlsafe(16)}"
