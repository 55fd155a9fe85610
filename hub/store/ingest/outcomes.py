"""The outcome of a received item."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Outcome(StrEnum):
    """What happened to one received item."""

    CREATED = "CREATED"
    UPDATED = "UPDATED"
    UNCHANGED = "UNCHANGED"
    STALE = "STALE"
    """Older than what is stored."""
    PENDING = "PENDING"
    """It contradicts the stored record at the same version, and the run may still have a later item."""
    QUARANTINED = "QUARANTINED"
    """It is invalid. Where only a code is unknown, the record was stored as well."""
    REFUSED = "REFUSED"
    """It is not an item, and nothing of it was stored."""


class ItemResult(NamedTuple):
    """The outcome of one item: its record, where the id could be read, and the reason if it was not stored."""

    outcome: Outcome
    kind: str | None = None
    external_id: str | None = None
    reason: str | None = None
