"""Change detection: decides for each received row whether it creates, updates or confirms the stored record.

A system may send the same record any number of times, late, or in another order. A row is compared with the stored
record by two values: its *version*, which orders what the system reports of one record, and its *digest*, a hash of the
content:

- a row with a lower version is STALE; it changes nothing, unless the stored version is impossible by the clock;
- a row with an equal digest is UNCHANGED; at most its version and the time it was last seen are updated. If the stored
  record is marked as gone, it is UPDATED: it exists again;
- a row of equal version with another digest contradicts the stored record. Within a run it is PENDING, because a later
  page may have a newer version; at the end of the run the last one applies, and two different final statuses put the
  record in doubt (see ``Row.with_contradiction``);
- any other row is UPDATED; a row without a stored record is CREATED.

The result depends on the versions alone and not on the order of arrival. The caller holds the lock of the system, so
that nothing is written between the comparison and the write.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.database import execute
from hub.store.ingest.outcomes import Outcome
from hub.store.ingest.partial_updates import merge_with_stored
from hub.store.ingest.record_key_list import RECORD_KEYS, record_key_params
from hub.store.ingest.rows import RecordKey, Row

# The limit keeps PostgreSQL from reading the whole partition for a batch, which it estimates to be cheaper up to a
# million rows.
_STORED = f"""
select r.*, (select greatest(full_started_at, absent_at) from systems where name = %(system)s) as run_since
from {RECORD_KEYS} as requested(kind, external_id)
cross join lateral (
    select id, kind, external_id, version, facts_version, digest, final, status, gone_at, seen_at, direct_at, missed_at
    from records where system = %(system)s and kind = requested.kind and external_id = requested.external_id limit 1) r
"""  # noqa: S608 - only a constant is interpolated
_NEW_IDS = "select array(select nextval('record_ids') from generate_series(1, %(count)s)) as ids"


class Comparison(NamedTuple):
    """A row to be stored, the id of its record, the outcome, and the stored record.

    ``run_since`` in the stored record is when the last full run began that has not ended or waits for a confirmation.
    """

    record_id: int
    outcome: Outcome
    row: Row
    stored: Mapping[Any, Any] | None = None


async def compare(
    db: AsyncConnection, system: str, rows: Sequence[Row], *, settle: bool, newest: int | None
) -> list[Comparison]:
    """Compare ``rows``, at most one of each record, with the stored records; new records get their ids.

    ``settle`` as in ``hub.sync.ingest``. A stored version greater than ``newest`` is from a wrong clock, so a lower
    version is not stale then.
    """
    stored = await _stored_rows(db, system, rows)
    changed = [row for row in rows if row.key in stored and not _is_identical(row, stored[row.key])]
    merged = {row.key: row for row in await merge_with_stored(db, system, changed)}
    new_ids = iter(await _allocate_ids(db, len(rows) - len(stored)))
    return [
        _comparison(merged.get(row.key, row), stored.get(row.key), new_ids, settle=settle, newest=newest)
        for row in rows
    ]


async def _stored_rows(db: AsyncConnection, system: str, rows: Sequence[Row]) -> dict[RecordKey, Mapping[Any, Any]]:
    found = await execute(db, _STORED, record_key_params(system, [row.key for row in rows]))
    return {(each["kind"], each["external_id"]): each for each in found}


async def _allocate_ids(db: AsyncConnection, count: int) -> Sequence[int]:
    ids: Sequence[int] = (await execute(db, _NEW_IDS, {"count": count}))[0]["ids"] if count else []
    return ids


def _is_identical(row: Row, stored: Mapping[Any, Any]) -> bool:
    """Return whether exactly this row is stored, so that a merge with the stored one would change nothing."""
    record = row.record
    return (row.digest, record.version, record.facts_version) == (
        bytes(stored["digest"]),
        stored["version"],
        stored["facts_version"],
    )


def _comparison(
    row: Row, stored: Mapping[Any, Any] | None, new_ids: Iterator[int], *, settle: bool, newest: int | None
) -> Comparison:
    if stored is None:
        return Comparison(next(new_ids), Outcome.CREATED, row)
    record = row.record
    wrong_clock = newest is not None and record.version <= newest < stored["version"]
    if record.version < stored["version"] and not wrong_clock:
        outcome = Outcome.STALE
    elif row.digest == bytes(stored["digest"]):
        outcome = Outcome.UNCHANGED if stored["gone_at"] is None else Outcome.UPDATED
    elif not settle and (record.version, record.facts_version) == (stored["version"], stored["facts_version"]):
        outcome = Outcome.PENDING
    else:
        outcome = Outcome.UPDATED
    row = row.with_contradiction(stored["version"], stored["final"], stored["status"])
    return Comparison(stored["id"], outcome, row, stored)
