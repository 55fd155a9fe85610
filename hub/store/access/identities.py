"""Who signs in: outside identities that are new here, and attempts with a password."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import case, delete, func, literal, or_, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.access import users
from hub.store.access.users import User
from hub.store.digests import fresh_id
from hub.store.tables_auth import identities
from hub.store.tables_auth import users as people

FREE = 4
"""Wrong passwords in a row before the next attempt has to wait."""
LONGEST_WAIT = 300
"""Seconds; longer, and a stranger could keep an officer from signing in."""


async def citizen(db: AsyncConnection, issuer: str, subject: str, scopes: tuple[str, ...]) -> User:
    """The citizen whom ``issuer`` knows as ``subject``, made at the first sign-in.

    Of two first sign-ins at once the second waits for the first and gets the same citizen. Whoever
    is linked to that identity is returned, of whatever kind.
    """
    known = await users.by_identity(db, issuer, subject)
    if known:
        return known
    user_id = fresh_id("u")
    await users.create(db, user_id, "CITIZEN", scopes=scopes)
    linked = upsert(identities).values(issuer=issuer, subject=subject, user_id=user_id).on_conflict_do_nothing()
    if not (await db.execute(linked.returning(identities.c.user_id))).first():
        await db.execute(delete(people).where(people.c.id == user_id))
    found = await users.by_identity(db, issuer, subject)
    assert found
    return found


async def attempt(db: AsyncConnection, username: str) -> User | None:
    """Count one attempt to sign in as ``username``; None when there is nobody or they have to wait.

    It counts as a failure until ``succeeded``, so that many at once are no more guesses than one
    after another. After a few failures each one doubles the wait.
    """
    failures = people.c.failures + 1
    seconds = func.least(func.power(2, func.least(failures, 30) - FREE - 1), LONGEST_WAIT)
    free = or_(people.c.locked_until.is_(None), people.c.locked_until <= func.now())
    counted = update(people).where(people.c.username == username, people.c.suspended_at.is_(None), free)
    until = case((failures > FREE, func.now() + seconds * literal(timedelta(seconds=1))))
    done = counted.values(failures=failures, locked_until=until).returning(people.c.id)
    user_id = (await db.execute(done)).scalar_one_or_none()
    return await users.get(db, user_id) if user_id else None


async def succeeded(db: AsyncConnection, user_id: str) -> None:
    """Forget the failures: the password was right."""
    await db.execute(update(people).where(people.c.id == user_id).values(failures=0, locked_until=None))
