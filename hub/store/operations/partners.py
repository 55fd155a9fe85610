"""What operators see of clients and officers besides their registration, for any number of them at once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

USED_HOURS = 24


@dataclass(frozen=True, slots=True)
class ClientFigures:
    """The last token of a client, its registered documents, and its use in the last ``USED_HOURS``."""

    last_token_at: datetime | None
    documents: int
    requests: int
    cost: int


@dataclass(frozen=True, slots=True)
class UserFigures:
    """The last sign-in of an officer, and how many sessions and grants are open."""

    last_sign_in_at: datetime | None
    sessions: int
    grants: int


_CLIENTS = """
select n.id, t.at as last_token_at, coalesce(d.documents, 0) as documents,
       coalesce(u.requests, 0)::bigint as requests, coalesce(u.cost, 0)::bigint as cost
from unnest(cast(:ids as text[])) as n(id)
left join client_tokens t on t.client_id = n.id
left join (select client_id, count(*) as documents from documents group by client_id) d on d.client_id = n.id
left join (select subject, sum(number) filter (where event = 'CLIENT_OPERATION') as requests,
                  sum(number) filter (where event = 'CLIENT_COST') as cost
           from event_counts where event in ('CLIENT_OPERATION', 'CLIENT_COST')
           and minute > now() - make_interval(hours => :hours) group by subject) u on u.subject = n.id
"""
_USERS = """
select n.id, a.at as last_sign_in_at,
       (select count(*) from sessions s where s.user_id = n.id and s.signed_in_at is not null and s.expires_at > now())
           as sessions,
       (select count(*) from grants g where g.user_id = n.id and g.revoked_at is null and g.expires_at > now())
           as grants
from unnest(cast(:ids as text[])) as n(id)
left join lateral (select at from audit_events where subject = 'user:' || n.id and action = 'sign-in' and not refused
                   order by at desc, id desc limit 1) a on true
"""


async def of_clients(db: AsyncConnection, ids: Collection[str]) -> dict[str, ClientFigures]:
    """Return the figures of each client."""
    rows = await db.execute(text(_CLIENTS), {"ids": list(ids), "hours": USED_HOURS})
    return {row.id: ClientFigures(row.last_token_at, row.documents, row.requests, row.cost) for row in rows}


async def of_users(db: AsyncConnection, ids: Collection[str]) -> dict[str, UserFigures]:
    """Return the figures of each officer."""
    rows = await db.execute(text(_USERS), {"ids": list(ids)})
    return {row.id: UserFigures(row.last_sign_in_at, row.sessions, row.grants) for row in rows}
