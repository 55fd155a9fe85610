"""Finds in the log when the centre last decided a status; effects of the hub's own follow-ups do not count. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from hub.connectors.lapor.references import REFERENCE
from hub.connectors.lapor.statuses import MOVED_BY_FOLLOW_UPS, status_named
from hub.contract import Record
from hub.kinds import Report, ReportStatus

_TOGETHER = timedelta(seconds=2)
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def moved_at(record: Record, facts: Report) -> datetime:
    """Return when the centre set the current status, or, if a follow-up of the hub did, its last decision before."""
    echoes = _echoes(facts, ReportStatus(record.status))
    return _decided(facts, echoes) if echoes else since(record, facts, "STATUS")


def since(record: Record, facts: Report, type_: str) -> datetime:
    """Return the time of the last row of that type; without a time, that of the last update.

    LAPOR has whole seconds: of several rows in one second, each counts as a microsecond later than the one before.
    """
    times = [row["at"] for row in facts.log if row["type"] == type_]
    if not times or not times[-1]:
        return record.updated_at
    return datetime.fromisoformat(times[-1]) + timedelta(microseconds=times.count(times[-1]) - 1)


def _echoes(facts: Report, status: ReportStatus) -> int:
    """Return how many of the last status rows are effects of the hub's follow-ups, made at the same time.

    A follow-up of the hub has a reference; one of a citizen moves nothing, with a reference or without.

    Nobody at the centre decided these. If they counted as decisions, a follow-up that was delivered late would undo
    what happened at the hub since.
    """
    ours = [
        datetime.fromisoformat(row["at"])
        for row, note in zip(facts.log, facts.notes, strict=True)
        if row["type"] == "FOLLOW_UP" and row["at"] and row["from"] and REFERENCE.search(note or "")
    ]
    moves = [row for row in facts.log if row["type"] == "STATUS"]
    if (
        not moves
        or status not in MOVED_BY_FOLLOW_UPS
        or (moves[-1]["status_new"] and _reached(moves[-1]) is not status)
    ):
        return 0
    others = (number for number, row in enumerate(reversed(moves)) if not _came_with(row, ours))
    return next(others, len(moves))


def _came_with(move: Mapping[str, Any], ours: Iterable[datetime]) -> bool:
    """Return whether a status row is an effect; one without a new status may be."""
    if move["at"] is None or (move["status_new"] and _reached(move) not in MOVED_BY_FOLLOW_UPS):
        return False
    at = datetime.fromisoformat(move["at"])
    return any(abs(at - followup_at) <= _TOGETHER for followup_at in ours)


def _reached(move: Mapping[str, Any]) -> ReportStatus:
    return status_named(move["status_new"])


def _decided(facts: Report, echoes: int) -> datetime:
    """Return the centre's last own decision; each effect since counts as a microsecond later."""
    times = [row["at"] for row in facts.log if row["type"] == "STATUS"][:-echoes]
    own = [datetime.fromisoformat(at) for at in times if at]
    return (own[-1] if own else _NEVER) + timedelta(microseconds=echoes)
