"""When the centre last moved a report, by its log: what words of ours did there is not its decision. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from hub.connectors.base import Record
from hub.connectors.lapor.statuses import MOVED_BY_WORDS, status_named
from hub.kinds import Report, ReportStatus

REFERENCE = re.compile(r"\bRef\. LG-\d{4}-\d{6}/\d+")
"""Stands at the end of what the hub brings to LAPOR."""
_TOGETHER = timedelta(seconds=2)
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def moved_at(record: Record, facts: Report) -> datetime:
    """When the centre brought it to its status, or, where words of ours did, when it decided anything before."""
    echoes = _echoes(facts, ReportStatus(record.status))
    return _decided(facts, echoes) if echoes else since(record, facts, "STATUS")


def since(record: Record, facts: Report, type_: str) -> datetime:
    """When the last row of that type happened; where none tells its time, the last update, by when it had.

    LAPOR tells whole seconds: of several rows in one, each is a microsecond later than the one before it.
    """
    times = [row["at"] for row in facts.log if row["type"] == type_]
    if not times or not times[-1]:
        return record.updated_at
    return datetime.fromisoformat(times[-1]) + timedelta(microseconds=times.count(times[-1]) - 1)


def _echoes(facts: Report, status: ReportStatus) -> int:
    """How many of the last moves are only what words of ours did, which carry our reference and came with them.

    Nobody at the centre decided these. Taken for decisions, a word of ours that was brought over late would
    undo what was done here since.
    """
    ours = [
        datetime.fromisoformat(row["at"])
        for row, note in zip(facts.log, facts.notes, strict=True)
        if row["type"] == "FOLLOW_UP" and row["at"] and REFERENCE.search(note or "")
    ]
    moves = [row for row in facts.log if row["type"] == "STATUS"]
    if not moves or status not in MOVED_BY_WORDS or (moves[-1]["status_new"] and _reached(moves[-1]) is not status):
        return 0
    others = (number for number, row in enumerate(reversed(moves)) if not _came_with(row, ours))
    return next(others, len(moves))


def _came_with(move: Mapping[str, Any], ours: Iterable[datetime]) -> bool:
    """A row that does not tell where it led may have led there."""
    if move["at"] is None or (move["status_new"] and _reached(move) not in MOVED_BY_WORDS):
        return False
    at = datetime.fromisoformat(move["at"])
    return any(abs(at - word) <= _TOGETHER for word in ours)


def _reached(move: Mapping[str, Any]) -> ReportStatus:
    return status_named(move["status_new"])


def _decided(facts: Report, echoes: int) -> datetime:
    """When the centre last moved it by itself; each echo since is a microsecond later than what went before."""
    times = [row["at"] for row in facts.log if row["type"] == "STATUS"][:-echoes]
    own = [datetime.fromisoformat(at) for at in times if at]
    return (own[-1] if own else _NEVER) + timedelta(microseconds=echoes)
