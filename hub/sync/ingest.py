"""The one way in: raw items of one system become records, set by set (pull, push, bulk, refresh).

Personal columns are dropped first, before anything is stored or mapped. An unreadable item goes to
quarantine with its stripped raw form and the reason; an item whose only fault is an unknown code is
kept as a record too. A repeated or older item changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from hub.connectors.base import Connector, Raw
from hub.store.ingest import fetching, quarantine, records
from hub.store.ingest.outcomes import Fate, Outcome
from hub.store.ingest.quarantine import Fault
from hub.store.sealing import Seal
from hub.sync import batch
from hub.sync.batch import Batch
from hub.sync.files import noted
from hub.sync.merge import Merge


@dataclass(slots=True)
class Tally:
    """What became of a batch: counts of items."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    stale: int = 0
    pending: int = 0
    quarantined: int = 0
    nameless: int = 0
    """Of those in quarantine, how many could not even be told by an id."""

    def add(self, other: Tally) -> None:
        """Add another batch's counts."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a batch, as a whole and item by item."""

    tally: Tally
    fates: list[Fate]


class Ingest:
    """Takes batches of one connector's items on a connection whose transaction says its cause."""

    def __init__(self, connector: Connector, seal: Seal) -> None:
        self._connector = connector
        self._seal = seal
        self._merge = Merge(connector, seal)

    async def batch(
        self, connection: AsyncConnection, items: Iterable[Raw], seen_at: datetime, *, settle: bool = True
    ) -> Tally:
        """Store ``items``, in feed order; ``settle`` as in ``take``."""
        return (await self.take(connection, items, seen_at, settle=settle)).tally

    async def take(
        self, connection: AsyncConnection, items: Iterable[Raw], seen_at: datetime, *, settle: bool = True
    ) -> Taken:
        """Store ``items``, in feed order, and say of each what became of it.

        ``settle`` says that no later item of this run can speak of the same records; without it, an
        item that contradicts a record of equal version waits until ``settle`` is called.
        """
        name, read = self._connector.name, batch.read(self._connector, self._seal, items)
        await records.alone(connection, name)
        outcomes = await records.upsert(connection, name, list(read.rows.values()), seen_at, settle=settle)
        stored = dict(zip(read.rows, outcomes, strict=True))
        await quarantine.put(connection, name, read.faults, seen_at)
        await quarantine.clear(connection, name, read.clean(stored))
        await records.touch(connection, name, read.unread_ids, seen_at)
        await fetching.note(connection, name, noted(self._connector, read, stored))
        unfit = await self._merge.take(connection, read, stored)
        await quarantine.put(connection, name, unfit, seen_at)
        return Taken(_tally(read, outcomes, unfit), read.fates(stored))

    async def settle(self, connection: AsyncConnection, seen_at: datetime) -> Tally:
        """Apply what waited for the end of the run."""
        await records.alone(connection, self._connector.name)
        items = await records.take_pending(connection, self._connector.name)
        tally = await self.batch(connection, items, seen_at) if items else Tally()
        await self._merge.catch_up(connection)
        return tally

    async def replay(self, connection: AsyncConnection, ids: Sequence[int]) -> tuple[int, int]:
        """Read anew what is in quarantine under ``ids`` of this system: how many there were, and how many came back."""
        await records.alone(connection, self._connector.name)
        entries = await quarantine.take(connection, self._connector.name, ids)
        if not entries:
            return 0, 0
        # They were seen when they came, not now: a full run must still be able to find them gone.
        seen_at = max(entry.last_at for entry in entries)
        tally = await self.batch(connection, [entry.raw for entry in entries], seen_at)
        return len(entries), tally.quarantined


def _tally(read: Batch, outcomes: list[Outcome], unfit: list[Fault]) -> Tally:
    counts = Counter(outcomes)
    return Tally(
        created=counts[Outcome.CREATED],
        updated=counts[Outcome.UPDATED],
        unchanged=counts[Outcome.UNCHANGED] + read.repeated,
        stale=counts[Outcome.STALE],
        pending=counts[Outcome.PENDING],
        quarantined=len(read.faults) + len(unfit),
        nameless=read.nameless,
    )
