"""Words of which one says only part, joined with what is held: status and facts each as the newest word has them.

A notification says that a payment was refunded, and not on which bus it was made; a history says all
of that, and perhaps an older status. In whatever order the two come, the record ends the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.ingest.rows import Place, Row, merged

_HELD = """
select r.*, coalesce((select jsonb_agg(jsonb_build_array(name, value)) from record_keys
                      where system = :system and record_id = r.id), '[]') as keys
from unnest(cast(:kinds as text[]), cast(:ids as text[])) as asked(kind, external_id)
cross join lateral (
    select id, kind, external_id, version, facts_version, digest, status, told, final, secret, occurred_at, updated_at,
           amount, currency, body, prose
    from records where system = :system and kind = asked.kind and external_id = asked.external_id limit 1) r
"""
_COLUMNS = (
    "version",
    "facts_version",
    "status",
    "told",
    "final",
    "secret",
    "occurred_at",
    "updated_at",
    "amount",
)


async def with_held(connection: AsyncConnection, system: str, rows: Sequence[Row]) -> Sequence[Row]:
    """``rows`` as they are to be compared with the store; the caller keeps others from writing meanwhile."""
    places = [row.place for row in rows if row.record.facts_version is not None]
    if not places:
        return rows
    given = {"system": system, "kinds": [kind for kind, _ in places], "ids": [id_ for _, id_ in places]}
    found = (await connection.execute(text(_HELD), given)).mappings()
    held: dict[Place, Mapping[Any, Any]] = {(each["kind"], each["external_id"]): each for each in found}
    return [_joined(row, held[row.place]) if row.place in held else row for row in rows]


def _joined(told: Row, stored: Mapping[Any, Any]) -> Row:
    held = _row(told, stored)
    joined = merged(held, told)
    if joined is held and told.record.version < held.record.version:
        return told  # It says nothing new at all, and the comparison is to call it stale.
    return replace(joined, digest=held.digest) if _said(joined) == _said(held) else joined


def _row(told: Row, stored: Mapping[Any, Any]) -> Row:
    """What is held, as if it had been told."""
    columns = {name: stored[name] for name in _COLUMNS}
    record = replace(told.record, **columns, currency=stored["currency"] or told.record.currency)
    keys = [(name, value) for name, value in stored["keys"]]
    return replace(
        told, record=record, body=stored["body"], prose=stored["prose"], keys=keys, digest=bytes(stored["digest"])
    )


def _said(row: Row) -> tuple[Any, ...]:
    """All that a row says, whatever word it came from."""
    record = row.record
    facts = record.secret, record.occurred_at, record.amount, record.currency, row.body, row.prose, sorted(row.keys)
    return record.status, record.told, record.final, *facts
