"""The webhooks that clients registered: rows, secrets, and the viewer that a webhook stands for."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, false, func, insert, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.encryption import FieldCipher
from hub.store.oauth import clients
from hub.store.tables.webhooks import webhooks
from hub.store.webhooks.signatures import SigningSecrets
from hub.store.webhooks.terms import DisabledReason, WebhookContent, WebhookFormat, WebhookState
from hub.viewer import Viewer, ViewerKind

MANAGE = "webhooks:manage"
"""The scope to register and manage the client's own webhooks."""
OPERATE = "hub:operate"
"""The scope to see and manage the webhooks of all clients."""
MAX_WEBHOOKS = 20
"""How many webhooks a client may have."""
MAX_PER_MINUTE = 6_000
DEFAULT_PER_MINUTE = 600


@dataclass(frozen=True, slots=True)
class Webhook:
    """One webhook. ``kinds`` and ``systems`` are None for all that its client may see; ``public_key`` is for ``v1a``.

    After ``failures`` in a row since ``failing_since`` it is not called before ``retry_at``.
    """

    id: str
    client: str
    url: str
    kinds: Sequence[str] | None
    systems: Sequence[str] | None
    content: WebhookContent
    format: WebhookFormat
    per_minute: int
    public_key: str | None
    state: WebhookState
    reason: DisabledReason | None
    cursor: str
    failures: int
    failing_since: datetime | None
    warned_at: datetime | None
    retry_at: datetime
    verified_at: datetime | None
    error: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class WebhookOptions:
    """What a client chooses for a webhook."""

    url: str
    kinds: Sequence[str] | None = None
    systems: Sequence[str] | None = None
    content: WebhookContent = WebhookContent.THIN
    format: WebhookFormat = WebhookFormat.STANDARD
    per_minute: int = DEFAULT_PER_MINUTE


def new_id() -> str:
    """Return a new id of a webhook."""
    return f"wh_{secrets.token_hex(12)}"


def visible(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition for the webhooks that ``viewer`` may see: all for an operator, its own for a client."""
    if viewer.may(OPERATE):
        return true()
    return webhooks.c.client == viewer.client if _is_client(viewer) else false()


def may_manage(viewer: Viewer, client: str) -> bool:
    """Return whether ``viewer`` may change the webhooks of ``client``: that client itself, or an operator's command."""
    return viewer.kind is ViewerKind.WORKER or (_is_client(viewer) and viewer.client == client)


def may_operate(viewer: Viewer, client: str) -> bool:
    """Return whether ``viewer`` may pause, resume and replay the webhooks of ``client``: operators also may."""
    return viewer.may(OPERATE) or may_manage(viewer, client)


def _is_client(viewer: Viewer) -> bool:
    """Return whether it is a client in its own name: a user of the client has no say."""
    return viewer.kind is ViewerKind.PARTNER and viewer.may(MANAGE)


async def find(
    db: AsyncConnection, viewer: Viewer, webhook_id: str | None = None, *, client: str | None = None, lock: bool = False
) -> list[Webhook]:
    """Return the webhooks that ``viewer`` may see, the oldest first; only one, or those of one client."""
    statement = select(webhooks).where(visible(viewer)).order_by(webhooks.c.created_at, webhooks.c.id)
    if webhook_id is not None:
        statement = statement.where(webhooks.c.id == webhook_id)
    if client is not None:
        statement = statement.where(webhooks.c.client == client)
    found = await db.execute(statement.with_for_update() if lock else statement)
    return [from_row(row) for row in found.mappings()]


async def get(db: AsyncConnection, webhook_id: str) -> Webhook | None:
    """Return the webhook; None if it was deleted."""
    row = (await db.execute(select(webhooks).where(webhooks.c.id == webhook_id))).mappings().one_or_none()
    return from_row(row) if row else None


def from_row(row: Mapping[Any, Any]) -> Webhook:
    """Return the webhook of a row."""
    values = {name: row[name] for name in Webhook.__slots__}
    reason = DisabledReason(row["reason"]) if row["reason"] else None
    return Webhook(
        **values
        | {
            "content": WebhookContent(row["content"]),
            "format": WebhookFormat(row["format"]),
            "state": WebhookState(row["state"]),
            "reason": reason,
        }
    )


async def count(db: AsyncConnection, client: str) -> int:
    """Return how many webhooks a client has; further registrations of the client wait until the transaction ends."""
    await db.execute(select(func.pg_advisory_xact_lock(func.hashtextextended("webhooks " + client, 0))))
    return int(await db.scalar(select(func.count()).where(webhooks.c.client == client)) or 0)


@dataclass(frozen=True, slots=True)
class Registration:
    """Who registers a webhook, when, under which id, and from which cursor it follows the feed."""

    id: str
    client: str
    cursor: str
    at: datetime


async def create(
    db: AsyncConnection, cipher: FieldCipher, new: Registration, options: WebhookOptions, signing: SigningSecrets
) -> None:
    """Store a new webhook, which is called once its endpoint has agreed."""
    await db.execute(
        insert(webhooks).values(
            id=new.id,
            client=new.client,
            **_columns(options),
            sealed=cipher.encrypt(signing.to_json(), _context(new.id)),
            public_key=signing.public_key,
            state=WebhookState.UNVERIFIED.value,
            cursor=new.cursor,
            failures=0,
            failing_since=new.at,
            retry_at=new.at,
            next_at=new.at,
            created_at=new.at,
        )
    )


def _columns(options: WebhookOptions) -> dict[str, Any]:
    return {
        "url": options.url,
        "kinds": None if options.kinds is None else list(options.kinds),
        "systems": None if options.systems is None else list(options.systems),
        "content": options.content.value,
        "format": options.format.value,
        "per_minute": options.per_minute,
    }


async def change(db: AsyncConnection, webhook_id: str, options: WebhookOptions) -> None:
    """Replace what a client chose."""
    await db.execute(update(webhooks).where(webhooks.c.id == webhook_id).values(_columns(options)))


async def set_state(db: AsyncConnection, webhook_id: str, state: WebhookState, now: datetime) -> None:
    """Set the state by a decision of a person: failures are forgotten, and the endpoint may be called at once."""
    await db.execute(
        update(webhooks)
        .where(webhooks.c.id == webhook_id)
        .values(
            state=state.value,
            reason=None,
            failures=0,
            failing_since=now if state is WebhookState.UNVERIFIED else None,
            warned_at=None,
            retry_at=now,
            error=None,
        )
    )


async def set_cursor(db: AsyncConnection, webhook_id: str, cursor: str) -> None:
    """Store the position in the feed up to which changes have become deliveries."""
    await db.execute(update(webhooks).where(webhooks.c.id == webhook_id).values(cursor=cursor))


async def remove(db: AsyncConnection, webhook_id: str) -> None:
    """Delete a webhook with its deliveries."""
    await db.execute(delete(webhooks).where(webhooks.c.id == webhook_id))


async def signing_secrets(db: AsyncConnection, cipher: FieldCipher, webhook_id: str) -> SigningSecrets | None:
    """Return the secrets of a webhook; None if it was deleted."""
    sealed = await db.scalar(select(webhooks.c.sealed).where(webhooks.c.id == webhook_id))
    return None if sealed is None else SigningSecrets.from_json(cipher.decrypt(sealed, _context(webhook_id)))


async def set_secrets(db: AsyncConnection, cipher: FieldCipher, webhook_id: str, signing: SigningSecrets) -> None:
    """Replace the secrets of a webhook."""
    values = {"sealed": cipher.encrypt(signing.to_json(), _context(webhook_id)), "public_key": signing.public_key}
    await db.execute(update(webhooks).where(webhooks.c.id == webhook_id).values(values))


def _context(webhook_id: str) -> str:
    return f"webhooks:{webhook_id}"


async def client_viewer(db: AsyncConnection, client_id: str) -> Viewer | None:
    """Return the client as a viewer in its own name, with the scopes it has now; None if it is suspended or gone."""
    client = await clients.get(db, client_id)
    return None if client is None or client.suspended_at else clients.own_viewer(client, frozenset(client.scopes))


_UNDER_WAY = or_(webhooks.c.state == WebhookState.ACTIVE.value, webhooks.c.state == WebhookState.UNVERIFIED.value)


async def callable_now(db: AsyncConnection, now: datetime) -> list[Webhook]:
    """Return the webhooks that may be called at ``now``: active ones, and those that wait for their consent."""
    statement = select(webhooks).where(_UNDER_WAY, webhooks.c.retry_at <= now).order_by(webhooks.c.id)
    return [from_row(row) for row in (await db.execute(statement)).mappings()]
