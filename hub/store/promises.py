"""What makes a repeat harmless: an idempotency key is taken in the transaction of the act it stands for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import orjson
from sqlalchemy import ColumnElement, and_, delete, func, select, text, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.sealing import Seal
from hub.store.tables import complaints, idempotency

T = TypeVar("T")

KEPT_DAYS = 30


@dataclass(frozen=True, slots=True)
class Done:
    """The act was done, now or when it was first asked for with this key."""

    complaint_id: int
    ticket: str


@dataclass(frozen=True, slots=True)
class KeyTaken:
    """The idempotency key was used before, for something else."""


@dataclass(frozen=True, slots=True)
class Promise:
    """What makes a repeat the same: who asks, what for, their key, and the input it was used with."""

    client: str
    operation: str
    key: str
    input: Mapping[str, Any]


async def promised(
    db: AsyncConnection, seal: Seal, promise: Promise | None, act: Callable[[], Awaitable[Done | T]]
) -> Done | KeyTaken | T:
    """Do ``act`` once for ``promise``; where it says anything but ``Done``, the key is free again."""
    before = await claim(db, seal, promise) if promise else None
    if before is not None:
        return before
    done = await act()
    if promise:
        await (fulfil(db, promise, done.complaint_id) if isinstance(done, Done) else release(db, promise))
    return done


async def claim(db: AsyncConnection, seal: Seal, promise: Promise) -> Done | KeyTaken | None:
    """Take the key for this transaction, or find what it was used for; waits for whoever is using it now."""
    told = orjson.dumps(dict(promise.input), option=orjson.OPT_SORT_KEYS, default=str).decode()
    fingerprint = seal.hash("input", told)
    place = {"client": promise.client, "operation": promise.operation, "key": promise.key}
    statement = postgresql.insert(idempotency).values(fingerprint=fingerprint, **place).on_conflict_do_nothing()
    # SQLAlchemy keeps no row count of an INSERT, so the row itself says whether it is new.
    if await db.scalar(statement.returning(idempotency.c.key)) is not None:
        return None
    row = (
        await db.execute(
            select(idempotency.c.fingerprint, complaints.c.id, complaints.c.ticket)
            .outerjoin(complaints, complaints.c.id == idempotency.c.complaint_id)
            .filter_by(**place)
        )
    ).one()
    return Done(row.id, row.ticket) if row.fingerprint == fingerprint else KeyTaken()


async def fulfil(db: AsyncConnection, promise: Promise, complaint_id: int) -> None:
    """Note which complaint the act was done to."""
    await db.execute(update(idempotency).where(_promised(promise)).values(complaint_id=complaint_id))


async def release(db: AsyncConnection, promise: Promise) -> None:
    """Nothing was done, so the key is free again: the same may be allowed later."""
    await db.execute(delete(idempotency).where(_promised(promise)))


async def expire(db: AsyncConnection) -> int:
    """Forget promises made more than ``KEPT_DAYS`` ago; returns how many."""
    old = idempotency.c.created_at < func.now() - text(f"interval '{KEPT_DAYS} days'")
    return (await db.execute(delete(idempotency).where(old))).rowcount


def _promised(promise: Promise) -> ColumnElement[bool]:
    return and_(
        idempotency.c.client == promise.client,
        idempotency.c.operation == promise.operation,
        idempotency.c.key == promise.key,
    )
