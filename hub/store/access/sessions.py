"""Sessions of the sign-in pages, and what users have consented to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.digests import digest
from hub.store.tables_auth import consents, sessions


@dataclass(frozen=True, slots=True)
class Session:
    """One browser's session. ``user_id`` and ``signed_in_at`` are None until somebody has signed in."""

    user_id: str | None
    state: dict[str, Any]
    signed_in_at: datetime | None


async def begin(
    db: AsyncConnection,
    secret: str,
    life: timedelta,
    *,
    user_id: str | None = None,
    state: dict[str, Any] | None = None,
) -> None:
    """Keep a session under ``secret``; with ``user_id``, of somebody who signs in at this moment."""
    values = {"hash": digest(secret), "user_id": user_id, "state": state or {}}
    signed_in_at = func.now() if user_id else None
    await db.execute(insert(sessions).values(**values, signed_in_at=signed_in_at, expires_at=func.now() + life))


async def find(db: AsyncConnection, secret: str) -> Session | None:
    """The session, while it lasts."""
    columns = (sessions.c.user_id, sessions.c.state, sessions.c.signed_in_at)
    found = select(*columns).where(sessions.c.hash == digest(secret), sessions.c.expires_at > func.now())
    row = (await db.execute(found)).mappings().one_or_none()
    return Session(**row) if row else None


async def keep(db: AsyncConnection, secret: str, state: dict[str, Any]) -> None:
    """Replace what the session remembers."""
    await db.execute(update(sessions).where(sessions.c.hash == digest(secret)).values(state=state))


async def end(db: AsyncConnection, secret: str) -> None:
    """End the session."""
    await db.execute(delete(sessions).where(sessions.c.hash == digest(secret)))


async def consented(db: AsyncConnection, user_id: str, client_id: str) -> frozenset[str]:
    """The scopes the user let the client have. Taking them back waits until this transaction ends."""
    held = select(consents.c.scopes).where(consents.c.user_id == user_id, consents.c.client_id == client_id)
    return frozenset((await db.execute(held.with_for_update())).scalar_one_or_none() or ())


async def consent(db: AsyncConnection, user_id: str, client_id: str, scopes: frozenset[str]) -> None:
    """Remember a consent, besides those given before."""
    together = sorted(scopes | await consented(db, user_id, client_id))
    given = upsert(consents).values(user_id=user_id, client_id=client_id, scopes=together)
    again = {"scopes": together, "granted_at": func.now()}
    await db.execute(given.on_conflict_do_update(index_elements=["user_id", "client_id"], set_=again))


async def withdraw(db: AsyncConnection, user_id: str, client_id: str) -> bool:
    """Forget a consent; whether there was one. The grants made with it are ended by ``grants.revoke_all``."""
    gone = delete(consents).where(consents.c.user_id == user_id, consents.c.client_id == client_id)
    return bool((await db.execute(gone)).rowcount)
