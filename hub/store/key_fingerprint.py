"""The fingerprint of ``HUB_SECRET_KEY``, to detect another key, which would make every tracking code void."""

from __future__ import annotations

import hmac

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.tables.oauth import secret_fingerprint


def _hash(secret: bytes) -> bytes:
    return hmac.digest(secret, b"secret-key-fingerprint", "sha256")


async def matches(db: AsyncConnection, secret: bytes) -> bool | None:
    """Return whether the stored fingerprint is that of ``secret``; None without a stored one."""
    stored = await db.scalar(select(secret_fingerprint.c.hash))
    return None if stored is None else hmac.compare_digest(stored, _hash(secret))


async def store(db: AsyncConnection, secret: bytes) -> None:
    """Store the fingerprint of ``secret`` unless one is stored already."""
    await db.execute(insert(secret_fingerprint).values(single=True, hash=_hash(secret)).on_conflict_do_nothing())


async def replace(db: AsyncConnection, secret: bytes) -> None:
    """Replace the stored fingerprint by that of ``secret``."""
    fresh = insert(secret_fingerprint).values(single=True, hash=_hash(secret))
    values = {"hash": fresh.excluded.hash, "kept_at": func.now()}
    await db.execute(fresh.on_conflict_do_update(index_elements=["single"], set_=values))
