"""Ingest: turns batches of raw items of one system into records, the same for pulls, uploads and webhooks.

Only the declared columns of an item are mapped and stored. An invalid item goes to quarantine with these columns and
the reason, free text encrypted. An item whose only error is an unknown code is stored as a record as well. A repeated
or older item changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from hub.connectors.base import Connector
from hub.contract import Raw
from hub.http_client.source_clock import MARGIN, RESOLUTION
from hub.store.agreement.refresh import refresh
from hub.store.encryption import FieldCipher
from hub.store.ingest import file_downloads, quarantine, records
from hub.store.ingest.outcomes import ItemResult, Outcome
from hub.store.ingest.quarantine import RejectedItem
from hub.store.ingest.rows import RecordKey
from hub.sync import batch
from hub.sync.batch import Batch
from hub.sync.correlation import Correlator
from hub.sync.record_files import file_names

_CHANGED = frozenset({Outcome.CREATED, Outcome.UPDATED})


@dataclass(slots=True)
class Tally:
    """The number of items of a batch by outcome."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    stale: int = 0
    pending: int = 0
    quarantined: int = 0
    unidentified: int = 0
    """Quarantined items without a readable id."""
    in_future: int = 0
    """Items with a time of change in the future."""

    def add(self, other: Tally) -> None:
        """Add another batch's counts."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(frozen=True, slots=True)
class BatchResult:
    """The outcome of a batch, as a whole and item by item."""

    tally: Tally
    results: list[ItemResult]


class Ingest:
    """Stores batches of one connector's items, on a connection whose transaction has a cause."""

    def __init__(self, connector: Connector, cipher: FieldCipher) -> None:
        self._connector = connector
        self._cipher = cipher
        self._correlator = Correlator(connector, cipher)

    async def store(
        self,
        db: AsyncConnection,
        items: Iterable[Raw],
        seen_at: datetime,
        *,
        settle: bool = True,
        listed: bool = False,
    ) -> Tally:
        """Store ``items``, in feed order, and return the counts; parameters as in ``store_items``."""
        return (await self.store_items(db, items, seen_at, settle=settle, listed=listed)).tally

    async def store_items(
        self,
        db: AsyncConnection,
        items: Iterable[Raw],
        seen_at: datetime,
        *,
        settle: bool = True,
        listed: bool = False,
    ) -> BatchResult:
        """Store ``items``, in feed order, and return the result of each; parameters as in ``store_batch``."""
        parsed = batch.read_items(self._connector, self._cipher, items, seen_at)
        return await self.store_batch(db, parsed, seen_at, settle=settle, listed=listed)

    async def read(self, items: Iterable[Raw], now: datetime) -> Batch:
        """Map ``items`` to a batch for ``store_batch``; what else runs meanwhile, such as its storing, goes on."""
        return await batch.read_items_in_turn(self._connector, self._cipher, items, now)

    async def store_batch(
        self,
        db: AsyncConnection,
        parsed: Batch,
        seen_at: datetime,
        *,
        settle: bool = True,
        listed: bool = False,
        run: datetime | None = None,
    ) -> BatchResult:
        """Store a batch and return the result of each of its items.

        ``settle``: no later item of this run can be about the same records. Without it, an item that contradicts a
        record of equal version is pending until ``finish_run``. ``listed``: the items are from a listing. Items that
        arrived directly, by an upload, a webhook or a point lookup, may not be listed yet. ``run`` is the start of the
        full run that listed them, if it lists everything.
        """
        name = self._connector.name
        await records.lock_system(db, name)
        context = records.BatchContext(seen_at, listed, settle, self._newest_version(), run)
        outcomes = await records.upsert(db, name, list(parsed.rows.values()), context)
        stored = dict(zip(parsed.rows, outcomes, strict=True))
        await self._quarantine(db, parsed.rejected, seen_at)
        await quarantine.clear_resolved(db, name, parsed.known_records(stored))
        await records.mark_seen(db, name, parsed.unread_ids, context)
        await file_downloads.add(db, name, file_names(self._connector, parsed, stored))
        refused = await self._correlator.correlate(db, parsed, stored)
        await self._quarantine(db, refused, seen_at)
        await self._compare(db, stored)
        return BatchResult(_tally(parsed, outcomes, refused, self._latest_time()), parsed.results(stored))

    async def _compare(self, db: AsyncConnection, stored: Mapping[RecordKey, Outcome]) -> None:
        """Compare the records that changed with those of the other register, if the system is one of two."""
        register = self._connector.register
        if register is not None:
            changed = [id_ for (kind, id_), outcome in stored.items() if kind == register.kind and outcome in _CHANGED]
            await refresh(db, self._connector.name, changed, self._connector.name)

    def _newest_version(self) -> int | None:
        """Return the greatest possible version by the system's clock; None if its versions are not times."""
        clock = self._connector.http.clock
        at = clock.now(datetime.now(UTC)) + (MARGIN if clock.offset is None else RESOLUTION)
        return int(at.timestamp()) if self._connector.versions_are_times else None

    def _latest_time(self) -> datetime:
        """Return the latest possible time of a change, by the clock of the hub or the system, whichever is ahead."""
        now = datetime.now(UTC)
        return max(now, self._connector.http.clock.now(now)) + MARGIN

    async def _quarantine(self, db: AsyncConnection, rejected: Sequence[RejectedItem], at: datetime) -> None:
        items = [batch.to_quarantine(self._connector, self._cipher, each) for each in rejected]
        await quarantine.add(db, self._connector.name, items, at)

    async def finish_run(self, db: AsyncConnection, seen_at: datetime) -> Tally:
        """Apply the pending items at the end of a run, and return their counts."""
        await records.lock_system(db, self._connector.name)
        items = await records.pop_pending(db, self._connector.name)
        tally = await self.store(db, items, seen_at, listed=True) if items else Tally()
        await self._correlator.catch_up(db)
        return tally

    async def replay(self, db: AsyncConnection, ids: Sequence[int]) -> tuple[int, int]:
        """Ingest the quarantine entries ``ids`` again; return how many there were and how many are invalid again."""
        entries, result = await self.replay_each(db, ids)
        return len(entries), result.tally.quarantined

    async def replay_each(
        self, db: AsyncConnection, ids: Sequence[int]
    ) -> tuple[list[quarantine.QuarantineEntry], BatchResult]:
        """Do the same; return the entries there were, in order of receipt, and the results of their items."""
        await records.lock_system(db, self._connector.name)
        entries = await quarantine.remove_for_replay(db, self._connector.name, ids)
        if not entries:
            return [], BatchResult(Tally(), [])
        # They were seen when they arrived, not now: a full run must still be able to find them gone.
        seen_at = max(entry.last_at for entry in entries)
        items = [batch.decrypt_item(self._cipher, entry) for entry in entries]
        return entries, await self.store_items(db, items, seen_at, listed=True)


def _tally(parsed: Batch, outcomes: list[Outcome], refused: list[RejectedItem], latest: datetime) -> Tally:
    counts = Counter(outcomes)
    return Tally(
        created=counts[Outcome.CREATED],
        updated=counts[Outcome.UPDATED],
        unchanged=counts[Outcome.UNCHANGED] + parsed.duplicates,
        stale=counts[Outcome.STALE],
        pending=counts[Outcome.PENDING],
        quarantined=len(parsed.rejected) + len(refused),
        unidentified=parsed.unidentified,
        in_future=sum(row.record.updated_at > latest for row in parsed.rows.values()),
    )
