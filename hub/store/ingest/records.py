"""Upserts records: a batch is compared with what is stored; what is new is staged by COPY and written in sets.

One batch of a system at a time, so that no other batch can write between the comparison and the write.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.contract import Raw
from hub.store.database import driver_connection
from hub.store.ingest.change_detection import Comparison, compare
from hub.store.ingest.outcomes import Outcome
from hub.store.ingest.rows import RecordKey, Row

_STAGED = frozenset({Outcome.CREATED, Outcome.UPDATED, Outcome.PENDING})
_UNCHANGED = frozenset({Outcome.UNCHANGED, Outcome.STALE, Outcome.PENDING})
_SETTLES = frozenset({Outcome.CREATED, Outcome.UPDATED, Outcome.UNCHANGED})

_STAGE = """
create temp table if not exists staged (
    record_id bigint, outcome text, kind text, external_id text, version bigint, digest bytea, status text, told text,
    final boolean, secret boolean, occurred_at timestamptz, updated_at timestamptz, amount numeric, currency text,
    body jsonb, prose jsonb, keys jsonb, raw jsonb, facts_version bigint
) on commit delete rows
"""

_COPY = """
copy staged (record_id, outcome, kind, external_id, version, digest, status, told, final, secret, occurred_at,
             updated_at, amount, currency, body, prose, keys, raw, facts_version) from stdin
"""

_INSERT = """
insert into records (system, id, kind, external_id, version, digest, status, told, final, secret, occurred_at,
                     updated_at, amount, currency, body, prose, facts_version, seen_at, direct_at)
select :system, record_id, kind, external_id, version, digest, status, told, final, secret, occurred_at, updated_at,
       amount, currency, body, prose, facts_version, :seen_at, cast(:direct_at as timestamptz)
from staged where outcome = 'CREATED'
"""

_UPDATE = """
update records r set
    version = s.version, digest = s.digest, status = s.status, told = s.told, final = s.final, secret = s.secret,
    occurred_at = s.occurred_at, updated_at = s.updated_at, amount = s.amount, currency = s.currency, body = s.body,
    prose = s.prose, facts_version = s.facts_version, seen_at = greatest(r.seen_at, :seen_at), gone_at = null,
    direct_at = greatest(r.direct_at, cast(:direct_at as timestamptz))
from staged s where s.outcome = 'UPDATED' and r.system = :system and r.id = s.record_id
"""

_MARK_SEEN = """
update records r set
    seen_at = greatest(r.seen_at, :seen_at),
    direct_at = greatest(r.direct_at, cast(:direct_at as timestamptz)),
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
where s.outcome = 'UPDATED' and k.system = :system and k.record_id = s.record_id
"""

_ADD_KEYS = """
insert into record_keys (system, record_id, kind, name, value, occurred_at)
select :system, s.record_id, s.kind, key ->> 0, key ->> 1, s.occurred_at
from staged s cross join lateral jsonb_array_elements(s.keys) key
where s.outcome in ('CREATED', 'UPDATED')
"""

_ADD_PENDING = """
insert into pending_items (system, kind, external_id, raw)
select :system, kind, external_id, raw from staged where outcome = 'PENDING'
on conflict (system, kind, external_id) do update set raw = excluded.raw
"""

_DELETE_SETTLED = """
delete from pending_items p using unnest(cast(:kinds as text[]), cast(:ids as text[])) s(kind, external_id)
where p.system = :system and p.kind = s.kind and p.external_id = s.external_id
"""


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

    See ``hub.sync.ingest`` for ``settle``.
    """

    seen_at: datetime
    listed: bool
    settle: bool
    newest: int | None = None


async def upsert(db: AsyncConnection, system: str, rows: Sequence[Row], context: BatchContext) -> list[Outcome]:
    """Store ``rows``, at most one of each record; return the outcome of each."""
    if not rows:
        return []
    compared = await compare(db, system, rows, settle=context.settle, newest=context.newest)
    counts = Counter(each.outcome for each in compared)
    params = {"system": system, "seen_at": context.seen_at, "direct_at": None if context.listed else context.seen_at}
    if counts[Outcome.CREATED] or counts[Outcome.UPDATED] or counts[Outcome.PENDING]:
        await _stage(db, [each for each in compared if each.outcome in _STAGED])
    if counts[Outcome.CREATED]:
        await db.execute(text(_INSERT), params)
    if counts[Outcome.UPDATED]:
        await db.execute(text(_UPDATE), params)
        await db.execute(text(_DROP_KEYS), params)
    if counts[Outcome.CREATED] or counts[Outcome.UPDATED]:
        await db.execute(text(_ADD_KEYS), params)
    if counts[Outcome.PENDING]:
        await db.execute(text(_ADD_PENDING), params)
    await _mark_unchanged(db, params, [each for each in compared if each.outcome in _UNCHANGED])
    await _delete_settled(db, system, [each.row.key for each in compared if each.outcome in _SETTLES])
    return [each.outcome for each in compared]


async def _stage(db: AsyncConnection, compared: Sequence[Comparison]) -> None:
    await db.execute(text(_STAGE))
    await db.execute(text("truncate staged"))
    async with (await driver_connection(db)).cursor() as cursor, cursor.copy(_COPY) as copy:
        for record_id, outcome, row in compared:
            record = row.record
            await copy.write_row(
                (
                    record_id,
                    outcome,
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
                    orjson.dumps(row.keys).decode(),
                    orjson.dumps(row.raw).decode() if outcome is Outcome.PENDING else None,
                    record.facts_version,
                )
            )


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
    params = {"system": system, "kinds": [kind for kind, _ in keys], "ids": [id_ for _, id_ in keys]}
    await db.execute(text(_DELETE_SETTLED), params)


async def pop_pending(db: AsyncConnection, system: str) -> list[Raw]:
    """Delete and return the pending items at the end of a run, to be applied in this transaction."""
    found = await db.execute(text("delete from pending_items where system = :system returning raw"), {"system": system})
    return [raw for (raw,) in found]


async def delete_pending(db: AsyncConnection, system: str) -> None:
    """Delete the pending items when a run starts over, because it will list them again."""
    await db.execute(text("delete from pending_items where system = :system"), {"system": system})


@dataclass(frozen=True, slots=True)
class FullRunScope:
    """What a full run of ``system`` lists: what occurred since ``horizon`` (None: everything).

    Records received directly since ``direct_since`` may not be listed yet.
    """

    system: str
    horizon: datetime | None
    direct_since: datetime


@dataclass(frozen=True, slots=True)
class UnseenCounts:
    """How many records a full run should have listed, and how many of these it did not."""

    expected: int
    missing: int


_LISTED = """system = :system and gone_at is null and (direct_at is null or direct_at < :direct_since)
    and (cast(:horizon as timestamptz) is null or occurred_at >= :horizon)"""


async def count_unseen(
    db: AsyncConnection, scope: FullRunScope, not_seen_since: datetime, known_missing_since: datetime | None
) -> UnseenCounts:
    """Count what a complete full run that began at ``not_seen_since`` did not list.

    Records missing since ``known_missing_since`` already are left out.
    """
    found = await db.execute(
        text(
            "select count(*) as expected, count(*) filter (where seen_at < :since) as missing from records"  # noqa: S608
            f" where {_LISTED} and (cast(:known as timestamptz) is null or seen_at >= :known)"
        ),
        {**asdict(scope), "since": not_seen_since, "known": known_missing_since},
    )
    return UnseenCounts(**found.mappings().one())


async def mark_gone(db: AsyncConnection, scope: FullRunScope, not_seen_since: datetime) -> list[str]:
    """Mark what was last seen before ``not_seen_since`` as gone; return the external ids."""
    result = await db.scalars(
        text(f"update records set gone_at = now() where {_LISTED} and seen_at < :since returning external_id"),  # noqa: S608
        {**asdict(scope), "since": not_seen_since},
    )
    return list(result)


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
                " direct_at = greatest(direct_at, cast(:direct_at as timestamptz))"
                " where system = :system and external_id = any(:ids)"
            ),
            {
                "system": system,
                "ids": external_ids,
                "seen_at": context.seen_at,
                "direct_at": None if context.listed else context.seen_at,
            },
        )
