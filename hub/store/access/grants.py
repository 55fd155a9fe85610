"""What was granted: one grant for each authorization, the codes and refresh tokens issued from it, what was revoked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Select, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.digests import digest
from hub.store.tables_auth import authorization_codes as codes
from hub.store.tables_auth import grants, pushed_requests, refresh_tokens, revoked_tokens, seen_once, sessions


@dataclass(frozen=True, slots=True)
class Granted:
    """What a code or a refresh token stands for. ``jkt`` is the thumbprint of the key it is bound to (RFC 9449)."""

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


async def open_grant(db: AsyncConnection, client_id: str, user_id: str, life: timedelta) -> UUID:
    """A new grant that ends after ``life``."""
    grant_id = uuid4()
    values = {"id": grant_id, "client_id": client_id, "user_id": user_id}
    await db.execute(insert(grants).values(**values, expires_at=func.now() + life))
    return grant_id


async def put_code(db: AsyncConnection, code: str, granted: Granted, life: timedelta) -> None:
    """Keep an authorization code for ``life``."""
    extra = {"redirect_uri": granted.redirect_uri, "nonce": granted.nonce, "challenge": granted.challenge}
    values = _common(granted) | extra
    await db.execute(insert(codes).values(**values, hash=digest(code), expires_at=func.now() + life))


async def take_code(db: AsyncConnection, code: str) -> Granted | None:
    """Use a code up: what it stands for, ``used`` when it had been used before; None when it is unknown or too old.

    Of several who come at once the first one has it unused: the others wait on its row.
    """
    row = await _locked(db, codes, code)
    if row is None or (row["expires_at"] <= row["now"] and not row["used_at"]):
        return None
    if not row["used_at"]:
        await db.execute(update(codes).where(codes.c.hash == digest(code)).values(used_at=func.now()))
    extra = {name: row[name] for name in ("redirect_uri", "nonce", "challenge")}
    return _granted(row, **extra)


async def put_refresh(db: AsyncConnection, token: str, granted: Granted, life: timedelta) -> None:
    """Keep a refresh token until ``life`` has passed without it being used, or its grant ends."""
    ends = select(func.least(grants.c.expires_at, func.now() + life)).where(grants.c.id == granted.grant_id)
    values = _common(granted) | {"hash": digest(token)}
    await db.execute(insert(refresh_tokens).values(**values, expires_at=ends.scalar_subquery()))


async def find_refresh(db: AsyncConnection, token: str) -> Granted | None:
    """What a refresh token stands for, locked until this transaction ends; ``used`` when it was replaced before."""
    row = await _locked(db, refresh_tokens, token)
    if row is None or (row["expires_at"] <= row["now"] and not row["used_at"]):
        return None
    return _granted(row)


async def use_refresh(db: AsyncConnection, token: str) -> None:
    """Use a refresh token up."""
    held = refresh_tokens.c.hash == digest(token)
    await db.execute(update(refresh_tokens).where(held).values(used_at=func.now()))


async def prolong_refresh(db: AsyncConnection, token: str, life: timedelta) -> None:
    """Let a refresh token that stays the same live for ``life`` again, within its grant."""
    ends = select(func.least(grants.c.expires_at, func.now() + life)).where(grants.c.id == refresh_tokens.c.grant_id)
    held = refresh_tokens.c.hash == digest(token)
    await db.execute(update(refresh_tokens).where(held).values(expires_at=ends.scalar_subquery()))


async def revoke(db: AsyncConnection, grant_id: UUID) -> None:
    """End a grant with everything issued from it."""
    await _revoke(db, grants.c.id == grant_id)


async def revoke_all(db: AsyncConnection, user_id: str, client_id: str | None = None) -> None:
    """End a user's grants, of one client or of all."""
    own = [grants.c.user_id == user_id]
    await _revoke(db, *own, *([grants.c.client_id == client_id] if client_id else []))


async def revoke_token(db: AsyncConnection, jti: str, expires_at: datetime) -> None:
    """Take one access token back; kept until it would have expired."""
    await db.execute(upsert(revoked_tokens).values(jti=jti, expires_at=expires_at).on_conflict_do_nothing())


async def is_revoked(db: AsyncConnection, jti: str, grant_id: UUID | None) -> bool:
    """Whether an access token was taken back, itself or with its grant."""
    if (await db.execute(select(revoked_tokens.c.jti).where(revoked_tokens.c.jti == jti))).first():
        return True
    if grant_id is None:
        return False
    held = select(grants.c.id).where(grants.c.id == grant_id, grants.c.revoked_at.is_(None))
    return (await db.execute(held)).first() is None


async def expire(db: AsyncConnection) -> int:
    """Drop what has expired and proves nothing any more; how many rows. A grant goes a day after its end."""
    gone = 0
    for table in (seen_once, pushed_requests, revoked_tokens, sessions):
        gone += (await db.execute(delete(table).where(table.c.expires_at < func.now()))).rowcount
    # Used codes and refresh tokens go with their grant only: until then they show a replay.
    ended = delete(grants).where(grants.c.expires_at < func.now() - timedelta(days=1))
    return gone + (await db.execute(ended)).rowcount


async def _revoke(db: AsyncConnection, *which: Any) -> None:
    await db.execute(update(grants).where(*which, grants.c.revoked_at.is_(None)).values(revoked_at=func.now()))


async def _locked(db: AsyncConnection, table: Any, secret: str) -> Any:
    columns = (table, grants.c.client_id, grants.c.user_id, func.now().label("now"))
    found: Select[Any] = select(*columns).join(grants, grants.c.id == table.c.grant_id)
    held = found.where(table.c.hash == digest(secret), grants.c.revoked_at.is_(None), grants.c.expires_at > func.now())
    return (await db.execute(held.with_for_update(of=table))).mappings().one_or_none()


def _common(granted: Granted) -> dict[str, Any]:
    return {
        "grant_id": granted.grant_id,
        "scopes": list(granted.scopes),
        "resources": list(granted.resources),
        "dpop_jkt": granted.jkt,
        "signed_in_at": granted.signed_in_at,
    }


def _granted(row: Any, **extra: Any) -> Granted:
    return Granted(
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
