"""What may be used once only: ids of assertions and proofs, and authorization requests that were pushed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.digests import digest
from hub.store.tables_auth import pushed_requests, seen_once


async def first_time(db: AsyncConnection, hashed: bytes, expires_at: datetime) -> bool:
    """Whether this was never seen before; of several who ask at once, one is told so."""
    seen = upsert(seen_once).values(hash=hashed, expires_at=expires_at).on_conflict_do_nothing()
    return (await db.execute(seen.returning(seen_once.c.hash))).first() is not None


async def push(
    db: AsyncConnection, request_id: str, client_id: str, parameters: list[tuple[str, str]], life: timedelta
) -> None:
    """Keep an authorization request for ``life`` (RFC 9126)."""
    kept = [list(pair) for pair in parameters]
    values = {"hash": digest(request_id), "client_id": client_id, "parameters": kept}
    await db.execute(insert(pushed_requests).values(**values, expires_at=func.now() + life))


async def pushed(db: AsyncConnection, request_id: str, client_id: str) -> list[tuple[str, str]] | None:
    """The parameters this client pushed, while they can be used."""
    found = select(pushed_requests.c.parameters).where(*_open(request_id, client_id))
    held: list[Any] | None = (await db.execute(found)).scalar_one_or_none()
    return None if held is None else [(name, value) for name, value in held]


async def use_pushed(db: AsyncConnection, request_id: str, client_id: str) -> bool:
    """Use the request up; whether it could be used."""
    used = update(pushed_requests).where(*_open(request_id, client_id)).values(used_at=func.now())
    return bool((await db.execute(used)).rowcount)


def _open(request_id: str, client_id: str) -> tuple[Any, ...]:
    rows = pushed_requests.c
    return (
        rows.hash == digest(request_id),
        rows.client_id == client_id,
        rows.used_at.is_(None),
        rows.expires_at > func.now(),
    )
