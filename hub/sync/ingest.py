"""The one way in: raw items of one system become records, set by set (pull, push, bulk, refresh).

Personal columns are dropped first, before anything is stored or mapped. An unreadable item goes to
quarantine with its stripped raw form and the reason; an item whose only fault is an unknown code is
kept as a record too. A repeated or older item changes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.connectors.base import Connector, Raw, Record
from hub.connectors.personal import strip
from hub.errors import BadRecord
from hub.store import quarantine, records
from hub.store.records import Row
from hub.store.sealing import Seal


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


@dataclass(slots=True)
class _Sorted:
    """A batch after mapping: rows by external id (the last in feed order wins), and what could not be read."""

    rows: dict[tuple[str, str], Row] = field(default_factory=dict)
    faults: list[quarantine.Fault] = field(default_factory=list)
    repeated: int = 0
    unread_ids: list[str] = field(default_factory=list)
    nameless: int = 0


class Ingest:
    """Takes batches of one connector's items on a connection whose transaction says its cause."""

    def __init__(self, connector: Connector, seal: Seal) -> None:
        self._connector = connector
        self._seal = seal

    async def batch(
        self, connection: AsyncConnection, items: Iterable[Raw], seen_at: datetime, *, settle: bool = True
    ) -> Tally:
        """Store ``items``, in feed order.

        ``settle`` says that no later item of this run can speak of the same records; without it, an
        item that contradicts a record of equal version waits until ``settle`` is called.
        """
        sorted_ = self._sort(items)
        outcome = await records.upsert(
            connection, self._connector.name, list(sorted_.rows.values()), seen_at, settle=settle
        )
        await quarantine.put(connection, self._connector.name, sorted_.faults, seen_at)
        await quarantine.clear(
            connection, self._connector.name, [key for key, row in sorted_.rows.items() if row.clean]
        )
        await records.touch(connection, self._connector.name, sorted_.unread_ids, seen_at)
        return Tally(
            created=outcome.created,
            updated=outcome.updated,
            unchanged=outcome.unchanged + sorted_.repeated,
            stale=outcome.stale,
            pending=outcome.pending,
            quarantined=len(sorted_.faults),
            nameless=sorted_.nameless,
        )

    async def settle(self, connection: AsyncConnection, seen_at: datetime) -> Tally:
        """Apply what waited for the end of the run."""
        items = await records.take_pending(connection, self._connector.name)
        return await self.batch(connection, items, seen_at) if items else Tally()

    def _sort(self, items: Iterable[Raw]) -> _Sorted:
        sorted_ = _Sorted()
        for item in items:
            raw = storable(strip(item, self._connector.personal))
            try:
                record = fit(self._connector.map(raw))
            except BadRecord as bad:
                sorted_.faults.append(quarantine.Fault(raw, bad.reason))
                self._note_unread(sorted_, raw)
                continue
            if record.unknown:
                reason = f"{record.unknown} is unknown: {_at(raw, record.unknown, record.told)!r}"
                sorted_.faults.append(quarantine.Fault(raw, reason, record.facts.kind, record.external_id))
            self._keep(sorted_, record, raw)
        return sorted_

    def _note_unread(self, sorted_: _Sorted, raw: Raw) -> None:
        """Its system lists it all the same: it is not gone."""
        told = _at(raw, self._connector.id_path, "") if self._connector.id_path else ""
        if told != "":
            sorted_.unread_ids.append(str(told))
        else:
            sorted_.nameless += 1

    def _keep(self, sorted_: _Sorted, record: Record, raw: Raw) -> None:
        place = record.facts.kind, record.external_id
        row = self._row(record, raw)
        before = sorted_.rows.pop(place, None)
        if before is not None:
            sorted_.repeated += 1
            row = records.merged(before, row)
        sorted_.rows[place] = row

    def _row(self, record: Record, raw: Raw) -> Row:
        facts: dict[str, Any] = asdict(record.facts)  # type: ignore[call-overload]
        prose = {name: facts.pop(name) for name in record.facts.prose}
        keys = [
            (key.name, self._seal.hash(key.name, key.value).hex() if key.personal else key.value)
            for key in dict.fromkeys(record.keys)
        ]
        return Row(
            record=record, raw=raw, body=facts, prose=prose, keys=keys, digest=_digest(record, facts, prose, keys)
        )


ID_MAX = 500
AMOUNT_MAX = Decimal(10) ** 16
VERSION_MAX = 2**63 - 1


def fit(record: Record) -> Record:
    """``record`` if the store can hold it; raises ``BadRecord`` for values beyond its columns and indexes."""
    if record.amount is not None and not (record.amount.is_finite() and abs(record.amount) < AMOUNT_MAX):
        raise BadRecord("the amount is not a number the hub can hold")
    if abs(record.version) > VERSION_MAX:
        raise BadRecord("the version is not a number the hub can hold")
    indexed = [getattr(record.facts, name) for name in record.facts.indexed]
    values = [record.external_id, *(key.value for key in record.keys), *(value for value in indexed if value)]
    if any(len(value) > ID_MAX for value in values):
        raise BadRecord(f"an id, a key or a code is longer than {ID_MAX} characters")
    return record


def _at(raw: Raw, path: str, otherwise: str) -> Any:
    """What stands at a dotted path; a mapping may name a field of its own instead, whose word is ``otherwise``."""
    found: Any = raw
    for name in path.split("."):
        if not isinstance(found, dict) or name not in found:
            return otherwise
        found = found[name]
    return found


def storable(raw: Raw) -> Raw:
    """``raw`` without what PostgreSQL cannot hold: NUL and halves of surrogate pairs become � and ?."""
    try:
        if b"\\u0000" not in orjson.dumps(raw):
            return raw
    except TypeError:
        # orjson refuses broken text; what else it refuses, such as huge integers, becomes text below.
        pass
    cleaned: Raw = _storable(raw)
    return cleaned


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_storable(str(name)): _storable(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_storable(each) for each in value]
    return value if value is None or isinstance(value, bool | float) or abs(value) < 2**63 else str(value)


def _digest(record: Record, body: dict[str, Any], prose: dict[str, Any], keys: list[tuple[str, str]]) -> bytes:
    """Tells whether an item says anything new."""
    said = [
        record.status,
        record.told,
        record.secret,
        record.occurred_at.isoformat(),
        str(record.amount),
        record.currency,
        body,
        prose,
        sorted(keys),
    ]
    return hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).digest()[:16]
