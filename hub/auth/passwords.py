"""Passwords of local accounts: argon2id (RFC 9106), in the same time whether or not the account exists."""

from __future__ import annotations

import asyncio
import base64
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import ARGON2_VERSION

_HASHER = PasswordHasher()


def _dummy_hash(hasher: PasswordHasher) -> str:
    """Return a hash of no known password, whose verification takes as long as that of others.

    Salt and hash are random: to compute a hash would make each start of the hub a tenth of a second longer.
    """
    salt, value = (
        base64.b64encode(secrets.token_bytes(length)).decode().rstrip("=")
        for length in (hasher.salt_len, hasher.hash_len)
    )
    costs = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    return f"$argon2id$v={ARGON2_VERSION}${costs}${salt}${value}"


_DUMMY_HASH = _dummy_hash(_HASHER)

MIN_LENGTH = 12
"""The minimum length of a password (NIST SP 800-63B requires 8, and 15 without a second factor)."""


async def hash_password(password: str) -> str:
    """Return the hash with salt and parameters; takes about 50 ms in a thread."""
    return await asyncio.to_thread(_HASHER.hash, password)


async def is_correct(password_hash: str | None, password: str) -> bool:
    """Return whether ``password`` matches the hash; takes as long without a hash."""
    return await asyncio.to_thread(_verify, password_hash, password)


def needs_rehash(password_hash: str) -> bool:
    """Return whether the hash was made with weaker parameters than the current ones."""
    return _HASHER.check_needs_rehash(password_hash)


def _verify(password_hash: str | None, password: str) -> bool:
    try:
        matches = _HASHER.verify(password_hash or _DUMMY_HASH, password)
    except (VerificationError, InvalidHashError):
        return False
    return matches and password_hash is not None
