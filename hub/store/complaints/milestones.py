"""The columns of a complaint that follow from its life: when it reached what, and when its answer is due."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hub.complaints.codes import ComplaintClass, ComplaintStatus
from hub.complaints.deadlines import Reached, deadlines


def times(reached: ComplaintStatus, at: datetime, row: Mapping[str, Any]) -> dict[str, datetime | None]:
    """The milestones a complaint has once it reached a status; reopening takes the later ones back."""
    found: dict[str, datetime | None] = {
        "verified_at": row["verified_at"],
        "answered_at": row["answered_at"],
        "closed_at": row["closed_at"],
    }
    if reached is ComplaintStatus.RECEIVED:
        # What was rejected and is opened again has to be verified anew; until then the public does not see it.
        found["verified_at"] = None
    if reached is ComplaintStatus.VERIFIED:
        found["verified_at"] = found["verified_at"] or at
    if reached is ComplaintStatus.ANSWERED:
        found["answered_at"] = at
    if reached in (ComplaintStatus.CLOSED, ComplaintStatus.REJECTED):
        found["closed_at"] = found["closed_at"] or at
    elif reached not in (ComplaintStatus.ANSWERED,):
        found["answered_at"] = found["closed_at"] = None
    return found


def due(life: list[Reached], klass: ComplaintClass, inspection: bool) -> dict[str, Any]:
    """The columns that hold a complaint's deadline, from its life."""
    clocks = deadlines(life, klass, inspection)
    current = clocks.current
    return {"due_at": clocks.due_at, "due_estimated": bool(current and current.estimated)}
