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
    missed_at = listed[0]["listed_at"] if listed else None
    async with (await driver_connection(db)).cursor() as cursor:
        async with cursor.copy(_RECORDS.encode()) as copy:
            for record_id, row in rows:
                await copy.write_row((system, record_id, *values_of(row), seen_at, direct_at, missed_at))
        async with cursor.copy(_KEYS.encode()) as copy:
            for record_id, row in rows:
                kind, occurred_at = row.record.facts.kind, row.record.occurred_at
                for name, value in row.keys:
                    await copy.write_row((system, record_id, kind, name, value, occurred_at))


def values_of(row: Row) -> tuple[Any, ...]:
    """Return the values of ``COLUMNS``."""
    record = row.record
    return (
        record.facts.kind,
        record.external_id,
        record.version,
        row.digest,
        record.status,
        record.source_status,
        record.final,
        record.secret,
        record.occurred_at,
        record.updated_at,
        record.amount,
        record.currency if record.amount is not None else None,
        orjson.dumps(row.body).decode(),
        orjson.dumps(row.prose).decode(),
        record.facts_version,
    )
