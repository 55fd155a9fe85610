"""Users: officers, with a password or an external identity, and citizens, with an external identity."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, delete, exists, func, insert, literal, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.oauth import grants, usernames
from hub.store.tables.oauth import auth_epoch, identities, outside_suspensions, second_factors, sessions, users


@dataclass(frozen=True, slots=True)
class User:
    """One user. ``kind`` is OFFICER or CITIZEN; an officer without ``agency_code`` belongs to the complaint desk.

    ``second_factor``: whether the user has one.
    """

    id: str
    username: str | None
    kind: str
    agency_code: str | None
    scopes: tuple[str, ...]
    password_hash: str | None = field(repr=False)
    created_at: datetime
    suspended_at: datetime | None
    second_factor: bool


_HAS_FACTOR = exists().where(second_factors.c.user_id == users.c.id).label("second_factor")
_USERS = select(users, _HAS_FACTOR)


async def get(db: AsyncConnection, user_id: str) -> User | None:
    """Return the user, even if suspended."""
    return _user((await db.execute(_USERS.where(users.c.id == user_id))).mappings().one_or_none())


async def by_name(db: AsyncConnection, username: str) -> User | None:
    """Return the user with this username, in any spelling, even if suspended."""
    named = _USERS.where(users.c.username == usernames.normalize(username))
    return _user((await db.execute(named)).mappings().one_or_none())


async def by_identity(db: AsyncConnection, issuer: str, subject: str) -> User | None:
    """Return the user with this identity, even if suspended; None if the identity is suspended."""
    found = _USERS.join(identities, identities.c.user_id == users.c.id)
    named = identities.c.issuer == issuer, identities.c.subject == subject
    known = found.where(*named, identities.c.suspended_at.is_(None))
    return _user((await db.execute(known)).mappings().one_or_none())


async def list_all(db: AsyncConnection) -> list[User]:
    """Return all users, the oldest first."""
    rows = (await db.execute(_USERS.order_by(users.c.created_at, users.c.id))).mappings()
    return [user for user in map(_user, rows) if user]


async def list_officers(db: AsyncConnection) -> list[User]:
    """Return all officers, the oldest first."""
    statement = _USERS.where(users.c.kind == "OFFICER").order_by(users.c.created_at, users.c.id)
    return [user for user in map(_user, (await db.execute(statement)).mappings()) if user]


async def suspended_names(db: AsyncConnection) -> frozenset[str]:
    """Return the names of suspended viewers: ids of users, and ``client:`` with clients of external issuers."""
    outside = select(literal("client:") + outside_suspensions.c.partner)
    found = await db.execute(select(users.c.id).where(users.c.suspended_at.is_not(None)).union_all(outside))
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
    """Add a user; raises ``IntegrityError`` if the username is in use or the agency is unknown."""
    username = username and usernames.normalize(username)
    values = {"id": user_id, "kind": kind, "username": username, "agency_code": agency_code}
    await db.execute(insert(users).values(**values, scopes=list(scopes), password_hash=password_hash))


async def link(db: AsyncConnection, user_id: str, issuer: str, subject: str) -> None:
    """Link the user to an external identity, and unlink the user who had it before.

    The former user loses all access, because it is not known what was granted with that identity.
    """
    before = await by_identity(db, issuer, subject)
    if before and before.id != user_id:
        await end_access(db, before.id)
    linked = upsert(identities).values(issuer=issuer, subject=subject, user_id=user_id)
    await db.execute(linked.on_conflict_do_update(index_elements=["issuer", "subject"], set_={"user_id": user_id}))
    # Caches may still map tokens of that identity to the former user.
    await db.execute(update(auth_epoch).values(number=auth_epoch.c.number + 1))


async def set_password(db: AsyncConnection, user_id: str, password_hash: str) -> None:
    """Replace the password, and end all access that may have been obtained with the old one."""
    await db.execute(update(users).where(users.c.id == user_id).values(password_hash=password_hash))
    await end_access(db, user_id)


async def rehash_password(db: AsyncConnection, user_id: str, old: str, new: str) -> None:
    """Store the same password with stronger hash parameters, unless it was replaced meanwhile."""
    same = update(users).where(users.c.id == user_id, users.c.password_hash == old)
    await db.execute(same.values(password_hash=new))


async def end_access(db: AsyncConnection, user_id: str) -> None:
    """End the user's sessions and grants, with every code, refresh token and access token issued from these."""
    await db.execute(delete(sessions).where(sessions.c.user_id == user_id))
    await grants.revoke_all(db, user_id)


async def set_scopes(db: AsyncConnection, user_id: str, scopes: tuple[str, ...]) -> None:
    """Replace the scopes that the user may have."""
    await db.execute(update(users).where(users.c.id == user_id).values(scopes=list(scopes)))


async def rename(db: AsyncConnection, user_id: str, username: str) -> None:
    """Change the username; raises ``IntegrityError`` if it is in use."""
    named = update(users).where(users.c.id == user_id).values(username=usernames.normalize(username))
    await db.execute(named)


async def suspend(db: AsyncConnection, user_id: str) -> bool:
    """Suspend the user, and end every session and token for good; return whether the user exists."""
    await end_access(db, user_id)
    done = update(users).where(users.c.id == user_id)
    return _any_affected(await db.execute(done.values(suspended_at=func.coalesce(users.c.suspended_at, func.now()))))


async def resume(db: AsyncConnection, user_id: str) -> bool:
    """End the suspension of a user; return whether the user exists."""
    return _any_affected(await db.execute(update(users).where(users.c.id == user_id).values(suspended_at=None)))


def _user(row: Any) -> User | None:
    return User(**{**row, "scopes": tuple(row["scopes"])}) if row else None


def _any_affected(result: CursorResult[Any]) -> bool:
    return bool(result.rowcount)
