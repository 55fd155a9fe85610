"""What users let clients do, for the page where they see it and take it back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.access import grants, sessions
from hub.store.tables_auth import clients, consents


@dataclass(frozen=True, slots=True)
class Consent:
    """One client that a user let have ``scopes``."""

    client_id: str
    name: str
    organisation: str
    scopes: tuple[str, ...]
    granted_at: datetime


async def of_user(db: AsyncConnection, user_id: str) -> list[Consent]:
    """A user's consents, by the clients' names."""
    columns = (consents.c.client_id, clients.c.name, clients.c.organisation, consents.c.scopes, consents.c.granted_at)
    own = select(*columns).join(clients, clients.c.id == consents.c.client_id).where(consents.c.user_id == user_id)
    rows = (await db.execute(own.order_by(clients.c.name, clients.c.id))).mappings()
    return [Consent(**{**row, "scopes": tuple(row["scopes"])}) for row in rows]


async def take_back(db: AsyncConnection, user_id: str, client_id: str) -> bool:
    """Forget a consent and end everything that was granted with it; whether there was one."""
    # First the consent: that waits for a grant which is just being made with it, and then ends it too.
    known = await sessions.withdraw(db, user_id, client_id)
    await grants.revoke_all(db, user_id, client_id)
    return known
