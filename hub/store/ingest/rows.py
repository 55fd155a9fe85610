"""A record ready to be stored, and what holds of two that tell of the same one. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any

from hub.connectors.base import Raw, Record

IN_DOUBT = "IN_DOUBT"
"""The status of a kind that has it, when the feed holds two final states that contradict each other (contract L.6)."""

STATUS = ("version", "status", "told", "final", "updated_at")
"""What ``version`` orders of a record whose facts have an order of their own."""

Place = tuple[str, str]
"""Kind and external id: of one system, one record."""


@dataclass(frozen=True, slots=True)
class Row:
    """A record ready to be stored, with the (stripped) item it came from."""

    record: Record
    raw: Raw
    body: dict[str, Any]
    prose: dict[str, Any]
    keys: list[tuple[str, str]]
    digest: bytes

    @property
    def place(self) -> Place:
        """Which record it is."""
        return self.record.facts.kind, self.record.external_id

    @property
    def clean(self) -> bool:
        """Whether every code in it was known."""
        return self.record.unknown is None

    def doubted(self, version: int, final: bool, status: str) -> Row:
        """This row beside what another word said: in doubt, if both are the last word of one moment and differ."""
        record = self.record
        doubtful = (
            IN_DOUBT in record.facts.statuses.__members__
            and record.version == version
            and record.final
            and final
            and record.status != status
        )
        return replace(self, record=replace(record, status=IN_DOUBT)) if doubtful else self


def merged(before: Row, after: Row) -> Row:
    """Of two rows of one record, what holds: the newer, and of equal ones the later.

    Where the facts have an order of their own, status and facts are each taken from their newer row.
    """
    if after.record.facts_version is not None:
        return _joined(before, after)
    if after.record.version < before.record.version:
        return before
    return after.doubted(before.record.version, before.record.final, before.record.status)


def _joined(before: Row, after: Row) -> Row:
    status = before if after.record.version < before.record.version else after
    facts = before if _facts(after) < _facts(before) else after
    if status is facts:
        return status
    said = {name: getattr(status.record, name) for name in STATUS}
    digest = hashlib.sha256(status.digest + facts.digest).digest()[:16]
    return replace(facts, record=replace(facts.record, **said), digest=digest)


def _facts(row: Row) -> int:
    """The order of the facts; those stored before their system told of them in parts rank between part and whole."""
    return row.record.facts_version or 0
