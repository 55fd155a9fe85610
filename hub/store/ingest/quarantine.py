"""Quarantine: invalid items, stored with the reason until a person replays or discards them, for 90 days at most."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import delete, exists, func, select, text, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.contract import Raw
from hub.store.arrays import any_of
from hub.store.database import execute
from hub.store.ingest.record_key_list import RECORD_KEYS, record_key_params
from hub.store.tables import quarantine

KEPT_DAYS = 90
ENCRYPTION_CONTEXT = "quarantine"
"""The context that encrypted items are bound to."""


@dataclass(frozen=True, slots=True)
class RejectedItem:
    """An invalid item.

    Kind and id are set if it was stored as a record as well, the id alone if its system failed to deliver all of it.
    ``ciphertext`` is the encrypted item including free text, ``raw`` the item without it. ``digest`` identifies a
    repeat.
    """

    raw: Raw
    reason: str
    kind: str | None = None
    external_id: str | None = None
    ciphertext: bytes | None = field(default=None, repr=False)
    digest: bytes = b""
    connector_version: str | None = None


@dataclass(frozen=True, slots=True)
class QuarantineEntry:
    """One quarantined item as a person sees it; ``times`` counts how often it was received."""

    id: int
    system: str
    external_id: str | None
    reason: str
    times: int
    first_at: datetime
    last_at: datetime
    raw: dict[str, Any]
    ciphertext: bytes | None = field(default=None, repr=False)
    kind: str | None = None
    connector_version: str | None = None


ENTRY_COLUMNS = tuple(
    quarantine.c[{"ciphertext": "sealed"}.get(name, name)] for name in QuarantineEntry.__dataclass_fields__
)


_CLEAR_RESOLVED = f"""
delete from quarantine q using {RECORD_KEYS} as known(kind, id)
where q.system = %(system)s and (q.kind = known.kind or q.kind is null) and q.external_id = known.id
  and q.state = 'OPEN'
  and (select r.status <> 'UNKNOWN' from records r
       where r.system = q.system and r.kind = known.kind and r.external_id = q.external_id limit 1)
"""  # noqa: S608 - only a constant is interpolated


async def add(db: AsyncConnection, system: str, items: list[RejectedItem], at: datetime) -> None:
    """Quarantine ``items``; a repeat is counted instead."""
    rows = {item.digest or _digest(item): item for item in items}
    if not rows:
        return
    statement = postgresql.insert(quarantine)
    latest = {name: statement.excluded[name] for name in ("last_at", "connector_version")}
    again = {"times": quarantine.c.times + 1, **latest}
    await db.execute(
        statement.on_conflict_do_update(index_elements=["system", "digest"], set_=again),
        [_row(system, digest, item, at) for digest, item in rows.items()],
    )


async def clear_resolved(db: AsyncConnection, system: str, keys: list[tuple[str, str]]) -> None:
    """Delete open entries of records, by kind and external id, that were received complete since.

    Entries of a record whose status is still unknown stay: the new item may have had only the rest of it.
    """
    await execute(db, _CLEAR_RESOLVED, record_key_params(system, keys))


async def has_unreadable_since(db: AsyncConnection, system: str, since: datetime) -> bool:
    """Return whether an item that could not be stored as a record was received since ``since``."""
    unread = quarantine.c.system == system, quarantine.c.kind.is_(None), quarantine.c.last_at >= since
    return bool(await db.scalar(select(exists().where(*unread))))


async def entries(db: AsyncConnection, system: str | None = None, limit: int = 100) -> list[QuarantineEntry]:
    """Return open entries, the latest first."""
    statement = (
        select(*ENTRY_COLUMNS)
        .where(quarantine.c.state == "OPEN")
        .order_by(quarantine.c.last_at.desc(), quarantine.c.id.desc())
        .limit(limit)
    )
    if system:
        statement = statement.where(quarantine.c.system == system)
    return [QuarantineEntry(*row) for row in await db.execute(statement)]


@dataclass(frozen=True, slots=True)
class QuarantineBacklog:
    """How many entries of a system are open, and when the oldest was received."""

    system: str
    count: int
    oldest: datetime


async def backlog(db: AsyncConnection) -> list[QuarantineBacklog]:
    """Return the open entries by system."""
    c = quarantine.c
    by_system = select(c.system, func.count(), func.min(c.first_at)).where(c.state == "OPEN").group_by(c.system)
    return [QuarantineBacklog(*row) for row in await db.execute(by_system.order_by(c.system))]


async def remove_for_replay(db: AsyncConnection, system: str, ids: Sequence[int]) -> list[QuarantineEntry]:
    """Delete open entries of ``system`` and return them in order of receipt, to be replayed in this transaction."""
    statement = (
        delete(quarantine)
        .where(quarantine.c.system == system, any_of(quarantine.c.id, ids), quarantine.c.state == "OPEN")
        .returning(*ENTRY_COLUMNS)
    )
    return sorted((QuarantineEntry(*row) for row in await db.execute(statement)), key=lambda entry: entry.last_at)


async def discard(db: AsyncConnection, ids: list[int]) -> int:
    """Discard entries; the same item received again stays discarded. Return how many."""
    statement = update(quarantine).where(any_of(quarantine.c.id, ids), quarantine.c.state == "OPEN")
    return (await db.execute(statement.values(state="DISCARDED", reason="", raw={}, sealed=None))).rowcount


async def expire(db: AsyncConnection) -> int:
    """Delete entries older than ``KEPT_DAYS``; return how many."""
    old = quarantine.c.first_at < func.now() - text(f"interval '{KEPT_DAYS} days'")
    statement = delete(quarantine).where(quarantine.c.state == "OPEN", old)
    return (await db.execute(statement)).rowcount


def _row(system: str, digest: bytes, item: RejectedItem, at: datetime) -> dict[str, Any]:
    return {
        "system": system,
        "digest": digest,
        "kind": item.kind,
        "external_id": item.external_id,
        "reason": item.reason,
        "raw": item.raw,
        "sealed": item.ciphertext,
        "declared": True,
        "first_at": at,
        "last_at": at,
        "connector_version": item.connector_version,
    }


def _digest(item: RejectedItem) -> bytes:
    serialized = orjson.dumps([item.reason, item.raw], option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    return hashlib.sha256(serialized).digest()[:16]
