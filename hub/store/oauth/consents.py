"""Consents of users to clients, for the page where users see and revoke them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.oauth import grants, sessions
from hub.store.tables.oauth import clients, consents


@dataclass(frozen=True, slots=True)
class Consent:
    """The scopes that a user granted to one client."""

    client_id: str
    name: str
    organisation: str
    scopes: tuple[str, ...]
    granted_at: datetime


async def list_for_user(db: AsyncConnection, user_id: str) -> list[Consent]:
    """Return a user's consents, by the clients' names."""
    columns = (consents.c.client_id, clients.c.name, clients.c.organisation, consents.c.scopes, consents.c.granted_at)
    own = select(*columns).join(clients, clients.c.id == consents.c.client_id).where(consents.c.user_id == user_id)
    rows = (await db.execute(own.order_by(clients.c.name, clients.c.id))).mappings()
    return [Consent(**{**row, "scopes": tuple(row["scopes"])}) for row in rows]


async def revoke(db: AsyncConnection, user_id: str, client_id: str) -> bool:
    """Delete a consent and revoke everything that was granted with it; return whether there was one."""
    # The consent first: that waits for a transaction that is creating a grant with it, which is then revoked as well.
    known = await sessions.delete_consent(db, user_id, client_id)
    await grants.revoke_all(db, user_id, client_id)
    return known
