"""Upserts records: a batch is compared with what is stored, and written in sets; what is new by COPY.

One batch of a system at a time, so that no other batch can write between the comparison and the write.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from zlib import crc32

import orjson
from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.contract import Raw
from hub.store.database import driver_connection, execute
from hub.store.ingest import new_records, sightings
from hub.store.ingest.change_detection import Comparison, compare
from hub.store.ingest.outcomes import Outcome
from hub.store.ingest.record_key_list import RECORD_KEYS, record_key_params
from hub.store.ingest.rows import RecordKey, Row

SEEN_PRECISION = timedelta(minutes=15)
"""An unchanged record that a pull lists or that is pushed again sooner is not written."""

_STAGED = frozenset({Outcome.UPDATED, Outcome.PENDING})
_UNCHANGED = frozenset({Outcome.UNCHANGED, Outcome.STALE, Outcome.PENDING})
_SETTLES = frozenset({Outcome.CREATED, Outcome.UPDATED, Outcome.UNCHANGED})

_STAGE = """
create temp table if not exists staged (
    record_id bigint, outcome text, kind text, external_id text, version bigint, digest bytea, status text, told text,
    final boolean, secret boolean, occurred_at timestamptz, updated_at timestamptz, amount numeric, currency text,
    body jsonb, prose jsonb, keys jsonb, raw jsonb, facts_version bigint
) on commit delete rows
"""

_TABLE = f"staged_{crc32(_STAGE.encode()):08x}"
"""The name of ``staged``. Sessions of a pooler outlive the process: other versions have other columns and names."""

_COPY = f"copy staged (record_id, outcome, {new_records.COLUMNS}, keys, raw) from stdin"

_UPDATE = """
update records r set
    version = s.version, digest = s.digest, status = s.status, told = s.told, final = s.final, secret = s.secret,
    occurred_at = s.occurred_at, updated_at = s.updated_at, amount = s.amount, currency = s.currency, body = s.body,
    prose = s.prose, facts_version = s.facts_version, seen_at = greatest(r.seen_at, :seen_at), gone_at = null,
    direct_at = greatest(r.direct_at, cast(:direct_at as timestamptz)),
    missed_at = case when r.missed_at > :seen_at then r.missed_at when r.gone_at is not null
                     then (select listed_at from systems where name = :system and listed_at > :seen_at) end
from staged s where s.outcome = 'UPDATED' and r.system = :system and r.id = s.record_id
"""

_MARK_SEEN = """
update records r set
    seen_at = greatest(r.seen_at, :seen_at),
    direct_at = greatest(r.direct_at, cast(:direct_at as timestamptz)),
    missed_at = case when r.missed_at > :seen_at then r.missed_at end,
    gone_at = case when s.stale then r.gone_at end,
    updated_at = case when s.version > r.version and not s.stale then s.updated_at else r.updated_at end,
    version = greatest(r.version, s.version),
    facts_version = greatest(r.facts_version, s.facts_version)
from unnest(cast(:ids as bigint[]), cast(:stale as boolean[]), cast(:versions as bigint[]),
            cast(:facts_versions as bigint[]), cast(:updated_ats as timestamptz[]))
    s(id, stale, version, facts_version, updated_at)
where r.system = :system and r.id = s.id
"""

_DROP_KEYS = """
delete from record_keys k using staged s
where s.outcome = 'UPDATED' and k.system = :system and k.record_id = s.record_id and (
    k.occurred_at <> s.occurred_at
    or not exists (select from jsonb_array_elements(s.keys) key where key ->> 0 = k.name and key ->> 1 = k.value))
"""

_ADD_KEYS = """
insert into record_keys (system, record_id, kind, name, value, occurred_at)
select :system, s.record_id, s.kind, key ->> 0, key ->> 1, s.occurred_at
from staged s cross join lateral jsonb_array_elements(s.keys) key
where s.outcome = 'UPDATED'
on conflict do nothing
"""

_ADD_PENDING = """
insert into pending_items (system, kind, external_id, raw)
select :system, kind, external_id, raw from staged where outcome = 'PENDING'
on conflict (system, kind, external_id) do update set raw = excluded.raw
"""

_DELETE_SETTLED = f"""
delete from pending_items p using {RECORD_KEYS} s(kind, external_id)
where p.system = %(system)s and p.kind = s.kind and p.external_id = s.external_id
"""  # noqa: S608 - only a constant is interpolated


async def lock_system(db: AsyncConnection, system: str) -> None:
    """Take the lock of a system's records until the transaction ends.

    Taken before anything else that is written with records, such as the quarantine, so that two transactions cannot
    deadlock.
    """
    await db.execute(
        text("select pg_advisory_xact_lock(hashtextextended('ingest ' || :system, 0))"), {"system": system}
    )


@dataclass(frozen=True, slots=True)
class BatchContext:
    """How a batch was received: when, whether by a listing, and the greatest possible version where it is known.

    See ``hub.sync.ingest`` for ``settle``. ``run`` is the start of the full run that listed it, if that
    run is to determine which records it missed.
    """

    seen_at: datetime
    listed: bool
    settle: bool
    newest: int | None = None
    run: datetime | None = None


async def upsert(db: AsyncConnection, system: str, rows: Sequence[Row], context: BatchContext) -> list[Outcome]:
    """Store ``rows``, at most one of each record; return the outcome of each."""
    if not rows:
        return []
    compared = await compare(db, system, rows, settle=context.settle, newest=context.newest)
    counts = Counter(each.outcome for each in compared)
    direct_at = None if context.listed else context.seen_at
    params = {"system": system, "seen_at": context.seen_at, "direct_at": direct_at}
    if counts[Outcome.CREATED]:
        new = [(each.record_id, each.row) for each in compared if each.outcome is Outcome.CREATED]
        await new_records.insert(db, system, new, context.seen_at, direct_at)
    if counts[Outcome.UPDATED] or counts[Outcome.PENDING]:
        await _stage(db, [each for each in compared if each.outcome in _STAGED])
    if counts[Outcome.UPDATED]:
        await db.execute(_on_table(_UPDATE), params)
        await db.execute(_on_table(_DROP_KEYS), params)
        await db.execute(_on_table(_ADD_KEYS), params)
    if counts[Outcome.PENDING]:
        await db.execute(_on_table(_ADD_PENDING), params)
    unchanged = [each for each in compared if each.outcome in _UNCHANGED]
    await _mark_unchanged(db, params, [each for each in unchanged if _must_write(each, context)])
    if context.run is not None:
        await sightings.note(db, system, context.run, [each.record_id for each in unchanged])
    await _delete_settled(db, system, [each.row.key for each in compared if each.outcome in _SETTLES])
    return [each.outcome for each in compared]


@cache
def _on_table(statement: str) -> TextClause:
    """Return a statement on ``staged`` with the name of the table."""
    return text(statement.replace("staged", _TABLE))


async def _stage(db: AsyncConnection, compared: Sequence[Comparison]) -> None:
    await db.execute(_on_table(_STAGE))
    await db.execute(_on_table("truncate staged"))
    async with (await driver_connection(db)).cursor() as cursor, cursor.copy(_on_table(_COPY).text.encode()) as copy:
        for record_id, outcome, row, _ in compared:
            raw = orjson.dumps(row.raw).decode() if outcome is Outcome.PENDING else None
            keys = orjson.dumps(row.keys).decode()
            await copy.write_row((record_id, outcome, *new_records.values_of(row), keys, raw))


def _must_write(compared: Comparison, context: BatchContext) -> bool:
    """Return whether a record has to be written although its facts have not changed."""
    stored, record, now = compared.stored, compared.row.record, context.seen_at
    assert stored is not None
    newer = compared.outcome is not Outcome.STALE and record.version > stored["version"]
    if newer or (record.facts_version or 0) > (stored["facts_version"] or 0):
        return True
    if stored["missed_at"] is not None:
        return bool(now >= stored["missed_at"])
    if context.run is not None:
        return False
    seen_at, direct_at, run_since = stored["seen_at"], stored["direct_at"], stored["run_since"]
    if not context.listed and (direct_at is None or now - direct_at > SEEN_PRECISION):
        return True
    return bool(now - seen_at > SEEN_PRECISION or (run_since and seen_at < run_since <= now))


async def _mark_unchanged(db: AsyncConnection, params: Mapping[str, Any], compared: Sequence[Comparison]) -> None:
    """Record that the system reported these records, which have not changed."""
    if compared:
        columns = {
            "ids": [each.record_id for each in compared],
            "stale": [each.outcome is Outcome.STALE for each in compared],
            "versions": [each.row.record.version for each in compared],
            "updated_ats": [each.row.record.updated_at for each in compared],
            "facts_versions": [each.row.record.facts_version for each in compared],
        }
        await db.execute(text(_MARK_SEEN), {**params, **columns})


async def _delete_settled(db: AsyncConnection, system: str, keys: Sequence[RecordKey]) -> None:
    await execute(db, _DELETE_SETTLED, record_key_params(system, keys))


async def pop_pending(db: AsyncConnection, system: str) -> list[Raw]:
    """Delete and return the pending items at the end of a run, to be applied in this transaction."""
    found = await db.execute(text("delete from pending_items where system = :system returning raw"), {"system": system})
    return [raw for (raw,) in found]


async def delete_pending(db: AsyncConnection, system: str) -> None:
    """Delete the pending items when a run starts over, because it will list them again."""
    await db.execute(text("delete from pending_items where system = :system"), {"system": system})


async def analyze(db: AsyncConnection) -> None:
    """Refresh PostgreSQL's statistics of records and their keys.

    Autovacuum does so up to a minute after a large pull, and never for a partitioned table as a whole.
    """
    await db.execute(text("select count_anew()"))


async def mark_seen(db: AsyncConnection, system: str, external_ids: list[str], context: BatchContext) -> None:
    """Record that the system still has these, though their items were invalid."""
    if external_ids:
        await db.execute(
            text(
                "update records set seen_at = greatest(seen_at, :seen_at),"
                " direct_at = greatest(direct_at, cast(:direct_at as timestamptz)),"
                " missed_at = case when missed_at > :seen_at then missed_at end"
                " where system = :system and external_id = any(:ids)"
            ),
            {
                "system": system,
                "ids": external_ids,
                "seen_at": context.seen_at,
                "direct_at": None if context.listed else context.seen_at,
            },
        )
