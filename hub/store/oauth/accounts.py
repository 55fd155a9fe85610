"""What holds access to a user's account: applications and browser sessions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.secret_hashes import digest
from hub.store.tables.oauth import sessions


@dataclass(frozen=True, slots=True)
class Application:
    """A client that the user consented to, and when it last got a token for the user; None if it never did."""

    client_id: str
    name: str
    organisation: str
    scopes: tuple[str, ...]
    granted_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A browser session; its id is no secret."""

    id: str
    started_at: datetime
    expires_at: datetime


_APPLICATIONS = """
select c.id, c.name, c.organisation, n.scopes, n.granted_at,
       (select max(greatest(g.created_at, t.issued_at)) from grants g left join refresh_tokens t on t.grant_id = g.id
        where g.user_id = n.user_id and g.client_id = n.client_id and g.revoked_at is null) as last_used_at
from consents n join clients c on c.id = n.client_id where n.user_id = :user order by c.name, c.id
"""


def _public(hashed: ColumnElement[bytes]) -> ColumnElement[str]:
    return func.substr(func.encode(func.sha256(hashed), "hex"), 1, 16)


async def applications(db: AsyncConnection, user_id: str) -> list[Application]:
    """Return the applications that hold access, by name."""
    rows = await db.execute(text(_APPLICATIONS), {"user": user_id})
    return [Application(row.id, row.name, row.organisation, tuple(row.scopes), *row[4:]) for row in rows]


async def open_sessions(db: AsyncConnection, user_id: str) -> list[OpenSession]:
    """Return the sessions in which the user is signed in, the latest first."""
    c = sessions.c
    signed_in = c.user_id == user_id, c.signed_in_at.is_not(None), c.expires_at > func.now()
    statement = select(_public(c.hash), c.signed_in_at, c.expires_at).where(*signed_in)
    return [OpenSession(*row) for row in await db.execute(statement.order_by(c.signed_in_at.desc()))]


async def end_session(db: AsyncConnection, user_id: str, session_id: str) -> bool:
    """End one session of the user; return whether there was one."""
    which = sessions.c.user_id == user_id, _public(sessions.c.hash) == session_id
    return bool((await db.execute(delete(sessions).where(*which))).rowcount)


async def session_id(db: AsyncConnection, secret: str) -> str | None:
    """Return the id of the session with this secret; None if there is none."""
    found: str | None = await db.scalar(select(_public(sessions.c.hash)).where(sessions.c.hash == digest(secret)))
    return found
