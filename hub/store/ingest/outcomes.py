"""What becomes of items that are told."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What became of one item that was told."""

    CREATED = "CREATED"
    UPDATED = "UPDATED"
    UNCHANGED = "UNCHANGED"
    STALE = "STALE"
    """Older than what is stored."""
    PENDING = "PENDING"
    """It contradicts what is stored with an equal version, and the run has not told its last word."""
    QUARANTINED = "QUARANTINED"
    """It could not be read whole; where only a code is unknown, it was stored all the same."""
    REFUSED = "REFUSED"
    """It is no item at all, and nothing of it was kept."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one item: of which record it tells, if that could be read, and why it was not taken, if so."""

    outcome: Outcome
    kind: str | None = None
    external_id: str | None = None
    reason: str | None = None
