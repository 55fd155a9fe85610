"""Applies ingested records to complaints, in the transaction that stores them.

- A record that is the counterpart of a complaint is reconciled with it, field by field.
- A record that refers to a complaint, but is not linked to it, becomes a claim for the complaint desk.
- A record that requests a complaint (``Connector.intake``), and is neither linked nor created by the hub, becomes one.

Every step is idempotent and independent of the order of arrival, because records can arrive repeatedly or late.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from hub.bounds import is_plausible_time
from hub.complaints.calendar import JAKARTA
from hub.complaints.field_authority import Value
from hub.complaints.shared_fields import is_valid_value
from hub.connectors.base import Connector
from hub.contract import Record
from hub.errors import BadRecord
from hub.store.encryption import FieldCipher
from hub.store.ingest.outcomes import Outcome
from hub.store.ingest.quarantine import RejectedItem
from hub.store.ingest.rehydrate import load_records
from hub.store.ingest.rows import RecordKey
from hub.store.reconciliation import claims, counterparts
from hub.store.reconciliation.claims import CLAIM_KEYS, RecordReference
from hub.store.use_cases import intake, reconciliation
from hub.store.use_cases.intake import IntakeRequest
from hub.store.use_cases.remote_changes import lock_complaints
from hub.sync.batch import Batch

_IGNORED = frozenset({Outcome.STALE, Outcome.PENDING})
"""Outcomes of items that do not describe the current state of their record."""


class Correlator:
    """Correlates one connector's records with complaints; the caller holds the lock of the system."""

    def __init__(self, connector: Connector, cipher: FieldCipher) -> None:
        self._connector, self._cipher = connector, cipher
        self._name = connector.name
        self._shared = {each.field: each for each in connector.shared}
        self._has_intake = type(connector).intake is not Connector.intake

    @property
    def idle(self) -> bool:
        """Whether the connector has neither shared fields nor an intake."""
        return not self._shared and not self._has_intake

    async def correlate(
        self, db: AsyncConnection, batch: Batch, outcomes: Mapping[RecordKey, Outcome]
    ) -> list[RejectedItem]:
        """Correlate a stored batch; return the items that requested an invalid complaint, with the reason."""
        if self.idle:
            return []
        records = [row.record for key, row in batch.rows.items() if outcomes[key] not in _IGNORED]
        complaints = await counterparts.complaint_ids(db, self._name, [each.external_id for each in records])
        likely_own = await self._record_claims(db, [each for each in records if each.external_id not in complaints])
        await self._apply(db, records, complaints)
        if not self._has_intake:
            return []
        unlinked = [each for each in records if each.external_id not in complaints.keys() | likely_own]
        requests, rejected = self._intake_requests(unlinked, batch)
        new = await intake.create_complaints(
            db, self._cipher, self._name, self._connector.channel, requests, datetime.now(UTC)
        )
        await self._apply(db, unlinked, dict(new), new_complaints=True)
        return rejected

    async def catch_up(self, db: AsyncConnection) -> None:
        """Compare links that were made since the last run, and apply remote values that waited for a delivery.

        Called at the end of a run.
        """
        if self.idle:
            return
        await claims.record_late_claims(db, self._name)
        uncompared = dict(await counterparts.uncompared_links(db, self._name))
        delivered = await counterparts.recently_delivered(db, self._name)
        # Locked together, so that the runs of two systems cannot deadlock.
        await lock_complaints(db, {*uncompared.values(), *delivered})
        if uncompared:
            stored = await load_records(db, self._name, self._connector.kinds, list(uncompared))
            await self._apply(db, stored, uncompared)
        if delivered:
            await reconciliation.recheck(db, self._name, self._shared, delivered)

    async def _record_claims(self, db: AsyncConnection, records: Sequence[Record]) -> set[str]:
        """Store the claims of records without a complaint; return the records that the hub may have created itself."""
        references = [
            RecordReference(each.external_id, key.name, key.value)
            for each in records
            for key in each.keys
            if key.name in CLAIM_KEYS
        ]
        return await claims.record_claims(db, self._name, references)

    async def _apply(
        self,
        db: AsyncConnection,
        records: Iterable[Record],
        complaints: Mapping[str, int],
        *,
        new_complaints: bool = False,
    ) -> None:
        remote = {
            complaints[each.external_id]: self._remote_values(each)
            for each in records
            if each.external_id in complaints
        }
        if remote:
            await reconciliation.apply_remote(db, self._name, self._shared, remote, new_complaints=new_complaints)

    def _remote_values(self, record: Record) -> dict[str, Value]:
        """Return the shared fields of a record whose values a complaint can have."""
        values, today = self._connector.shared_values(record), datetime.now(JAKARTA).date()
        shared = {name: value for name, value in values.items() if name in self._shared and is_plausible_time(value.at)}
        return {name: value for name, value in shared.items() if is_valid_value(name, value.value, today)}

    def _intake_requests(
        self, records: Iterable[Record], batch: Batch
    ) -> tuple[list[IntakeRequest], list[RejectedItem]]:
        requests, rejected = [], []
        for record in records:
            key = record.facts.kind, record.external_id
            try:
                content = self._connector.intake(batch.unredacted[key], record)
                if content:
                    requests.append(intake.validated_request(record.external_id, content, record.keys))
            except BadRecord as error:
                rejected.append(RejectedItem(batch.rows[key].raw, error.reason, *key))
        return requests, rejected
