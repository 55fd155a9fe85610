"""OAuth clients: the programs of partners and front ends, as they are registered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import CursorResult, Select, delete, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.errors import BadSetting
from hub.store.secret_hashes import digest, generate_secret
from hub.store.tables.oauth import client_secrets, clients, deleted_clients
from hub.store.tables.operations import client_tokens
from hub.viewer import Viewer, ViewerKind

EPOCH = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Client:
    """One client. ``secrets`` are the hashes of its usable secrets; ``jwks`` is a JWK Set of public keys.

    ``token_seconds`` is the lifetime of its access tokens (None: the hub's default). ``must_push`` and ``must_bind``
    require pushed authorization requests (RFC 9126) and DPoP-bound tokens (RFC 9449). ``channels`` are the channels by
    which it may submit complaints; empty means any. ``merchants`` are those whose payments it may see in its own name;
    empty means none. ``documents_only`` restricts it to persisted operations.
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
    channels: tuple[str, ...] = ()
    merchants: tuple[str, ...] = ()
    documents_only: bool = False
    token_seconds: int | None = None
    requests_per_minute: int = 600
    cost_per_minute: int = 100_000
    created_at: datetime = EPOCH
    suspended_at: datetime | None = None
    secrets: tuple[bytes, ...] = field(default=(), repr=False)

    @property
    def public(self) -> bool:
        """Whether it cannot authenticate."""
        return self.auth_method == "none"


def own_viewer(client: Client, scopes: frozenset[str]) -> Viewer:
    """Return the viewer that a client is in its own name, with these ``scopes``."""
    merchants = frozenset(client.merchants)
    return Viewer(
        ViewerKind.PARTNER, f"client:{client.id}", scopes, client.id, merchants=merchants, channels=client.channels
    )


COLUMNS = (
    *("id", "name", "organisation", "auth_method", "grants", "scopes", "redirect_uris", "origins", "jwks", "jwks_uri"),
    *(
        "must_push",
        "must_bind",
        "channels",
        "merchants",
        "documents_only",
        "token_seconds",
        "requests_per_minute",
        "cost_per_minute",
    ),
)


async def get(db: AsyncConnection, client_id: str) -> Client | None:
    """Return the client, even if it is suspended."""
    row = (await db.execute(_select().where(clients.c.id == client_id))).mappings().one_or_none()
    return _client(dict(row)) if row else None


async def list_all(db: AsyncConnection) -> list[Client]:
    """Return all clients, the oldest first."""
    rows = (await db.execute(_select().order_by(clients.c.created_at, clients.c.id))).mappings()
    return [_client(dict(row)) for row in rows]


async def create(db: AsyncConnection, client: Client) -> None:
    """Register ``client``.

    Raises ``IntegrityError`` if its id is in use, and ``BadSetting`` if a deleted client had it.
    """
    if await db.scalar(select(deleted_clients.c.id).where(deleted_clients.c.id == client.id)):
        raise BadSetting(f"The id {client.id} was another client's, which is deleted: choose a new one.")
    await db.execute(insert(clients).values({name: _plain(getattr(client, name)) for name in COLUMNS}))


async def replace(db: AsyncConnection, client: Client) -> None:
    """Replace the registration of a client; its secrets and its suspension stay."""
    values = {name: _plain(getattr(client, name)) for name in COLUMNS if name != "id"}
    await db.execute(update(clients).where(clients.c.id == client.id).values(values))


async def new_secret(db: AsyncConnection, client_id: str, keep: timedelta = timedelta(0)) -> str:
    """Create and return a secret, which is stored as a hash; earlier secrets stay usable for ``keep``."""
    until = func.now() + keep
    ending = update(client_secrets).where(client_secrets.c.client_id == client_id, _usable())
    await db.execute(ending.values(expires_at=func.least(func.coalesce(client_secrets.c.expires_at, until), until)))
    secret = generate_secret()
    await db.execute(insert(client_secrets).values(client_id=client_id, hash=digest(secret)))
    return secret


async def set_secret(db: AsyncConnection, client_id: str, secret: str) -> None:
    """Make ``secret`` usable, for demonstrations that always use the same one."""
    known = select(client_secrets.c.hash).where(client_secrets.c.hash == digest(secret))
    if not (await db.execute(known)).first():
        await db.execute(insert(client_secrets).values(client_id=client_id, hash=digest(secret)))


async def suspend(db: AsyncConnection, client_id: str) -> bool:
    """Suspend the client, so that it and all its tokens are refused; return whether it exists."""
    done = update(clients).where(clients.c.id == client_id)
    return _any_affected(await db.execute(done.values(suspended_at=func.coalesce(clients.c.suspended_at, func.now()))))


async def resume(db: AsyncConnection, client_id: str) -> bool:
    """End the suspension of a client; return whether it exists."""
    return _any_affected(await db.execute(update(clients).where(clients.c.id == client_id).values(suspended_at=None)))


async def remove(db: AsyncConnection, client_id: str) -> bool:
    """Delete the client with its secrets, grants and consents; return whether it existed.

    Its id is stored and cannot be used again: complaints and idempotency keys refer to it, and a new client with that
    id would take them over.
    """
    gone = select(clients.c.id).where(clients.c.id == client_id)
    await db.execute(insert(deleted_clients).from_select(["id"], gone))
    return _any_affected(await db.execute(delete(clients).where(clients.c.id == client_id)))


async def set_documents_only(db: AsyncConnection, client_id: str, *, documents_only: bool) -> bool:
    """Restrict the client to its registered operations, or end that; return whether it exists."""
    done = update(clients).where(clients.c.id == client_id).values(documents_only=documents_only)
    return _any_affected(await db.execute(done))


async def set_limits(db: AsyncConnection, client_id: str, changed: Mapping[str, int]) -> None:
    """Change ``requests_per_minute``, ``cost_per_minute`` or both."""
    await db.execute(update(clients).where(clients.c.id == client_id).values(dict(changed)))


async def record_token(db: AsyncConnection, client_id: str) -> None:
    """Record that the client gets a token now; written once a minute, so that tokens do not wait for each other."""
    c = client_tokens.c
    known = upsert(client_tokens).values(client_id=client_id, at=func.now())
    later = known.on_conflict_do_update(
        index_elements=["client_id"], set_={"at": func.now()}, where=c.at < func.now() - timedelta(minutes=1)
    )
    await db.execute(later)


def _select() -> Select[Any]:
    own = select(func.array_agg(client_secrets.c.hash)).where(client_secrets.c.client_id == clients.c.id, _usable())
    return select(clients, own.scalar_subquery().label("secrets"))


def _usable() -> Any:
    return or_(client_secrets.c.expires_at.is_(None), client_secrets.c.expires_at > func.now())


def _client(row: dict[str, Any]) -> Client:
    secrets = tuple(map(bytes, row.pop("secrets") or ()))
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}
    return Client(**values, secrets=secrets)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _any_affected(result: CursorResult[Any]) -> bool:
    return bool(result.rowcount)
