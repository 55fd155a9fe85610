"""Pushed authorization requests (RFC 9126), each of which can be used once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.secret_hashes import digest
from hub.store.tables.oauth import pushed_requests

MAX_PER_CLIENT = 2_000
"""Maximum number of stored requests of one client; then the oldest are deleted. A public client does not authenticate,
so anybody could otherwise fill the disk."""


async def save(
    db: AsyncConnection, request_id: str, client_id: str, parameters: list[tuple[str, str]], lifetime: timedelta
) -> None:
    """Store an authorization request for ``life``; the client's oldest are deleted if there are too many."""
    pairs = [list(pair) for pair in parameters]
    values = {"hash": digest(request_id), "client_id": client_id, "parameters": pairs}
    await db.execute(insert(pushed_requests).values(**values, expires_at=func.now() + lifetime))
    rows = pushed_requests.c
    newest = select(rows.hash).where(rows.client_id == client_id).order_by(rows.expires_at.desc(), rows.hash)
    older = newest.offset(MAX_PER_CLIENT).with_for_update(skip_locked=True)
    await db.execute(delete(pushed_requests).where(rows.hash.in_(older.scalar_subquery())))


async def find_parameters(db: AsyncConnection, request_id: str, client_id: str) -> list[tuple[str, str]] | None:
    """Return the parameters that the client pushed; None if the request is unknown, expired or another client's."""
    found = select(pushed_requests.c.parameters).where(*_is_usable(request_id, client_id))
    pairs: list[Any] | None = (await db.execute(found)).scalar_one_or_none()
    return None if pairs is None else [(name, value) for name, value in pairs]


async def consume(db: AsyncConnection, request_id: str, client_id: str) -> bool:
    """Delete the request when it is used; return whether it was usable."""
    used = delete(pushed_requests).where(*_is_usable(request_id, client_id))
    return bool((await db.execute(used)).rowcount)


def _is_usable(request_id: str, client_id: str) -> tuple[Any, ...]:
    rows = pushed_requests.c
    return (
        rows.hash == digest(request_id),
        rows.client_id == client_id,
        rows.expires_at > func.now(),
    )
