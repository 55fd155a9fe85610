"""Second factors of users: the encrypted secret of an authenticator app, and recovery codes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.secret_hashes import digest
from hub.store.tables.oauth import recovery_codes, second_factors

MAX_FAILURES = 50
"""Consecutive wrong codes after which only a recovery code is accepted (NIST SP 800-63B, 5.2.2, allows 100)."""


@dataclass(frozen=True, slots=True)
class Factor:
    """One user's authenticator app; ``step`` is the time step whose code was used last."""

    user_id: str
    ciphertext: bytes = field(repr=False)
    step: int
    failures: int


async def get(db: AsyncConnection, user_id: str) -> Factor | None:
    """Return the user's second factor; None without one."""
    columns = second_factors.c
    found = select(columns.user_id, columns.sealed, columns.step, columns.failures).where(columns.user_id == user_id)
    row = (await db.execute(found)).one_or_none()
    return Factor(*row) if row else None


async def save(db: AsyncConnection, user_id: str, ciphertext: bytes, step: int, recovery: Iterable[str]) -> None:
    """Store the user's second factor, of which the code of ``step`` was used, and the recovery codes."""
    values = {"sealed": ciphertext, "step": step, "failures": 0, "created_at": func.now()}
    added = upsert(second_factors).values(user_id=user_id, **values)
    await db.execute(added.on_conflict_do_update(index_elements=["user_id"], set_=values))
    await db.execute(delete(recovery_codes).where(recovery_codes.c.user_id == user_id))
    rows = [{"user_id": user_id, "hash": _hash(user_id, code)} for code in recovery]
    await db.execute(insert(recovery_codes), rows)


async def use_step(db: AsyncConnection, user_id: str, step: int) -> bool:
    """Mark the code of ``step`` as used.

    Return whether it is later than all earlier ones, so that none is used twice.
    """
    mine = second_factors.c
    used = update(second_factors).where(mine.user_id == user_id, mine.step < step, mine.failures < MAX_FAILURES)
    return _any_affected(await db.execute(used.values(step=step, failures=0)))


async def use_recovery(db: AsyncConnection, user_id: str, code: str) -> bool:
    """Delete a recovery code when it is used; return whether it was valid."""
    used = delete(recovery_codes).where(recovery_codes.c.hash == _hash(user_id, code))
    if not _any_affected(await db.execute(used)):
        return False
    await db.execute(update(second_factors).where(second_factors.c.user_id == user_id).values(failures=0))
    return True


async def record_failure(db: AsyncConnection, user_id: str) -> None:
    """Count a wrong code."""
    mine = second_factors.c
    await db.execute(update(second_factors).where(mine.user_id == user_id).values(failures=mine.failures + 1))


async def remaining(db: AsyncConnection, user_id: str) -> int:
    """Return how many recovery codes the user has left."""
    left = select(func.count()).where(recovery_codes.c.user_id == user_id)
    return int((await db.execute(left)).scalar_one())


async def remove(db: AsyncConnection, user_id: str) -> bool:
    """Delete the second factor and the recovery codes; return whether there was one."""
    return _any_affected(await db.execute(delete(second_factors).where(second_factors.c.user_id == user_id)))


def _hash(user_id: str, code: str) -> bytes:
    return digest("recovery", user_id, code)


def _any_affected(result: Any) -> bool:
    return bool(result.rowcount)
