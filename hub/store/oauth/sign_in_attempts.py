"""Limits attempts to guess a secret, by lane: a keyed hash of a name and a device or network.

An attacker on another device or network has another lane, so that their failures lock nobody else out.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import case, delete, func, literal
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.tables.oauth import sign_in_attempts as attempts

FREE_FAILURES = 4
"""Number of consecutive failures before the next attempt has to wait."""
LONGEST_WAIT = 300
"""Maximum wait in seconds."""
KEPT = timedelta(days=1)
"""How long failures are stored after the last one."""


async def record_attempt(db: AsyncConnection, lane: bytes) -> bool:
    """Count one attempt; return False, without counting it, if the lane has to wait.

    An attempt counts as a failure until ``reset``, so that concurrent attempts allow no more guesses than sequential
    ones. After ``FREE_FAILURES`` each failure doubles the wait.
    """
    mine = attempts.c
    failures = case((mine.expires_at <= func.now(), 1), else_=mine.failures + 1)
    seconds = func.least(func.power(2, func.least(failures, 30) - FREE_FAILURES - 1), LONGEST_WAIT)
    until = case((failures > FREE_FAILURES, func.now() + seconds * literal(timedelta(seconds=1))))
    first = upsert(attempts).values(lane=lane, failures=1, expires_at=func.now() + KEPT)
    counted = first.on_conflict_do_update(
        index_elements=["lane"],
        set_={"failures": failures, "locked_until": until, "expires_at": func.now() + KEPT},
        where=mine.locked_until.is_(None) | (mine.locked_until <= func.now()),
    )
    return (await db.execute(counted.returning(mine.lane))).first() is not None


async def reset(db: AsyncConnection, lane: bytes) -> None:
    """Delete the failures of a lane after a successful attempt."""
    await db.execute(delete(attempts).where(attempts.c.lane == lane))
