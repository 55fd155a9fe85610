"""Creates citizens at their first sign-in through an external provider."""

from __future__ import annotations

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.oauth import users
from hub.store.oauth.users import User
from hub.store.secret_hashes import generate_id
from hub.store.tables.oauth import identities
from hub.store.tables.oauth import users as people


async def find_or_create_citizen(
    db: AsyncConnection, issuer: str, subject: str, scopes: tuple[str, ...]
) -> User | None:
    """Return the user with this identity; a citizen is created at the first sign-in.

    Of two concurrent first sign-ins the second waits for the first and gets the same citizen. A user of any kind that
    is linked to the identity is returned; None if the identity is suspended.
    """
    known = await users.by_identity(db, issuer, subject)
    if known:
        return known
    user_id = generate_id("u")
    await users.create(db, user_id, "CITIZEN", scopes=scopes)
    linked = upsert(identities).values(issuer=issuer, subject=subject, user_id=user_id).on_conflict_do_nothing()
    if not (await db.execute(linked.returning(identities.c.user_id))).first():
        await db.execute(delete(people).where(people.c.id == user_id))
    return await users.by_identity(db, issuer, subject)
