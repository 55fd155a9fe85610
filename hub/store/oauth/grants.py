"""Grants: one for each authorization, with the codes and refresh tokens issued from it, and revocations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Select, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.secret_hashes import digest
from hub.store.tables.oauth import authorization_codes as codes
from hub.store.tables.oauth import (
    grants,
    pushed_requests,
    refresh_tokens,
    revoked_tokens,
    seen_once,
    sessions,
    sign_in_attempts,
)


@dataclass(frozen=True, slots=True)
class GrantDetails:
    """The grant of a code or a refresh token. ``jkt`` is the thumbprint of the key it is bound to (RFC 9449)."""

    grant_id: UUID
    client_id: str
    user_id: str
    scopes: tuple[str, ...]
    resources: tuple[str, ...]
    jkt: str | None
    signed_in_at: datetime
    used: bool = False
    redirect_uri: str = ""
    nonce: str | None = None
    challenge: str = ""


async def open_grant(db: AsyncConnection, client_id: str, user_id: str, lifetime: timedelta) -> UUID:
    """Create a grant that ends after ``life``; return its id."""
    grant_id = uuid4()
    values = {"id": grant_id, "client_id": client_id, "user_id": user_id}
    await db.execute(insert(grants).values(**values, expires_at=func.now() + lifetime))
    return grant_id


async def save_code(db: AsyncConnection, code: str, granted: GrantDetails, lifetime: timedelta) -> None:
    """Store an authorization code that is valid for ``life``."""
    extra = {"redirect_uri": granted.redirect_uri, "nonce": granted.nonce, "challenge": granted.challenge}
    values = _columns(granted) | extra
    await db.execute(insert(codes).values(**values, hash=digest(code), expires_at=func.now() + lifetime))


async def redeem_code(db: AsyncConnection, code: str) -> GrantDetails | None:
    """Redeem a code and return its grant, with ``used`` if it was used before; None if it is unknown or expired.

    Of several concurrent requests only the first gets it unused, because the others wait for the lock of its row.
    """
    row = await _lock_row(db, codes, code)
    if row is None or (row["expires_at"] <= row["now"] and not row["used_at"]):
        return None
    if not row["used_at"]:
        await db.execute(update(codes).where(codes.c.hash == digest(code)).values(used_at=func.now()))
    extra = {name: row[name] for name in ("redirect_uri", "nonce", "challenge")}
    return _from_row(row, **extra)


async def save_refresh_token(db: AsyncConnection, token: str, granted: GrantDetails, lifetime: timedelta) -> None:
    """Store a refresh token, which expires when it is not used for ``life``, or when its grant ends."""
    ends = select(func.least(grants.c.expires_at, func.now() + lifetime)).where(grants.c.id == granted.grant_id)
    values = _columns(granted) | {"hash": digest(token)}
    await db.execute(insert(refresh_tokens).values(**values, expires_at=ends.scalar_subquery()))


async def find_refresh_token(db: AsyncConnection, token: str) -> GrantDetails | None:
    """Return the grant of a refresh token, and lock the token; ``used`` if it was replaced before."""
    row = await _lock_row(db, refresh_tokens, token)
    if row is None or (row["expires_at"] <= row["now"] and not row["used_at"]):
        return None
    return _from_row(row)


async def mark_refresh_token_used(db: AsyncConnection, token: str) -> None:
    """Mark a refresh token as used."""
    this_token = refresh_tokens.c.hash == digest(token)
    await db.execute(update(refresh_tokens).where(this_token).values(used_at=func.now()))


async def extend_refresh_token(db: AsyncConnection, token: str, lifetime: timedelta) -> None:
    """Extend a refresh token that is not rotated by ``life`` from now, within its grant."""
    ends = select(func.least(grants.c.expires_at, func.now() + lifetime)).where(
        grants.c.id == refresh_tokens.c.grant_id
    )
    this_token = refresh_tokens.c.hash == digest(token)
    await db.execute(update(refresh_tokens).where(this_token).values(expires_at=ends.scalar_subquery()))


async def revoke(db: AsyncConnection, grant_id: UUID) -> None:
    """Revoke a grant with everything issued from it."""
    await _revoke(db, grants.c.id == grant_id)


async def revoke_all(db: AsyncConnection, user_id: str, client_id: str | None = None) -> None:
    """Revoke a user's grants, of one client or of all."""
    own = [grants.c.user_id == user_id]
    await _revoke(db, *own, *([grants.c.client_id == client_id] if client_id else []))


async def revoke_token(db: AsyncConnection, jti: str, expires_at: datetime) -> None:
    """Revoke one access token; its id is stored until it would have expired."""
    await db.execute(upsert(revoked_tokens).values(jti=jti, expires_at=expires_at).on_conflict_do_nothing())


async def is_revoked(db: AsyncConnection, jti: str, grant_id: UUID | None) -> bool:
    """Return whether an access token was revoked, itself or with its grant."""
    if (await db.execute(select(revoked_tokens.c.jti).where(revoked_tokens.c.jti == jti))).first():
        return True
    if grant_id is None:
        return False
    active_grant = select(grants.c.id).where(grants.c.id == grant_id, grants.c.revoked_at.is_(None))
    return (await db.execute(active_grant)).first() is None


async def expire(db: AsyncConnection) -> int:
    """Delete expired rows; return how many. A grant is deleted a day after its end."""
    deleted = 0
    for table in (seen_once, pushed_requests, revoked_tokens, sessions, sign_in_attempts):
        deleted += (await db.execute(delete(table).where(table.c.expires_at < func.now()))).rowcount
    # Used codes and refresh tokens are deleted with their grant: until then they are needed to detect a replay.
    ended = delete(grants).where(grants.c.expires_at < func.now() - timedelta(days=1))
    return deleted + (await db.execute(ended)).rowcount


async def _revoke(db: AsyncConnection, *which: Any) -> None:
    await db.execute(update(grants).where(*which, grants.c.revoked_at.is_(None)).values(revoked_at=func.now()))


async def _lock_row(db: AsyncConnection, table: Any, secret: str) -> Any:
    columns = (table, grants.c.client_id, grants.c.user_id, func.now().label("now"))
    found: Select[Any] = select(*columns).join(grants, grants.c.id == table.c.grant_id)
    valid = found.where(table.c.hash == digest(secret), grants.c.revoked_at.is_(None), grants.c.expires_at > func.now())
    return (await db.execute(valid.with_for_update(of=table))).mappings().one_or_none()


def _columns(granted: GrantDetails) -> dict[str, Any]:
    return {
        "grant_id": granted.grant_id,
        "scopes": list(granted.scopes),
        "resources": list(granted.resources),
        "dpop_jkt": granted.jkt,
        "signed_in_at": granted.signed_in_at,
    }


def _from_row(row: Any, **extra: Any) -> GrantDetails:
    return GrantDetails(
        grant_id=row["grant_id"],
        client_id=row["client_id"],
        user_id=row["user_id"],
        scopes=tuple(row["scopes"]),
        resources=tuple(row["resources"]),
        jkt=row["dpop_jkt"],
        signed_in_at=row["signed_in_at"],
        used=row["used_at"] is not None,
        **extra,
    )
