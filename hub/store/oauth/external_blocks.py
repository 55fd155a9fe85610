"""Suspensions of single clients and identities of external issuers."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.oauth import users
from hub.store.tables.oauth import identities, outside_suspensions


async def suspend_client(db: AsyncConnection, partner: str) -> None:
    """Suspend the external client ``partner`` (issuer's name, colon, client id), so that its tokens are refused."""
    await db.execute(upsert(outside_suspensions).values(partner=partner).on_conflict_do_nothing())


async def resume_client(db: AsyncConnection, partner: str) -> bool:
    """End the suspension of an external client; return whether it was suspended."""
    gone = delete(outside_suspensions).where(outside_suspensions.c.partner == partner)
    return _any_affected(await db.execute(gone))


async def is_suspended(db: AsyncConnection, partner: str) -> bool:
    """Return whether the external client is suspended."""
    found = select(outside_suspensions.c.partner).where(outside_suspensions.c.partner == partner)
    return (await db.execute(found)).first() is not None


async def find_user_id(db: AsyncConnection, issuer: str, subject: str) -> str | None:
    """Return the id of the user with this identity, even if the identity is suspended."""
    user_id: str | None = await db.scalar(select(identities.c.user_id).where(*_is_identity(issuer, subject)))
    return user_id


async def suspend_identity(db: AsyncConnection, issuer: str, subject: str) -> None:
    """Suspend one linked identity, and end all access of its user."""
    since = func.coalesce(identities.c.suspended_at, func.now())
    await db.execute(update(identities).where(*_is_identity(issuer, subject)).values(suspended_at=since))
    # It is not known which sessions and tokens were obtained with which identity.
    if user_id := await find_user_id(db, issuer, subject):
        await users.end_access(db, user_id)


async def resume_identity(db: AsyncConnection, issuer: str, subject: str) -> None:
    """End the suspension of an identity."""
    await db.execute(update(identities).where(*_is_identity(issuer, subject)).values(suspended_at=None))


def _is_identity(issuer: str, subject: str) -> tuple[Any, ...]:
    return identities.c.issuer == issuer, identities.c.subject == subject


def _any_affected(result: Any) -> bool:
    return bool(result.rowcount)
