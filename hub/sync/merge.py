"""What records mean for complaints, in the transaction that takes them in: links, shared fields, new complaints.

A record that is a complaint's counterpart says where the matter stands there; one that asks for an answer of ours and
is nobody's becomes a complaint, once. All of it may come again, late or in another order: the same comes of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from hub.complaints.adopting import means
from hub.complaints.calendar import JAKARTA
from hub.connectors.base import Connector, Record
from hub.connectors.sharing import Told
from hub.errors import BadRecord
from hub.store.exchange import counterparts, hearing, intake
from hub.store.exchange.counterparts import CLAIMS, Claim
from hub.store.exchange.intake import Wanted
from hub.store.ingest.outcomes import Outcome
from hub.store.ingest.quarantine import Fault
from hub.store.ingest.recall import recall
from hub.store.ingest.rows import Place
from hub.store.sealing import Seal
from hub.sync.batch import Batch

_PASSED_OVER = frozenset({Outcome.STALE, Outcome.PENDING})
"""What is older than the stored record, or not its last word yet, says nothing new."""


class Merge:
    """Merges one connector's records; the system's lock is held by who takes them in."""

    def __init__(self, connector: Connector, seal: Seal) -> None:
        self._connector, self._seal = connector, seal
        self._name = connector.name
        self._shared = {each.field: each for each in connector.shared}
        self._takes_in = type(connector).intake is not Connector.intake

    @property
    def idle(self) -> bool:
        """Whether the connector's records mean nothing for complaints."""
        return not self._shared and not self._takes_in

    async def take(self, db: AsyncConnection, batch: Batch, outcomes: Mapping[Place, Outcome]) -> list[Fault]:
        """Merge a batch that was stored; what cannot become a complaint comes back with the reason."""
        if self.idle:
            return []
        records = [row.record for place, row in batch.rows.items() if outcomes[place] not in _PASSED_OVER]
        complaints, claimed = await self._linked(db, records)
        await self._hear(db, records, complaints)
        if not self._takes_in:
            return []
        left = [one for one in records if one.external_id not in complaints and one.external_id not in claimed]
        wanted, faults = self._wanted(left, batch)
        new = await intake.take_in(db, self._seal, self._name, self._connector.channel, wanted, datetime.now(UTC))
        await self._hear(db, left, dict(new), silent=True)
        return faults

    async def catch_up(self, db: AsyncConnection) -> None:
        """At the end of a run: links made since the last one beside the records, and words that waited to be heard."""
        if self.idle:
            return
        late = dict(await counterparts.link_late(db, self._name))
        if late:
            await self._hear(db, await recall(db, self._name, self._connector.kinds, list(late)), late)
        told = await counterparts.told_lately(db, self._name)
        if told:
            await hearing.review(db, self._name, self._shared, told)

    async def _linked(self, db: AsyncConnection, records: Sequence[Record]) -> tuple[dict[str, int], set[str]]:
        """The complaints of those records that have one; all that claim one, though that may have another record."""
        known = await counterparts.linked(db, self._name, [each.external_id for each in records])
        claims = [
            Claim(each.external_id, key.name, key.value)
            for each in records
            if each.external_id not in known
            for key in each.keys
            if key.name in CLAIMS
        ]
        new, claimed = await counterparts.match(db, self._name, claims)
        return known | dict(new), claimed

    async def _hear(
        self, db: AsyncConnection, records: Iterable[Record], complaints: Mapping[str, int], *, silent: bool = False
    ) -> None:
        heard = {complaints[each.external_id]: self._told(each) for each in records if each.external_id in complaints}
        if heard:
            await hearing.hear(db, self._name, self._shared, heard, silent=silent)

    def _told(self, record: Record) -> dict[str, Told]:
        """What a record says that a complaint can say too."""
        told, today = self._connector.theirs(record), datetime.now(JAKARTA).date()
        return {name: word for name, word in told.items() if name in self._shared and means(name, word.value, today)}

    def _wanted(self, records: Iterable[Record], batch: Batch) -> tuple[list[Wanted], list[Fault]]:
        wanted, faults = [], []
        for record in records:
            place = record.facts.kind, record.external_id
            try:
                asked = self._connector.intake(batch.whole[place], record)
                if asked:
                    wanted.append(intake.wanted(record.external_id, asked, record.keys))
            except BadRecord as bad:
                faults.append(Fault(batch.rows[place].raw, bad.reason, *place))
        return wanted, faults
