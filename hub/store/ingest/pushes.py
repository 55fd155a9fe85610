"""Uploads by their idempotency key: how far each is stored, and what became of its rows; kept 30 days.

An upload is stored batch by batch, and each batch together with its records. So whoever repeats it,
after a cut or at the same time, finds what is there and goes on where that ends; nothing is locked
between two batches, and nothing has to be freed when a client is gone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.feed import facts
from hub.store.ingest.outcomes import Fate, Outcome
from hub.store.promises import KEPT_DAYS
from hub.store.tables_sync import push_batches, pushes


@dataclass(frozen=True, slots=True)
class Upload:
    """Who pushes, to which system, under which key."""

    client: str
    system: str
    key: str


@dataclass(frozen=True, slots=True)
class Held:
    """An upload as far as it is stored."""

    id: int
    batches: int
    done: bool


@dataclass(frozen=True, slots=True)
class Current:
    """What the hub holds of a record that somebody told an older version of.

    ``body`` holds its facts as the feed tells them; None where it is secret.
    """

    version: int
    status: str
    told: str
    updated_at: datetime
    body: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one row, and what the hub holds where that is newer."""

    fate: Fate
    current: Current | None


async def hold(db: AsyncConnection, upload: Upload) -> Held:
    """The upload, locked until the transaction ends: of two that send the same batch, the second finds it stored."""
    place = {"client": upload.client, "system": upload.system, "key": upload.key}
    await db.execute(postgresql.insert(pushes).values(**place).on_conflict_do_nothing())
    columns = pushes.c.id, pushes.c.batches, pushes.c.done_at.is_not(None)
    return Held(*(await db.execute(select(*columns).filter_by(**place).with_for_update())).one())


async def stored(db: AsyncConnection, upload: Upload) -> Held | None:
    """How far an upload is stored; None when there is none."""
    place = {"client": upload.client, "system": upload.system, "key": upload.key}
    columns = pushes.c.id, pushes.c.batches, pushes.c.done_at.is_not(None)
    found = (await db.execute(select(*columns).filter_by(**place))).one_or_none()
    return Held(*found) if found else None


async def batch(db: AsyncConnection, push_id: int, number: int) -> tuple[bytes, list[Fate]]:
    """Fingerprint and fates of a batch that is stored."""
    statement = select(push_batches.c.fingerprint, push_batches.c.fates).filter_by(push_id=push_id, number=number)
    fingerprint, fates = (await db.execute(statement)).one()
    return fingerprint, [Fate(Outcome(outcome), *rest) for outcome, *rest in fates]


async def keep(db: AsyncConnection, held: Held, fingerprint: bytes, fates: Sequence[Fate], *, last: bool) -> None:
    """Store the next batch of an upload that ``hold`` gave, in the transaction of its records."""
    told = [[fate.outcome.value, fate.kind, fate.external_id, fate.reason] for fate in fates]
    values = {"push_id": held.id, "number": held.batches, "fingerprint": fingerprint, "fates": told}
    await db.execute(insert(push_batches).values(**values))
    done = {"done_at": func.now()} if last else {}
    await db.execute(update(pushes).where(pushes.c.id == held.id).values(batches=held.batches + 1, **done))


async def told(db: AsyncConnection, system: str, push_id: int, number: int) -> list[Told]:
    """What became of the rows of a batch, each stale one with what the hub holds now."""
    _, fates = await batch(db, push_id, number)
    held = await _current(db, system, [fate for fate in fates if fate.outcome is Outcome.STALE])
    return [Told(fate, held.get((fate.kind, fate.external_id))) for fate in fates]


async def _current(
    db: AsyncConnection, system: str, fates: Sequence[Fate]
) -> dict[tuple[str | None, str | None], Current]:
    """Of these records the facts, neither free text nor what is secret."""
    if not fates:
        return {}
    found = await db.execute(
        text(
            "select r.kind, r.external_id, r.version, r.status, r.told, r.updated_at,"
            " case when not r.secret then record_facts(r) || jsonb_build_object('amount', r.amount::text) end"
            " from records r"
            " join unnest(cast(:kinds as text[]), cast(:ids as text[])) as asked(kind, id)"
            " on r.kind = asked.kind and r.external_id = asked.id where r.system = :system"
        ),
        {
            "system": system,
            "kinds": [fate.kind for fate in fates],
            "ids": [fate.external_id for fate in fates],
        },
    )
    return {
        (kind, id_): Current(version, status, told, at, facts.told(body))
        for kind, id_, version, status, told, at, body in found
    }


async def expire(db: AsyncConnection) -> int:
    """Forget uploads that began more than ``KEPT_DAYS`` ago; returns how many."""
    old = pushes.c.created_at < func.now() - text(f"interval '{KEPT_DAYS} days'")
    return (await db.execute(delete(pushes).where(old))).rowcount
