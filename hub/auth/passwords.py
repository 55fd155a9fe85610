"""Passwords of local accounts: argon2id (RFC 9106), with work that does not tell whether an account exists."""

from __future__ import annotations

import asyncio
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_HASHER = PasswordHasher()
_NOBODYS = _HASHER.hash(secrets.token_urlsafe(32))

SHORTEST = 12
"""Characters a password must have (NIST SP 800-63B asks for 8 at least, 15 where nothing else protects)."""


async def hash_password(password: str) -> str:
    """The hash to keep, with its salt and its parameters; takes some 50 ms of another thread."""
    return await asyncio.to_thread(_HASHER.hash, password)


async def is_right(password_hash: str | None, password: str) -> bool:
    """Whether ``password`` is the one that was hashed; as slow when there is none."""
    return await asyncio.to_thread(_verify, password_hash, password)


def is_dated(password_hash: str) -> bool:
    """Whether the hash was made with weaker parameters than are used now, and should be made again."""
    return _HASHER.check_needs_rehash(password_hash)


def _verify(password_hash: str | None, password: str) -> bool:
    try:
        right = _HASHER.verify(password_hash or _NOBODYS, password)
    except (VerificationError, InvalidHashError):
        return False
    return right and password_hash is not None
