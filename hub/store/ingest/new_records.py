"""Writes new records and their keys by COPY, straight into the tables, whose triggers write history and totals."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.database import driver_connection, execute
from hub.store.ingest.rows import Row

COLUMNS = (
    "kind, external_id, version, digest, status, told, final, secret, occurred_at, updated_at, amount, currency,"
    " body, prose, facts_version"
)
"""The columns of a record that are from its item; ``values_of`` has their values."""

_RECORDS = f"copy records (system, id, {COLUMNS}, seen_at, direct_at, missed_at) from stdin"
_KEYS = "copy record_keys (system, record_id, kind, name, value, occurred_at) from stdin"

_MISSED_AT = "select listed_at from systems where name = %(system)s and listed_at > %(seen_at)s"


async def insert(
    db: AsyncConnection, system: str, rows: Sequence[tuple[int, Row]], seen_at: datetime, direct_at: datetime | None
) -> None:
    """Insert records, each with its id.

    One that was seen before the last full run began, as one from quarantine may be, was missed by that run.
    """
    listed = await execute(db, _MISSED_AT, {"system": system, "seen_at": seen_at})
    seen = _text(seen_at), _text(direct_at), _text(listed[0]["listed_at"] if listed else None)
    async with (await driver_connection(db)).cursor() as cursor:
        async with cursor.copy(_RECORDS.encode()) as copy:
            for record_id, row in rows:
                await copy.write_row((system, record_id, *values_of(row), *seen))
        async with cursor.copy(_KEYS.encode()) as copy:
            for record_id, row in rows:
                kind, occurred_at = row.record.facts.kind, row.record.occurred_at.isoformat()
                for name, value in row.keys:
                    await copy.write_row((system, record_id, kind, name, value, occurred_at))


def values_of(row: Row) -> tuple[Any, ...]:
    """Return the values of ``COLUMNS``, those of types that the driver writes slowly as text."""
    record = row.record
    occurred_at, updated_at, amount = record.occurred_at, record.updated_at, record.amount
    occurred = occurred_at.isoformat()
    return (
        record.facts.kind,
        record.external_id,
        record.version,
        f"\\x{row.digest.hex()}",
        record.status,
        record.source_status,
        record.final,
        record.secret,
        occurred,
        occurred if updated_at is occurred_at else updated_at.isoformat(),
        None if amount is None else str(amount),
        None if amount is None else record.currency,
        orjson.dumps(row.body).decode(),
        orjson.dumps(row.prose).decode(),
        record.facts_version,
    )


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
