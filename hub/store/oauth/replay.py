"""The ids of used client assertions and DPoP proofs, so that none is accepted twice."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.tables.oauth import seen_once


async def record_first_use(db: AsyncConnection, hashed: bytes, expires_at: datetime) -> bool:
    """Record an id and return whether it is new; of several concurrent requests only one gets True."""
    seen = upsert(seen_once).values(hash=hashed, expires_at=expires_at).on_conflict_do_nothing()
    return (await db.execute(seen.returning(seen_once.c.hash))).first() is not None
