"""Upserting records: a batch is compared with what is stored; what is new of it is staged by COPY and applied in sets.

One batch of a system at a time, so that two ways in cannot overtake each other between the comparison and the write.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.connectors.base import Raw
from hub.store.database import driver
from hub.store.ingest.comparing import Compared, compare
from hub.store.ingest.outcomes import Outcome
from hub.store.ingest.rows import Place, Row

_STAGED = frozenset({Outcome.CREATED, Outcome.UPDATED, Outcome.PENDING})
_NOTED = frozenset({Outcome.UNCHANGED, Outcome.STALE, Outcome.PENDING})
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
                     updated_at, amount, currency, body, prose, facts_version, seen_at)
select :system, record_id, kind, external_id, version, digest, status, told, final, secret, occurred_at, updated_at,
       amount, currency, body, prose, facts_version, :seen_at
from staged where outcome = 'CREATED'
"""

_UPDATE = """
update records r set
    version = s.version, digest = s.digest, status = s.status, told = s.told, final = s.final, secret = s.secret,
    occurred_at = s.occurred_at, updated_at = s.updated_at, amount = s.amount, currency = s.currency, body = s.body,
    prose = s.prose, facts_version = s.facts_version, seen_at = greatest(r.seen_at, :seen_at), gone_at = null
from staged s where s.outcome = 'UPDATED' and r.system = :system and r.id = s.record_id
"""

_SEEN = """
update records r set
    seen_at = greatest(r.seen_at, :seen_at),
    gone_at = case when s.stale then r.gone_at end,
    version = greatest(r.version, s.version),
    facts_version = greatest(r.facts_version, s.facts_version)
from unnest(cast(:ids as bigint[]), cast(:stale as boolean[]), cast(:versions as bigint[]),
            cast(:facts_versions as bigint[])) s(id, stale, version, facts_version)
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

_WAIT = """
insert into pending_items (system, kind, external_id, raw)
select :system, kind, external_id, raw from staged where outcome = 'PENDING'
on conflict (system, kind, external_id) do update set raw = excluded.raw
"""

_SETTLED = """
delete from pending_items p using unnest(cast(:kinds as text[]), cast(:ids as text[])) s(kind, external_id)
where p.system = :system and p.kind = s.kind and p.external_id = s.external_id
"""


async def alone(connection: AsyncConnection, system: str) -> None:
    """Be the only one who writes what a system's records say, until this transaction ends.

    Before anything else that is written with them, such as the quarantine: else two could wait for each other.
    """
    await connection.execute(
        text("select pg_advisory_xact_lock(hashtextextended('ingest ' || :system, 0))"), {"system": system}
    )


async def upsert(
    connection: AsyncConnection, system: str, rows: Sequence[Row], seen_at: datetime, *, settle: bool
) -> list[Outcome]:
    """Store ``rows``, at most one of each record, and say of each what became of it, ``PENDING`` at the last.

    See ``hub.sync.ingest`` for ``settle``.
    """
    if not rows:
        return []
    compared = await compare(connection, system, rows, settle=settle)
    counts = Counter(each.outcome for each in compared)
    given = {"system": system, "seen_at": seen_at}
    if counts[Outcome.CREATED] or counts[Outcome.UPDATED] or counts[Outcome.PENDING]:
        await _stage(connection, [each for each in compared if each.outcome in _STAGED])
    if counts[Outcome.CREATED]:
        await connection.execute(text(_INSERT), given)
    if counts[Outcome.UPDATED]:
        await connection.execute(text(_UPDATE), given)
        await connection.execute(text(_DROP_KEYS), given)
    if counts[Outcome.CREATED] or counts[Outcome.UPDATED]:
        await connection.execute(text(_ADD_KEYS), given)
    if counts[Outcome.PENDING]:
        await connection.execute(text(_WAIT), given)
    await _note(connection, given, [each for each in compared if each.outcome in _NOTED])
    await _settled(connection, system, [each.row.place for each in compared if each.outcome in _SETTLES])
    return [each.outcome for each in compared]


async def _stage(connection: AsyncConnection, compared: Sequence[Compared]) -> None:
    await connection.execute(text(_STAGE))
    await connection.execute(text("truncate staged"))
    async with (await driver(connection)).cursor() as cursor, cursor.copy(_COPY) as copy:
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
                    orjson.dumps(row.raw).decode() if outcome is Outcome.PENDING else None,
                    record.facts_version,
                )
            )


async def _note(connection: AsyncConnection, given: Mapping[str, Any], compared: Sequence[Compared]) -> None:
    """Note that the system told of these, which are no news."""
    if compared:
        told = {
            "ids": [each.record_id for each in compared],
            "stale": [each.outcome is Outcome.STALE for each in compared],
            "versions": [each.row.record.version for each in compared],
            "facts_versions": [each.row.record.facts_version for each in compared],
        }
        await connection.execute(text(_SEEN), {**given, **told})


async def _settled(connection: AsyncConnection, system: str, places: Sequence[Place]) -> None:
    given = {"system": system, "kinds": [kind for kind, _ in places], "ids": [id_ for _, id_ in places]}
    await connection.execute(text(_SETTLED), given)


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
            text(
                "update records set seen_at = greatest(seen_at, :seen_at)"
                " where system = :system and external_id = any(:ids)"
            ),
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
