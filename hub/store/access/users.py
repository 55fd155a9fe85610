"""People who sign in: officers with an account of their own or an outside identity, citizens with the latter."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.tables_auth import auth_epoch, identities, sessions, users


@dataclass(frozen=True, slots=True)
class User:
    """One person. ``kind`` is OFFICER or CITIZEN; an officer without ``agency_code`` belongs to the complaint desk."""

    id: str
    username: str | None
    kind: str
    agency_code: str | None
    scopes: tuple[str, ...]
    password_hash: str | None = field(repr=False)
    failures: int
    locked_until: datetime | None
    created_at: datetime
    suspended_at: datetime | None


async def get(db: AsyncConnection, user_id: str) -> User | None:
    """The user, suspended or not."""
    return _user((await db.execute(select(users).where(users.c.id == user_id))).mappings().one_or_none())


async def by_name(db: AsyncConnection, username: str) -> User | None:
    """The user who signs in as ``username``, suspended or not."""
    return _user((await db.execute(select(users).where(users.c.username == username))).mappings().one_or_none())


async def by_identity(db: AsyncConnection, issuer: str, subject: str) -> User | None:
    """The user whom ``issuer`` knows as ``subject``, suspended or not."""
    found = select(users).join(identities, identities.c.user_id == users.c.id)
    known = found.where(identities.c.issuer == issuer, identities.c.subject == subject)
    return _user((await db.execute(known)).mappings().one_or_none())


async def every(db: AsyncConnection) -> list[User]:
    """All users, the oldest first."""
    rows = (await db.execute(select(users).order_by(users.c.created_at, users.c.id))).mappings()
    return [user for user in map(_user, rows) if user]


async def suspended(db: AsyncConnection) -> frozenset[str]:
    """The ids of those who are suspended."""
    found = await db.execute(select(users.c.id).where(users.c.suspended_at.is_not(None)))
    return frozenset(found.scalars())


async def create(
    db: AsyncConnection,
    user_id: str,
    kind: str,
    *,
    username: str | None = None,
    agency_code: str | None = None,
    scopes: tuple[str, ...] = (),
    password_hash: str | None = None,
) -> None:
    """Add a user; raises ``IntegrityError`` when the name is taken or the agency unknown."""
    given = {"id": user_id, "kind": kind, "username": username, "agency_code": agency_code}
    await db.execute(insert(users).values(**given, scopes=list(scopes), password_hash=password_hash))


async def link(db: AsyncConnection, user_id: str, issuer: str, subject: str) -> None:
    """Let the user sign in through an outside issuer; who was linked to that identity before no longer is."""
    linked = upsert(identities).values(issuer=issuer, subject=subject, user_id=user_id)
    await db.execute(linked.on_conflict_do_update(index_elements=["issuer", "subject"], set_={"user_id": user_id}))
    # Tokens of that identity are remembered as somebody else's.
    await db.execute(update(auth_epoch).values(number=auth_epoch.c.number + 1))


async def set_password(db: AsyncConnection, user_id: str, password_hash: str) -> None:
    """Replace the password, lift a delay, and end every session that began with the old one."""
    values = {"password_hash": password_hash, "failures": 0, "locked_until": None}
    await db.execute(update(users).where(users.c.id == user_id).values(values))
    await db.execute(delete(sessions).where(sessions.c.user_id == user_id))


async def set_scopes(db: AsyncConnection, user_id: str, scopes: tuple[str, ...]) -> None:
    """Replace what the user may be granted."""
    await db.execute(update(users).where(users.c.id == user_id).values(scopes=list(scopes)))


async def suspend(db: AsyncConnection, user_id: str) -> bool:
    """Refuse the user and every token issued for them, from now on; whether they exist."""
    done = update(users).where(users.c.id == user_id)
    return _found(await db.execute(done.values(suspended_at=func.coalesce(users.c.suspended_at, func.now()))))


async def resume(db: AsyncConnection, user_id: str) -> bool:
    """Let a suspended user in again; whether they exist."""
    return _found(await db.execute(update(users).where(users.c.id == user_id).values(suspended_at=None)))


def _user(row: Any) -> User | None:
    return User(**{**row, "scopes": tuple(row["scopes"])}) if row else None


def _found(result: CursorResult[Any]) -> bool:
    return bool(result.rowcount)
