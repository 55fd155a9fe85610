"""OAuth clients: what a partner's or front-end's program is registered with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import CursorResult, Select, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.digests import digest, fresh
from hub.store.tables_auth import client_secrets, clients

EPOCH = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Client:
    """One client. ``secrets`` are the hashes of those it may use now; ``jwks`` a JWK Set of public keys.

    ``token_seconds`` is how long its access tokens live (None: the hub's own default); ``must_push``
    and ``must_bind`` hold it to pushed requests (RFC 9126) and to bound tokens (RFC 9449).
    """

    id: str
    name: str
    organisation: str
    auth_method: str
    grants: tuple[str, ...]
    scopes: tuple[str, ...]
    redirect_uris: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    jwks: dict[str, Any] | None = None
    jwks_uri: str | None = None
    must_push: bool = False
    must_bind: bool = False
    documents_only: bool = False
    token_seconds: int | None = None
    requests_per_minute: int = 600
    cost_per_minute: int = 100_000
    created_at: datetime = EPOCH
    suspended_at: datetime | None = None
    secrets: tuple[bytes, ...] = field(default=(), repr=False)

    @property
    def public(self) -> bool:
        """Whether it has no way to prove who it is."""
        return self.auth_method == "none"


WRITTEN = (
    *("id", "name", "organisation", "auth_method", "grants", "scopes", "redirect_uris", "origins", "jwks", "jwks_uri"),
    *("must_push", "must_bind", "documents_only", "token_seconds", "requests_per_minute", "cost_per_minute"),
)


async def get(db: AsyncConnection, client_id: str) -> Client | None:
    """The client, suspended or not."""
    row = (await db.execute(_select().where(clients.c.id == client_id))).mappings().one_or_none()
    return _client(dict(row)) if row else None


async def every(db: AsyncConnection) -> list[Client]:
    """All clients, the oldest first."""
    rows = (await db.execute(_select().order_by(clients.c.created_at, clients.c.id))).mappings()
    return [_client(dict(row)) for row in rows]


async def create(db: AsyncConnection, client: Client) -> None:
    """Register ``client``; raises ``IntegrityError`` when its id is taken."""
    await db.execute(insert(clients).values({name: _plain(getattr(client, name)) for name in WRITTEN}))


async def replace(db: AsyncConnection, client: Client) -> None:
    """Bring a registered client to what ``client`` says; its secrets and its suspension stay."""
    values = {name: _plain(getattr(client, name)) for name in WRITTEN if name != "id"}
    await db.execute(update(clients).where(clients.c.id == client.id).values(values))


async def new_secret(db: AsyncConnection, client_id: str, keep: timedelta = timedelta(0)) -> str:
    """A new secret; the ones before it may be used for ``keep`` longer. It is told once and kept as a hash."""
    until = func.now() + keep
    ending = update(client_secrets).where(client_secrets.c.client_id == client_id, _usable())
    await db.execute(ending.values(expires_at=func.least(func.coalesce(client_secrets.c.expires_at, until), until)))
    secret = fresh()
    await db.execute(insert(client_secrets).values(client_id=client_id, hash=digest(secret)))
    return secret


async def set_secret(db: AsyncConnection, client_id: str, secret: str) -> None:
    """Make ``secret`` usable, for demonstrations that keep the same one."""
    known = select(client_secrets.c.hash).where(client_secrets.c.hash == digest(secret))
    if not (await db.execute(known)).first():
        await db.execute(insert(client_secrets).values(client_id=client_id, hash=digest(secret)))


async def suspend(db: AsyncConnection, client_id: str) -> bool:
    """Refuse the client and every token it has, from now on; whether it exists."""
    done = update(clients).where(clients.c.id == client_id)
    return _found(await db.execute(done.values(suspended_at=func.coalesce(clients.c.suspended_at, func.now()))))


async def resume(db: AsyncConnection, client_id: str) -> bool:
    """Let a suspended client in again; whether it exists."""
    return _found(await db.execute(update(clients).where(clients.c.id == client_id).values(suspended_at=None)))


async def remove(db: AsyncConnection, client_id: str) -> bool:
    """Forget the client with its secrets, grants and consents; whether it existed."""
    return _found(await db.execute(delete(clients).where(clients.c.id == client_id)))


async def pin(db: AsyncConnection, client_id: str, *, documents_only: bool) -> bool:
    """Let the client send its registered operations only, or any; whether it exists."""
    done = update(clients).where(clients.c.id == client_id).values(documents_only=documents_only)
    return _found(await db.execute(done))


async def budget(db: AsyncConnection, client_id: str, changed: Mapping[str, int]) -> None:
    """Change ``requests_per_minute``, ``cost_per_minute`` or both."""
    await db.execute(update(clients).where(clients.c.id == client_id).values(dict(changed)))


def _select() -> Select[Any]:
    own = select(func.array_agg(client_secrets.c.hash)).where(client_secrets.c.client_id == clients.c.id, _usable())
    return select(clients, own.scalar_subquery().label("secrets"))


def _usable() -> Any:
    return or_(client_secrets.c.expires_at.is_(None), client_secrets.c.expires_at > func.now())


def _client(row: dict[str, Any]) -> Client:
    secrets = tuple(map(bytes, row.pop("secrets") or ()))
    values: dict[str, Any] = {name: tuple(held) if isinstance(held, list) else held for name, held in row.items()}
    return Client(**values, secrets=secrets)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _found(result: CursorResult[Any]) -> bool:
    return bool(result.rowcount)
