"""Reads quarantined items again, after a mapping or a code table was corrected; or only shows what that would give."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from hub.connectors import registry
from hub.connectors.registry import Enabled
from hub.store.encryption import FieldCipher
from hub.store.ingest import records
from hub.store.ingest.outcomes import Outcome
from hub.store.ingest.quarantine import QuarantineEntry
from hub.store.operations.quarantine import ReplayOutcome
from hub.sync import batch
from hub.sync.ingest import Ingest

DISABLED = "its system is not enabled"


class QuarantineReplay:
    """Replays items of the enabled systems."""

    def __init__(self, enabled: Iterable[Enabled], cipher: FieldCipher) -> None:
        self._connectors = {each.name: registry.offline_connector(each) for each in enabled}
        self._cipher = cipher

    @property
    def kinds(self) -> dict[str, frozenset[str]]:
        """The kinds of each enabled system, by its name."""
        return {name: frozenset(kind.kind for kind in each.kinds) for name, each in self._connectors.items()}

    def preview(self, entries: Sequence[QuarantineEntry]) -> list[ReplayOutcome]:
        """Return what a replay would give, in order; nothing is written."""
        return [self._preview(entry) for entry in entries]

    def _preview(self, entry: QuarantineEntry) -> ReplayOutcome:
        connector = self._connectors.get(entry.system)
        if connector is None:
            return ReplayOutcome(entry.id, False, DISABLED)
        item = batch.decrypt_item(self._cipher, entry)
        read = batch.read_items(connector, self._cipher, [item], datetime.now(UTC))
        reason = read.items[0].error
        for row in read.rows.values():
            kind, external_id = row.key
            return ReplayOutcome(entry.id, reason is None, reason, kind, external_id, row.record.status, dict(row.body))
        return ReplayOutcome(entry.id, False, reason)

    async def replay(self, db: AsyncConnection, system: str, ids: Sequence[int]) -> list[ReplayOutcome]:
        """Ingest the open items ``ids`` of a system in this transaction; those that fail again get new entries."""
        connector = self._connectors.get(system)
        if connector is None:
            return [ReplayOutcome(each, False, DISABLED) for each in ids]
        await records.lock_system(db, system)
        entries, result = await Ingest(connector, self._cipher).replay_each(db, ids)
        return [
            ReplayOutcome(entry.id, each.outcome is not Outcome.QUARANTINED, each.reason, each.kind, each.external_id)
            for entry, each in zip(entries, result.results, strict=True)
        ]
