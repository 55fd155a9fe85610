"""The columns of a complaint that are derived from its timeline: milestones and the deadline of the answer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hub.complaints.deadlines import TimelineEntry, calculate_deadlines
from hub.complaints.enums import ComplaintClass, ComplaintStatus


def milestone_times(status: ComplaintStatus, at: datetime, row: Mapping[str, Any]) -> dict[str, datetime | None]:
    """Return the milestones of a complaint that reached a status; reopening clears the later ones."""
    times: dict[str, datetime | None] = {
        "verified_at": row["verified_at"],
        "answered_at": row["answered_at"],
        "closed_at": row["closed_at"],
    }
    if status is ComplaintStatus.RECEIVED:
        # A rejected complaint that is reopened must be verified again; until then it is not public.
        times["verified_at"] = None
    if status is ComplaintStatus.VERIFIED:
        times["verified_at"] = times["verified_at"] or at
    if status is ComplaintStatus.ANSWERED:
        times["answered_at"] = at
    if status in (ComplaintStatus.CLOSED, ComplaintStatus.REJECTED):
        times["closed_at"] = times["closed_at"] or at
    elif status not in (ComplaintStatus.ANSWERED,):
        times["answered_at"] = times["closed_at"] = None
    return times


def deadline_columns(history: list[TimelineEntry], klass: ComplaintClass, inspection: bool) -> dict[str, Any]:
    """Return the columns of a complaint's deadline."""
    clocks = calculate_deadlines(history, klass, inspection)
    current = clocks.current
    return {"due_at": clocks.due_at, "due_estimated": bool(current and current.estimated)}
