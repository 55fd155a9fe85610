"""A batch of raw items made ready for the store: what each says as a row, and what cannot be read. Pure.

Personal columns are dropped first, before anything is mapped. Of several items that tell of one
record the last in feed order holds, unless it is older.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from functools import cache
from typing import Any

import orjson

from hub.connectors.base import Connector, Raw, Record
from hub.connectors.personal import strip
from hub.errors import BadRecord
from hub.store.ingest.outcomes import Fate, Outcome
from hub.store.ingest.quarantine import Fault
from hub.store.ingest.rows import Place, Row, merged
from hub.store.sealing import Seal

CURRENT = frozenset({Outcome.CREATED, Outcome.UPDATED, Outcome.UNCHANGED})
"""What becomes of items that say how a record is now."""

SUPERSEDED = "a later row tells the same record anew"


@dataclass(frozen=True, slots=True)
class Item:
    """One item: the record it tells of as far as it could be read, and what is wrong with it, if anything is.

    ``stale`` says that an item before it told a newer version.
    """

    kind: str | None
    external_id: str | None
    trouble: str | None = None
    stale: bool = False


@dataclass(slots=True)
class Batch:
    """Items in feed order, the rows that hold among them, and the faults for quarantine.

    ``holder`` tells which item each row stands for; of items that say the same, the first. ``whole`` are the rows'
    items before personal columns were dropped: they are for this batch only, and stored nowhere.
    """

    items: list[Item] = field(default_factory=list)
    rows: dict[Place, Row] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    holder: dict[Place, int] = field(default_factory=dict)
    whole: dict[Place, Raw] = field(default_factory=dict, repr=False)

    @property
    def repeated(self) -> int:
        """How many items could be read and yet are no row of their own."""
        return sum(item.kind is not None for item in self.items) - len(self.rows)

    @property
    def unread_ids(self) -> list[str]:
        """Records whose items could not be read; their system lists them all the same, so they are not gone."""
        return [item.external_id for item in self.items if item.kind is None and item.external_id is not None]

    @property
    def nameless(self) -> int:
        """How many items could not even be told by an id."""
        return sum(item.external_id is None for item in self.items)

    def clean(self, stored: Mapping[Place, Outcome]) -> list[Place]:
        """The records that were told anew and whose codes are all known."""
        return [place for place, row in self.rows.items() if row.clean and stored[place] in CURRENT]

    def fates(self, stored: Mapping[Place, Outcome]) -> list[Fate]:
        """What became of each item, now that it is known what became of each row."""
        return [self._fate(index, item, stored) for index, item in enumerate(self.items)]

    def _fate(self, index: int, item: Item, stored: Mapping[Place, Outcome]) -> Fate:
        told = item.kind, item.external_id
        if item.trouble is not None or item.kind is None or item.external_id is None:
            return Fate(Outcome.QUARANTINED, *told, item.trouble)
        if item.stale:
            return Fate(Outcome.STALE, *told)
        place = item.kind, item.external_id
        outcome, holder = stored[place], self.holder[place]
        # Where the newest of them is older than what is stored, so are all.
        if index == holder or outcome is Outcome.STALE:
            return Fate(outcome, *told)
        return Fate(Outcome.UNCHANGED, *told, SUPERSEDED if index < holder else None)


def read(connector: Connector, seal: Seal, items: Iterable[Raw]) -> Batch:
    """``items`` of the connector's system as a batch."""
    batch = Batch()
    for item in items:
        whole = storable(item)
        raw = strip(whole, connector.personal)
        try:
            record = fit(connector.map(raw))
        except BadRecord as bad:
            batch.faults.append(Fault(raw, bad.reason))
            batch.items.append(Item(None, _id(raw, connector.id_path), bad.reason))
            continue
        _keep(batch, row_of(record, raw, seal), whole)
    return batch


def _keep(batch: Batch, row: Row, whole: Raw) -> None:
    record, place = row.record, row.place
    trouble = None
    if record.unknown:
        trouble = f"{record.unknown} is unknown: {_at(row.raw, record.unknown, record.told)!r}"
        batch.faults.append(Fault(row.raw, trouble, *place))
    before = batch.rows.pop(place, None)
    kept = row if before is None else merged(before, row)
    if before is None or (kept is not before and kept.digest != before.digest):
        batch.holder[place] = len(batch.items)
    batch.rows[place] = kept
    if kept is not before:
        batch.whole[place] = whole
    batch.items.append(Item(*place, trouble, stale=kept is before))


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(each.name for each in fields(kind))


def row_of(record: Record, raw: Raw, seal: Seal) -> Row:
    """A record as it is stored; facts and prose apart, personal keys hashed."""
    kind: Any = type(record.facts)
    facts = {name: getattr(record.facts, name) for name in _names(kind)}
    prose = {name: facts.pop(name) for name in record.facts.prose}
    keys = [
        (key.name, seal.hash(key.name, key.value).hex() if key.personal else key.value)
        for key in dict.fromkeys(record.keys)
    ]
    return Row(record=record, raw=raw, body=facts, prose=prose, keys=keys, digest=_digest(record, facts, prose, keys))


ID_MAX = 500
AMOUNT_MAX = Decimal(10) ** 16
VERSION_MAX = 2**63 - 1


def fit(record: Record) -> Record:
    """``record`` if the store can hold it; raises ``BadRecord`` for values beyond its columns and indexes."""
    if record.amount is not None and not (record.amount.is_finite() and abs(record.amount) < AMOUNT_MAX):
        raise BadRecord("the amount is not a number the hub can hold")
    if max(abs(record.version), abs(record.facts_version or 0)) > VERSION_MAX:
        raise BadRecord("the version is not a number the hub can hold")
    indexed = [getattr(record.facts, name) for name in record.facts.indexed]
    values = [record.external_id, *(key.value for key in record.keys), *(value for value in indexed if value)]
    if any(len(value) > ID_MAX for value in values):
        raise BadRecord(f"an id, a key or a code is longer than {ID_MAX} characters")
    return record


def _id(raw: Raw, path: str) -> str | None:
    told = _at(raw, path, "") if path else ""
    return str(told) if type(told) in (str, int) and told != "" else None


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
