"""Upserting records: a batch is staged by COPY, compared with what is stored, and applied in sets.

One batch of a system at a time (a transaction lock), so that two ways in cannot overtake each other
between the comparison and the write.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import orjson
import psycopg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.connectors.base import Raw
from hub.store.ingest.joining import with_held
from hub.store.ingest.rows import Row


class Outcome(StrEnum):
    """What became of one item that was told."""

    CREATED = "CREATED"
    UPDATED = "UPDATED"
    UNCHANGED = "UNCHANGED"
    STALE = "STALE"
    """Older than what is stored."""
    PENDING = "PENDING"
    """It contradicts what is stored with an equal version, and the run has not told its last word."""
    QUARANTINED = "QUARANTINED"
    """It could not be read whole; where only a code is unknown, it was stored all the same."""
    REFUSED = "REFUSED"
    """It is no item at all, and nothing of it was kept."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one item: of which record it tells, if that could be read, and why it was not taken, if so."""

    outcome: Outcome
    kind: str | None = None
    external_id: str | None = None
    reason: str | None = None


_STAGE = """
create temp table if not exists staged (
    number int, kind text, external_id text, version bigint, digest bytea, status text, told text, final boolean,
    secret boolean, occurred_at timestamptz, updated_at timestamptz, amount numeric, currency text, body jsonb,
    prose jsonb, keys jsonb, raw jsonb, doubtable boolean, facts_version bigint, record_id bigint, outcome text
) on commit delete rows
"""

_COPY = """
copy staged (number, kind, external_id, version, digest, status, told, final, secret, occurred_at, updated_at, amount,
             currency, body, prose, keys, raw, doubtable, facts_version) from stdin
"""

_COMPARE = """
update staged s set
    record_id = coalesce(c.id, nextval('record_ids')),
    outcome = case
        when c.id is null then 'CREATED'
        when s.version < c.version then 'STALE'
        when s.digest = c.digest then 'UNCHANGED'
        when s.version = c.version and s.facts_version is not distinct from c.facts_version
             and not cast(:settle as boolean) then 'PENDING'
        else 'UPDATED' end,
    status = case
        when s.doubtable and s.version = c.version and s.final and c.final and s.status <> c.status
        then 'IN_DOUBT' else s.status end
from (
    select asked.number, r.* from staged asked left join lateral (
        select id, version, facts_version, digest, final, status from records
        where system = :system and kind = asked.kind and external_id = asked.external_id limit 1) r on true
) c
where c.number = s.number
"""
# The limit keeps PostgreSQL from reading the whole partition for a batch, which it deems cheaper up to a million rows.

_INSERT = """
insert into records (system, id, kind, external_id, version, digest, status, told, final, secret, occurred_at,
                     updated_at, amount, currency, body, prose, facts_version, seen_at)
select :system, record_id, kind, external_id, version, digest, status, told, final, secret, occurred_at, updated_at,
       amount, currency, body, prose, facts_version, :seen_at
from staged where outcome = 'CREATED'
"""

_UPDATE = """
update records r set
    version = s.version, digest = s.digest, status = s.status, told = s.told, final = s.final, secret = s.secret,
    occurred_at = s.occurred_at, updated_at = s.updated_at, amount = s.amount, currency = s.currency, body = s.body,
    prose = s.prose, facts_version = s.facts_version, seen_at = :seen_at, gone_at = null
from staged s where s.outcome = 'UPDATED' and r.system = :system and r.id = s.record_id
"""

_SEEN = """
update records r set
    seen_at = :seen_at,
    gone_at = case when s.outcome = 'STALE' then r.gone_at end,
    version = greatest(r.version, s.version),
    facts_version = greatest(r.facts_version, s.facts_version)
from staged s where s.outcome in ('UNCHANGED', 'STALE', 'PENDING') and r.system = :system and r.id = s.record_id
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

_WAIT = """
insert into pending_items (system, kind, external_id, raw)
select :system, kind, external_id, raw from staged where outcome = 'PENDING'
on conflict (system, kind, external_id) do update set raw = excluded.raw
"""

_SETTLED = """
delete from pending_items p using staged s
where p.system = :system and p.kind = s.kind and p.external_id = s.external_id
  and s.outcome in ('CREATED', 'UPDATED', 'UNCHANGED')
"""


async def upsert(
    connection: AsyncConnection, system: str, rows: Sequence[Row], seen_at: datetime, *, settle: bool
) -> list[Outcome]:
    """Store ``rows``, at most one of each record, and say of each what became of it, ``PENDING`` at the last.

    See ``hub.sync.ingest`` for ``settle``.
    """
    if not rows:
        return []
    await connection.execute(
        text("select pg_advisory_xact_lock(hashtextextended('ingest ' || :system, 0))"), {"system": system}
    )
    await _stage(connection, await with_held(connection, system, rows))
    given = {"system": system, "seen_at": seen_at, "settle": settle}
    await connection.execute(text(_COMPARE), given)
    outcomes = await _outcomes(connection)
    counts = Counter(outcomes)
    if counts[Outcome.CREATED]:
        await connection.execute(text(_INSERT), given)
    if counts[Outcome.UPDATED]:
        await connection.execute(text(_UPDATE), given)
        await connection.execute(text(_DROP_KEYS), given)
    if counts[Outcome.CREATED] or counts[Outcome.UPDATED]:
        await connection.execute(text(_ADD_KEYS), given)
    if counts[Outcome.UNCHANGED] or counts[Outcome.STALE] or counts[Outcome.PENDING]:
        await connection.execute(text(_SEEN), given)
    await connection.execute(text(_SETTLED), given)
    if counts[Outcome.PENDING]:
        await connection.execute(text(_WAIT), given)
    await connection.execute(text("truncate staged"))
    return outcomes


async def driver(connection: AsyncConnection) -> psycopg.AsyncConnection[Any]:
    """The psycopg connection beneath, for COPY and for deferring jobs in the same transaction."""
    raw = await connection.get_raw_connection()
    driven = raw.driver_connection
    assert isinstance(driven, psycopg.AsyncConnection)
    return driven


async def _stage(connection: AsyncConnection, rows: Sequence[Row]) -> None:
    await connection.execute(text(_STAGE))
    async with (await driver(connection)).cursor() as cursor, cursor.copy(_COPY) as copy:
        for number, row in enumerate(rows):
            record = row.record
            await copy.write_row(
                (
                    number,
                    record.facts.kind,
                    record.external_id,
                    record.version,
                    row.digest,
                    record.status,
                    record.told,
                    record.final,
                    record.secret,
                    record.occurred_at,
                    record.updated_at,
                    record.amount,
                    record.currency if record.amount is not None else None,
                    orjson.dumps(row.body).decode(),
                    orjson.dumps(row.prose).decode(),
                    orjson.dumps(row.keys).decode(),
                    orjson.dumps(row.raw).decode(),
                    row.can_be_in_doubt,
                    record.facts_version,
                )
            )


async def _outcomes(connection: AsyncConnection) -> list[Outcome]:
    found = await connection.execute(text("select outcome from staged order by number"))
    return [Outcome(outcome) for outcome in found.scalars()]


async def take_pending(connection: AsyncConnection, system: str) -> list[Raw]:
    """The items that waited for the end of the run; they are taken, so apply them in this transaction."""
    found = await connection.execute(
        text("delete from pending_items where system = :system returning raw"), {"system": system}
    )
    return [raw for (raw,) in found]


async def forget_pending(connection: AsyncConnection, system: str) -> None:
    """Drop what waits: the run starts over and will tell it again."""
    await connection.execute(text("delete from pending_items where system = :system"), {"system": system})


async def mark_gone(
    connection: AsyncConnection, system: str, not_seen_since: datetime, horizon: datetime | None
) -> int:
    """Mark what a complete full run that began at ``not_seen_since`` did not list; returns how many."""
    result = await connection.execute(
        text(
            "update records set gone_at = now() where system = :system and gone_at is null and seen_at < :since"
            " and (cast(:horizon as timestamptz) is null or occurred_at >= :horizon)"
        ),
        {"system": system, "since": not_seen_since, "horizon": horizon},
    )
    return result.rowcount


async def count_anew(connection: AsyncConnection) -> None:
    """Let PostgreSQL take the statistics of records and their keys, without which its plans are guesses.

    Autovacuum does so up to a minute after a large pull, and never for a partitioned table as a whole.
    """
    await connection.execute(text("analyze records, record_keys"))


async def touch(connection: AsyncConnection, system: str, external_ids: list[str], seen_at: datetime) -> None:
    """Note that the system still lists these, though their items could not be read."""
    if external_ids:
        await connection.execute(
            text("update records set seen_at = :seen_at where system = :system and external_id = any(:ids)"),
            {"system": system, "ids": external_ids, "seen_at": seen_at},
        )


async def known_ids(connection: AsyncConnection, system: str, after: str, limit: int) -> list[str]:
    """External ids of records that are not final, in order, for systems that cannot list."""
    found = await connection.execute(
        text(
            "select external_id from records where system = :system and not final and gone_at is null"
            " and external_id > :after order by external_id limit :limit"
        ),
        {"system": system, "after": after, "limit": limit},
    )
    return list(found.scalars())
