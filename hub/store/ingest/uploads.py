"""Uploads by their idempotency key: the number of stored batches, and the result of each row, stored for 30 days.

An upload is stored batch by batch, each in the transaction of its records. A client that repeats an upload, after a
broken connection or at the same time, gets the stored results and continues after them. Nothing is locked between two
batches, and nothing has to be released when a client disconnects.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.feed import serialization
from hub.store.idempotency import KEPT_DAYS
from hub.store.ingest.outcomes import ItemResult, Outcome
from hub.store.tables.sync import push_batches, pushes


@dataclass(frozen=True, slots=True)
class Upload:
    """Which client uploads to which system, with which key."""

    client: str
    system: str
    key: str


@dataclass(frozen=True, slots=True)
class StoredUpload:
    """How far an upload is stored."""

    id: int
    batches: int
    done: bool


@dataclass(frozen=True, slots=True)
class CurrentRecord:
    """The stored record, for a client that uploaded an older version. ``body`` has the facts as in the feed."""

    version: int
    status: str
    source_status: str
    updated_at: datetime
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RowResult:
    """The result of one row, and the stored record where that is newer and not secret."""

    result: ItemResult
    current: CurrentRecord | None


async def lock_upload(db: AsyncConnection, upload: Upload) -> StoredUpload:
    """Return the upload, locked until the transaction ends.

    Of two that send the same batch, the second finds it stored.
    """
    identity = {"client": upload.client, "system": upload.system, "key": upload.key}
    await db.execute(postgresql.insert(pushes).values(**identity).on_conflict_do_nothing())
    columns = pushes.c.id, pushes.c.batches, pushes.c.done_at.is_not(None)
    return StoredUpload(*(await db.execute(select(*columns).filter_by(**identity).with_for_update())).one())


async def find(db: AsyncConnection, upload: Upload) -> StoredUpload | None:
    """Return how far an upload is stored; None if there is none."""
    identity = {"client": upload.client, "system": upload.system, "key": upload.key}
    columns = pushes.c.id, pushes.c.batches, pushes.c.done_at.is_not(None)
    found = (await db.execute(select(*columns).filter_by(**identity))).one_or_none()
    return StoredUpload(*found) if found else None


async def load_batch(db: AsyncConnection, push_id: int, number: int) -> tuple[bytes, list[ItemResult]]:
    """Return the fingerprint and the results of a stored batch."""
    statement = select(push_batches.c.fingerprint, push_batches.c.fates).filter_by(push_id=push_id, number=number)
    fingerprint, results = (await db.execute(statement)).one()
    return fingerprint, [ItemResult(Outcome(outcome), *rest) for outcome, *rest in results]


async def save_batch(
    db: AsyncConnection, upload: StoredUpload, fingerprint: bytes, results: Sequence[ItemResult], *, last: bool
) -> None:
    """Store the next batch of a locked upload, in the transaction of its records."""
    serialized = [[each.outcome.value, each.kind, each.external_id, each.reason] for each in results]
    values = {"push_id": upload.id, "number": upload.batches, "fingerprint": fingerprint, "fates": serialized}
    await db.execute(insert(push_batches).values(**values))
    done = {"done_at": func.now()} if last else {}
    await db.execute(update(pushes).where(pushes.c.id == upload.id).values(batches=upload.batches + 1, **done))


async def row_results(db: AsyncConnection, system: str, push_id: int, number: int) -> list[RowResult]:
    """Return the results of the rows of a batch, each stale one with the stored record."""
    _, results = await load_batch(db, push_id, number)
    current = await _current_records(db, system, [each for each in results if each.outcome is Outcome.STALE])
    return [RowResult(each, current.get((each.kind, each.external_id))) for each in results]


async def _current_records(
    db: AsyncConnection, system: str, results: Sequence[ItemResult]
) -> dict[tuple[str | None, str | None], CurrentRecord]:
    """Return the stored records of these results, without free text; secret ones are left out."""
    if not results:
        return {}
    found = await db.execute(
        text(
            "select r.kind, r.external_id, r.version, r.status, r.told, r.updated_at,"
            " record_facts(r) || jsonb_build_object('amount', r.amount::text)"
            " from records r"
            " join unnest(cast(:kinds as text[]), cast(:ids as text[])) as requested(kind, id)"
            " on r.kind = requested.kind and r.external_id = requested.id where r.system = :system and not r.secret"
        ),
        {
            "system": system,
            "kinds": [each.kind for each in results],
            "ids": [each.external_id for each in results],
        },
    )
    return {
        (kind, id_): CurrentRecord(version, status, source_status, at, serialization.serialize(body, kind) or {})
        for kind, id_, version, status, source_status, at, body in found
    }


async def expire(db: AsyncConnection) -> int:
    """Delete uploads that began more than ``KEPT_DAYS`` ago; return how many."""
    old = pushes.c.created_at < func.now() - text(f"interval '{KEPT_DAYS} days'")
    return (await db.execute(delete(pushes).where(old))).rowcount
