"""Idempotency keys: a key is acquired in the transaction of the operation, so that a repeat changes nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import orjson
from sqlalchemy import ColumnElement, and_, delete, func, select, text, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.encryption import FieldCipher
from hub.store.tables import complaints, idempotency

T = TypeVar("T")

KEPT_DAYS = 30


@dataclass(frozen=True, slots=True)
class Completed:
    """The operation is completed, now or by an earlier request with the same key."""

    complaint_id: int
    ticket: str


@dataclass(frozen=True, slots=True)
class KeyConflict:
    """The idempotency key was used before with another input."""


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """An idempotency key: the client, the operation, the key itself, and the input that it is used with."""

    client: str
    operation: str
    key: str
    input: Mapping[str, Any]


async def run_once(
    db: AsyncConnection,
    cipher: FieldCipher,
    key: IdempotencyKey | None,
    operation: Callable[[], Awaitable[Completed | T]],
) -> Completed | KeyConflict | T:
    """Run ``operation`` once for ``key`` and return its result; any result but ``Completed`` releases the key."""
    earlier = await acquire(db, cipher, key) if key else None
    if earlier is not None:
        return earlier
    result = await operation()
    if key:
        await (complete(db, key, result.complaint_id) if isinstance(result, Completed) else release(db, key))
    return result


async def acquire(db: AsyncConnection, cipher: FieldCipher, key: IdempotencyKey) -> Completed | KeyConflict | None:
    """Acquire the key for this transaction and return None, or return the result of its earlier use.

    Waits for another transaction that is using the key.
    """
    serialized = orjson.dumps(dict(key.input), option=orjson.OPT_SORT_KEYS, default=str).decode()
    fingerprint = cipher.hash("input", serialized)
    columns = {"client": key.client, "operation": key.operation, "key": key.key}
    statement = postgresql.insert(idempotency).values(fingerprint=fingerprint, **columns).on_conflict_do_nothing()
    # SQLAlchemy has no row count of an INSERT, so the returned row shows whether it is new.
    if await db.scalar(statement.returning(idempotency.c.key)) is not None:
        return None
    row = (
        await db.execute(
            select(idempotency.c.fingerprint, complaints.c.id, complaints.c.ticket)
            .outerjoin(complaints, complaints.c.id == idempotency.c.complaint_id)
            .filter_by(**columns)
        )
    ).one()
    return Completed(row.id, row.ticket) if row.fingerprint == fingerprint else KeyConflict()


async def complete(db: AsyncConnection, key: IdempotencyKey, complaint_id: int) -> None:
    """Store the complaint of the completed operation."""
    await db.execute(update(idempotency).where(_matches(key)).values(complaint_id=complaint_id))


async def release(db: AsyncConnection, key: IdempotencyKey) -> None:
    """Release the key after an operation that changed nothing, so that it can be used again."""
    await db.execute(delete(idempotency).where(_matches(key)))


async def expire(db: AsyncConnection) -> int:
    """Delete keys older than ``KEPT_DAYS``; return how many."""
    old = idempotency.c.created_at < func.now() - text(f"interval '{KEPT_DAYS} days'")
    return (await db.execute(delete(idempotency).where(old))).rowcount


def _matches(key: IdempotencyKey) -> ColumnElement[bool]:
    return and_(
        idempotency.c.client == key.client,
        idempotency.c.operation == key.operation,
        idempotency.c.key == key.key,
    )
