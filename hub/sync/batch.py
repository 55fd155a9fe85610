"""Turns raw items into rows for the store, and sets invalid items aside for quarantine. Pure.

Only the declared columns of an item are read. Of several items of one record the last one in feed order counts, unless
it has an older version.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from functools import cache
from math import isfinite
from typing import Any, NamedTuple, cast

import orjson

from hub.bounds import INDEXED_MAX, MAX_DEPTH, is_nested_deeper
from hub.connectors.base import Connector
from hub.connectors.redaction import reduce_item, strip
from hub.connectors.versions import version_of
from hub.contract import Raw, Record
from hub.errors import BadRecord, Incomplete
from hub.kept_columns import keep_columns, mask_columns, quote_code
from hub.store.encryption import FieldCipher
from hub.store.ingest.outcomes import ItemResult, Outcome
from hub.store.ingest.quarantine import ENCRYPTION_CONTEXT, QuarantineEntry, RejectedItem
from hub.store.ingest.rows import RecordKey, Row, merge_rows
from hub.sync.item_validation import map_item

CURRENT_OUTCOMES = frozenset({Outcome.CREATED, Outcome.UPDATED, Outcome.UNCHANGED})
"""The outcomes of items after which the stored record is as current as the item."""

ITEMS_AT_ONCE = 40
"""The number of items that are mapped without a break: two to four milliseconds."""

SUPERSEDED_REASON = "a later row contains the same record"


class ReadItem(NamedTuple):
    """One item: the key of its record as far as it could be read, and the error if it is invalid.

    ``stale``: an earlier item of the batch has a newer version of the record.
    """

    kind: str | None
    external_id: str | None
    error: str | None = None
    stale: bool = False


@dataclass(slots=True)
class Batch:
    """Items in feed order, one row for each of their records, and the rejected items for quarantine.

    ``representative`` has the index of the item that each row is from; of items with equal content, the first.
    ``unredacted`` has the rows' items with their personal columns, if the connector reads files or complaints from
    them: they are for this batch only and are never stored.
    """

    items: list[ReadItem] = field(default_factory=list)
    rows: dict[RecordKey, Row] = field(default_factory=dict)
    rejected: list[RejectedItem] = field(default_factory=list)
    representative: dict[RecordKey, int] = field(default_factory=dict)
    unredacted: dict[RecordKey, Raw] = field(default_factory=dict, repr=False)

    @property
    def duplicates(self) -> int:
        """The number of valid items that have no row of their own."""
        return sum(item.kind is not None for item in self.items) - len(self.rows)

    @property
    def unread_ids(self) -> list[str]:
        """The ids of invalid items. Their system still lists them, so their records are not gone."""
        return [item.external_id for item in self.items if item.kind is None and item.external_id is not None]

    @property
    def unidentified(self) -> int:
        """The number of items without a readable id."""
        return sum(item.external_id is None for item in self.items)

    def known_records(self, stored: Mapping[RecordKey, Outcome]) -> list[RecordKey]:
        """Return the keys of the records that are current now and have only known codes."""
        return [key for key, row in self.rows.items() if row.has_known_codes and stored[key] in CURRENT_OUTCOMES]

    def results(self, stored: Mapping[RecordKey, Outcome]) -> list[ItemResult]:
        """Return the result of each item from the outcomes of the rows."""
        return [self._result(index, item, stored) for index, item in enumerate(self.items)]

    def _result(self, index: int, item: ReadItem, stored: Mapping[RecordKey, Outcome]) -> ItemResult:
        key = item.kind, item.external_id
        if item.error is not None or item.kind is None or item.external_id is None:
            return ItemResult(Outcome.QUARANTINED, *key, item.error)
        if item.stale:
            return ItemResult(Outcome.STALE, *key)
        record_key = item.kind, item.external_id
        outcome, representative = stored[record_key], self.representative[record_key]
        # If the newest item of a record is stale, all its items are.
        if index == representative or outcome is Outcome.STALE:
            return ItemResult(outcome, *key)
        return ItemResult(Outcome.UNCHANGED, *key, SUPERSEDED_REASON if index < representative else None)


def read_items(connector: Connector, cipher: FieldCipher, items: Iterable[Raw], now: datetime) -> Batch:
    """Map ``items`` of the connector's system to a batch; ``now`` bounds the times in them."""
    batch = Batch()
    for item in items:
        _read(batch, connector, cipher, item, now)
    return batch


async def read_items_in_turn(connector: Connector, cipher: FieldCipher, items: Iterable[Raw], now: datetime) -> Batch:
    """Do the same, and let other tasks run every few items, such as one that waits for the database."""
    batch = Batch()
    for number, item in enumerate(items, 1):
        _read(batch, connector, cipher, item, now)
        if number % ITEMS_AT_ONCE == 0:
            await asyncio.sleep(0)
    return batch


def _read(batch: Batch, connector: Connector, cipher: FieldCipher, item: Raw, now: datetime) -> None:
    unredacted = make_storable(item)
    raw = _redacted(connector, unredacted)
    try:
        record = map_item(connector, raw, now)
    except BadRecord as error:
        external_id = extract_id(raw, connector.id_path)
        batch.rejected.append(
            RejectedItem(raw, error.reason, None, external_id if isinstance(error, Incomplete) else None)
        )
        batch.items.append(ReadItem(None, external_id, error.reason))
    else:
        _add(batch, to_row(record, raw, cipher), unredacted if _is_unredacted_used(type(connector)) else None)


def _is_unredacted_used(connector: type[Connector]) -> bool:
    return connector.files is not Connector.files or connector.intake is not Connector.intake


def _redacted(connector: Connector, item: Raw) -> Raw:
    """Return the part of an item that is mapped: the declared columns without the personal ones."""
    if connector.columns:
        return reduce_item(item, connector.columns, connector.personal)
    return strip(item, connector.personal)


def to_quarantine(connector: Connector, cipher: FieldCipher, item: RejectedItem) -> RejectedItem:
    """Return ``item`` as it is stored in quarantine.

    The declared columns are stored, those with free text only encrypted; of other columns only name and type.
    """
    raw = keep_columns(item.raw, connector.columns)
    shown = mask_columns(raw, connector.prose)
    serialized = orjson.dumps([item.reason, raw], option=orjson.OPT_SORT_KEYS).decode()
    return replace(
        item,
        raw=shown,
        ciphertext=None if shown is raw else cipher.encrypt(raw, ENCRYPTION_CONTEXT),
        digest=cipher.hash("quarantine", serialized)[:16],
        connector_version=version_of(type(connector)),
    )


def decrypt_item(cipher: FieldCipher, entry: QuarantineEntry) -> Raw:
    """Return the item of a quarantine entry; raises ``ConfigurationError`` if its encryption key is missing."""
    return entry.raw if entry.ciphertext is None else cipher.decrypt(entry.ciphertext, ENCRYPTION_CONTEXT)


def _add(batch: Batch, row: Row, unredacted: Raw | None) -> None:
    record, key = row.record, row.key
    error = None
    if record.unknown:
        error = f"{record.unknown} is unknown: {quote_code(_value_at(row.raw, record.unknown, record.source_status))}"
        batch.rejected.append(RejectedItem(row.raw, error, *key))
    before = batch.rows.pop(key, None)
    current = row if before is None else merge_rows(before, row)
    if before is None or (current is not before and current.digest != before.digest):
        batch.representative[key] = len(batch.items)
    batch.rows[key] = current
    if current is not before and unredacted is not None:
        batch.unredacted[key] = unredacted
    batch.items.append(ReadItem(*key, error, stale=current is before))


@cache
def _field_names(kind: Any) -> tuple[str, ...]:
    return tuple(each.name for each in fields(kind))


def to_row(record: Record, raw: Raw, cipher: FieldCipher) -> Row:
    """Return a record as it is stored: facts and prose separate, personal keys hashed."""
    kind: Any = type(record.facts)
    facts = {name: getattr(record.facts, name) for name in _field_names(kind)}
    prose = {name: facts.pop(name) for name in record.facts.prose}
    keys = [(key.name, cipher.hash(key.name, key.value).hex() if key.personal else key.value) for key in record.keys]
    keys = list(dict.fromkeys(keys))
    # Stored digests must stay valid: otherwise the next pull would update every record.
    parts = (facts | prose, {}) if record.facts.digested_as_facts else (facts, prose)
    return Row(record=record, raw=raw, body=facts, prose=prose, keys=keys, digest=_digest(record, *parts, keys))


def extract_id(raw: Raw, path: str) -> str | None:
    """Return the id of an item at a dotted path; None without a usable one."""
    value = _value_at(raw, path, "") if path else ""
    return str(value) if type(value) in (str, int) and value != "" and len(str(value)) <= INDEXED_MAX else None


def _value_at(raw: Raw, path: str, default: str) -> Any:
    """Return the value at a dotted path, or ``default``: mappings also use names that are no path in the item."""
    value: Any = raw
    for name in path.split("."):
        if not isinstance(value, dict) or name not in value:
            return default
        value = value[name]
    return value


def make_storable(raw: Any) -> Raw:
    """Return ``raw`` with the values that PostgreSQL cannot store replaced.

    NUL and halves of surrogate pairs become � and ?, NaN, infinity and values nested too deeply become null, and
    integers beyond 64 bits become text. If ``raw`` is not an object, the result is empty.
    """
    if not isinstance(raw, dict):
        return {}
    try:
        dumped = orjson.dumps(raw)
        if b"\\u0000" not in dumped and (_count_brackets(dumped) <= MAX_DEPTH or not is_nested_deeper(raw)):
            return raw if b"null" not in dumped else cast(Raw, orjson.loads(dumped))
    except TypeError:
        # orjson refuses broken text and huge integers, which are replaced below.
        pass
    cleaned: Raw = _storable_value(raw, MAX_DEPTH)
    return cleaned


def _count_brackets(dumped: bytes) -> int:
    """Return the number of opening brackets: a cheap upper bound of the depth, so that most items need no walk."""
    return dumped.count(b"{") + dumped.count(b"[")


def _storable_value(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
    if isinstance(value, dict) and depth:
        return {_storable_value(str(name), 0): _storable_value(each, depth - 1) for name, each in value.items()}
    if isinstance(value, list) and depth:
        return [_storable_value(each, depth - 1) for each in value]
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, int) and not isinstance(value, bool):
        return value if abs(value) < 2**63 else _digits(value)
    return value if isinstance(value, bool) else None


def _digits(number: int) -> str:
    """Return an integer beyond 64 bits as text; an extremely large one is replaced by a shorter one."""
    return str(number) if number.bit_length() < 1_000 else "9" * 300


def _digest(record: Record, body: dict[str, Any], prose: dict[str, Any], keys: list[tuple[str, str]]) -> bytes:
    """Return a digest of the content of a record, by which changes are detected."""
    content = [
        record.status,
        record.source_status,
        record.secret,
        record.occurred_at,
        str(record.amount),
        record.currency,
        body,
        prose,
        sorted(keys),
    ]
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).digest()[:16]
