"""Items that could not be read, kept with the reason until a person replays or discards them, 90 days at most."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import delete, exists, func, select, text, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.connectors.base import Raw
from hub.store.tables import quarantine

KEPT_DAYS = 90


@dataclass(frozen=True, slots=True)
class Fault:
    """One item that could not be read whole. Kind and id are set when it was kept as a record all the same."""

    raw: Raw
    reason: str
    kind: str | None = None
    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One quarantined item as a person sees it; ``times`` counts how often it came."""

    id: int
    system: str
    external_id: str | None
    reason: str
    times: int
    first_at: datetime
    last_at: datetime
    raw: dict[str, Any]


async def put(connection: AsyncConnection, system: str, faults: list[Fault], at: datetime) -> None:
    """Quarantine ``faults``; one that is there already is counted, not repeated."""
    rows = {_digest(fault): fault for fault in faults}
    if not rows:
        return
    statement = postgresql.insert(quarantine).values(
        [
            {
                "system": system,
                "digest": digest,
                "kind": fault.kind,
                "external_id": fault.external_id,
                "reason": fault.reason,
                "raw": fault.raw,
                "first_at": at,
                "last_at": at,
            }
            for digest, fault in rows.items()
        ]
    )
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=["system", "digest"], set_={"times": quarantine.c.times + 1, "last_at": at}
        )
    )


async def clear(connection: AsyncConnection, system: str, places: list[tuple[str, str]]) -> None:
    """Drop open entries of records, given by kind and external id, that have since come with codes we know.

    Those of a record whose status is unknown still stay: what came may have told the rest of it only.
    """
    await connection.execute(
        text(
            "delete from quarantine q using unnest(cast(:kinds as text[]), cast(:ids as text[])) as known(kind, id)"
            " where q.system = :system and q.kind = known.kind and q.external_id = known.id and q.state = 'OPEN'"
            " and (select r.status <> 'UNKNOWN' from records r"
            " where r.system = q.system and r.kind = q.kind and r.external_id = q.external_id limit 1)"
        ),
        {"system": system, "kinds": [kind for kind, _ in places], "ids": [id_ for _, id_ in places]},
    )


async def any_unread(connection: AsyncConnection, system: str, since: datetime) -> bool:
    """Whether an item that could not be kept as a record came ``since`` then."""
    unread = quarantine.c.system == system, quarantine.c.kind.is_(None), quarantine.c.last_at >= since
    return bool(await connection.scalar(select(exists().where(*unread))))


async def entries(connection: AsyncConnection, system: str | None = None, limit: int = 100) -> list[Entry]:
    """Open entries, the latest first."""
    statement = (
        select(*(quarantine.c[name] for name in Entry.__dataclass_fields__))
        .where(quarantine.c.state == "OPEN")
        .order_by(quarantine.c.last_at.desc(), quarantine.c.id.desc())
        .limit(limit)
    )
    if system:
        statement = statement.where(quarantine.c.system == system)
    return [Entry(*row) for row in await connection.execute(statement)]


async def systems_of(connection: AsyncConnection, ids: Sequence[int]) -> list[str]:
    """The systems that open entries with these ids are of, by name."""
    open_ = quarantine.c.id.in_(ids), quarantine.c.state == "OPEN"
    return list(await connection.scalars(select(quarantine.c.system).where(*open_).distinct().order_by("system")))


async def take(connection: AsyncConnection, system: str, ids: Sequence[int]) -> list[Entry]:
    """Remove open entries of ``system``, in the order they came, so that they can be replayed in this transaction."""
    statement = (
        delete(quarantine)
        .where(quarantine.c.system == system, quarantine.c.id.in_(ids), quarantine.c.state == "OPEN")
        .returning(*(quarantine.c[name] for name in Entry.__dataclass_fields__))
    )
    return sorted((Entry(*row) for row in await connection.execute(statement)), key=lambda entry: entry.last_at)


async def discard(connection: AsyncConnection, ids: list[int]) -> int:
    """Set entries aside for good; the same item coming again stays set aside. Returns how many."""
    statement = update(quarantine).where(quarantine.c.id.in_(ids), quarantine.c.state == "OPEN")
    return (await connection.execute(statement.values(state="DISCARDED", reason="", raw={}))).rowcount


async def expire(connection: AsyncConnection) -> int:
    """Drop what is older than ``KEPT_DAYS``; returns how many."""
    old = quarantine.c.first_at < func.now() - text(f"interval '{KEPT_DAYS} days'")
    statement = delete(quarantine).where(quarantine.c.state == "OPEN", old)
    return (await connection.execute(statement)).rowcount


def _digest(fault: Fault) -> bytes:
    told = orjson.dumps([fault.reason, fault.raw], option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    return hashlib.sha256(told).digest()[:16]
