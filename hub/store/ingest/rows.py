"""A record ready to be stored, and how two rows of one record are merged. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any

from hub.contract import Raw, Record

IN_DOUBT = "IN_DOUBT"
"""The status of a kind that has it, when its system reported two final states that contradict each other.

Contract shared#doubt.
"""

STATUS = ("version", "status", "source_status", "final", "updated_at")
"""The fields of a record that ``version`` orders where the facts have a version of their own."""

RecordKey = tuple[str, str]
"""Kind and external id, which identify a record of one system."""


@dataclass(frozen=True, slots=True)
class Row:
    """A record ready to be stored, with the (redacted) item it came from."""

    record: Record
    raw: Raw
    body: dict[str, Any]
    prose: dict[str, Any]
    keys: list[tuple[str, str]]
    digest: bytes

    @property
    def key(self) -> RecordKey:
        """The key of its record."""
        return self.record.facts.kind, self.record.external_id

    @property
    def has_known_codes(self) -> bool:
        """Whether every code in it is known."""
        return self.record.unknown is None

    def with_contradiction(self, version: int, final: bool, status: str) -> Row:
        """Return this row, contradictory if the other state is final too, of the same version, and different."""
        record = self.record
        contradictory = (
            IN_DOUBT in record.facts.statuses.__members__
            and record.version == version
            and record.final
            and final
            and record.status != status
        )
        return replace(self, record=replace(record, status=IN_DOUBT)) if contradictory else self


def merge_rows(before: Row, after: Row) -> Row:
    """Return the merge of two rows of one record: the newer one, and of equal ones the later.

    Where the facts have a version of their own, status and facts are each taken from the newer row.
    """
    if after.record.facts_version is not None:
        return _merge_parts(before, after)
    if after.record.version < before.record.version:
        return before
    return after.with_contradiction(before.record.version, before.record.final, before.record.status)


def _merge_parts(before: Row, after: Row) -> Row:
    status = before if after.record.version < before.record.version else after
    facts = before if _facts_version(after) < _facts_version(before) else after
    if status is facts:
        return status
    with_status = facts.record.facts.with_status
    moved = {name: status.body[name] for name in with_status if name in status.body}
    names = (*STATUS, *(name for name in with_status if name not in facts.body))
    status_fields = {name: getattr(status.record, name) for name in names}
    digest = hashlib.sha256(status.digest + facts.digest).digest()[:16]
    return replace(facts, record=replace(facts.record, **status_fields), body=facts.body | moved, digest=digest)


def _facts_version(row: Row) -> int:
    """Return the version of the facts; 0 for those stored before their system sent partial updates."""
    return row.record.facts_version or 0
