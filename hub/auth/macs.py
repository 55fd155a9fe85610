"""Message authentication codes for values that pass through a browser."""

from __future__ import annotations

import hmac


def mac(secret: bytes, purpose: str, *parts: str) -> str:
    """Return the HMAC-SHA256 of ``parts`` for one ``purpose``, in hexadecimal; a part may contain any character."""
    framed = "".join(f"{len(part)}:{part}" for part in (purpose, *parts))
    return hmac.digest(secret, framed.encode("utf-8", "surrogatepass"), "sha256").hex()


def is_valid_mac(code: str, secret: bytes, purpose: str, *parts: str) -> bool:
    """Return whether ``code`` is that code; compares in constant time."""
    return hmac.compare_digest(code.encode("utf-8", "surrogatepass"), mac(secret, purpose, *parts).encode())
