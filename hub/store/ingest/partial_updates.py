"""Merges partial updates with the stored record (decision 0009).

A notification may report that a payment was refunded without saying on which bus it was made; the history reports the
bus, and perhaps an older status. Status and facts therefore have a version each: ``version`` orders the status,
``facts_version`` the facts, and the merged record takes each part from its newer side. In whatever order the two
arrive, the record ends the same.

The merged row keeps the stored digest when its content is equal, so that change detection finds no change in a part
that was known already.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.database import execute
from hub.store.ingest.record_key_list import RECORD_KEYS, record_key_params
from hub.store.ingest.rows import RecordKey, Row, merge_rows

_STORED = f"""
select r.*, coalesce((select jsonb_agg(jsonb_build_array(name, value)) from record_keys
                      where system = %(system)s and record_id = r.id), '[]') as keys
from {RECORD_KEYS} as requested(kind, external_id)
cross join lateral (
    select id, kind, external_id, version, facts_version, digest, status, told, final, secret, occurred_at, updated_at,
           amount, currency, body, prose
    from records where system = %(system)s and kind = requested.kind and external_id = requested.external_id limit 1) r
"""  # noqa: S608 - only a constant is interpolated
_COLUMNS = (
    "version",
    "facts_version",
    "status",
    "final",
    "secret",
    "occurred_at",
    "updated_at",
    "amount",
)


async def merge_with_stored(db: AsyncConnection, system: str, rows: Sequence[Row]) -> Sequence[Row]:
    """Return ``rows`` merged with what is stored; the caller holds the lock of the system."""
    keys = [row.key for row in rows if row.record.facts_version is not None]
    if not keys:
        return rows
    found = await execute(db, _STORED, record_key_params(system, keys))
    stored: dict[RecordKey, Mapping[Any, Any]] = {(each["kind"], each["external_id"]): each for each in found}
    return [_merged(row, stored[row.key]) if row.key in stored else row for row in rows]


def _merged(received: Row, stored: Mapping[Any, Any]) -> Row:
    before = _stored_row(received, stored)
    merged = merge_rows(before, received)
    if merged is before and received.record.version < before.record.version:
        return received  # Nothing in it is new, so change detection is to find it stale.
    return replace(merged, digest=before.digest) if _content(merged) == _content(before) else merged


def _stored_row(received: Row, stored: Mapping[Any, Any]) -> Row:
    """Return the stored record in the shape of a received row."""
    columns = {name: stored[name] for name in _COLUMNS}
    currency = stored["currency"] or received.record.currency
    record = replace(received.record, **columns, source_status=stored["told"], currency=currency)
    keys = [(name, value) for name, value in stored["keys"]]
    return replace(
        received, record=record, body=stored["body"], prose=stored["prose"], keys=keys, digest=bytes(stored["digest"])
    )


def _content(row: Row) -> tuple[Any, ...]:
    """Return the content of a row without its versions."""
    record = row.record
    facts = record.secret, record.occurred_at, record.amount, record.currency, row.body, row.prose, sorted(row.keys)
    return record.status, record.source_status, record.final, *facts
