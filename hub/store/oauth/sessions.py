"""Sessions of the sign-in pages, and the consents of users."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.secret_hashes import digest
from hub.store.tables.oauth import consents, sessions


@dataclass(frozen=True, slots=True)
class Session:
    """One browser's session. ``user_id`` and ``signed_in_at`` are None until somebody has signed in."""

    user_id: str | None
    state: dict[str, Any]
    signed_in_at: datetime | None


async def create(
    db: AsyncConnection,
    secret: str,
    lifetime: timedelta,
    *,
    user_id: str | None = None,
    state: dict[str, Any] | None = None,
    signed_in: bool = True,
) -> None:
    """Store a session under ``secret``; with ``user_id`` for a user who signs in now.

    Without ``signed_in`` the user must still verify a second factor.
    """
    values = {"hash": digest(secret), "user_id": user_id, "state": state or {}}
    signed_in_at = func.now() if user_id and signed_in else None
    await db.execute(insert(sessions).values(**values, signed_in_at=signed_in_at, expires_at=func.now() + lifetime))


async def find(db: AsyncConnection, secret: str) -> Session | None:
    """Return the session; None if it is unknown or expired."""
    columns = (sessions.c.user_id, sessions.c.state, sessions.c.signed_in_at)
    found = select(*columns).where(sessions.c.hash == digest(secret), sessions.c.expires_at > func.now())
    row = (await db.execute(found)).mappings().one_or_none()
    return Session(**row) if row else None


async def save_state(db: AsyncConnection, secret: str, state: dict[str, Any]) -> None:
    """Replace the state of the session."""
    await db.execute(update(sessions).where(sessions.c.hash == digest(secret)).values(state=state))


async def delete_session(db: AsyncConnection, secret: str) -> None:
    """Delete the session."""
    await db.execute(delete(sessions).where(sessions.c.hash == digest(secret)))


async def consented_scopes(db: AsyncConnection, user_id: str, client_id: str) -> frozenset[str]:
    """Return the scopes that the user granted to the client; a revocation waits until this transaction ends."""
    statement = select(consents.c.scopes).where(consents.c.user_id == user_id, consents.c.client_id == client_id)
    return frozenset((await db.execute(statement.with_for_update())).scalar_one_or_none() or ())


async def add_consent(db: AsyncConnection, user_id: str, client_id: str, scopes: frozenset[str]) -> None:
    """Add scopes to the user's consent."""
    all_scopes = sorted(scopes | await consented_scopes(db, user_id, client_id))
    statement = upsert(consents).values(user_id=user_id, client_id=client_id, scopes=all_scopes)
    values = {"scopes": all_scopes, "granted_at": func.now()}
    await db.execute(statement.on_conflict_do_update(index_elements=["user_id", "client_id"], set_=values))


async def delete_consent(db: AsyncConnection, user_id: str, client_id: str) -> bool:
    """Delete a consent; return whether there was one. ``grants.revoke_all`` revokes the grants made with it."""
    statement = delete(consents).where(consents.c.user_id == user_id, consents.c.client_id == client_id)
    return bool((await db.execute(statement)).rowcount)
