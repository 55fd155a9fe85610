"""A system's own clock, measured by its answers, and cursors by time that never pass it.

A connector that pages by the time of change keeps its cursor with ``cursor_time`` and begins with ``resume_time``: then
no change is missed, even if an item has a future timestamp or a clock was set back.
"""

from __future__ import annotations

import email.utils
from datetime import UTC, datetime, timedelta

MARGIN = timedelta(seconds=60)
"""How far a cursor stays behind now: the newest changes may get a later timestamp, or be listed late."""
RESOLUTION = timedelta(seconds=10)
"""The accuracy of the measurement: an answer has whole seconds, and takes some to arrive."""
TOLERANCE = timedelta(seconds=60)
"""How far a system's clock may differ from the hub's before operators see an issue."""


class SourceClock:
    """How far a system's clock is ahead of the hub's, negative if it is behind; None before the first answer."""

    def __init__(self) -> None:
        self.offset: timedelta | None = None

    def note(self, date: str | None, sent: datetime, received: datetime) -> None:
        """Read the header ``Date`` of an answer; of several the last counts.

        It has whole seconds and was written between ``sent`` and ``received``, so their middle is compared.
        """
        http_date = (date or "").rpartition("GMT, ")[2]
        try:
            at = email.utils.parsedate_to_datetime(http_date)
        except (ValueError, OverflowError):
            return
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        self.offset = at + timedelta(milliseconds=500) - (sent + (received - sent) / 2)

    def now(self, ours: datetime) -> datetime:
        """Return the system's time when the hub's clock shows ``ours``."""
        return ours + (self.offset or timedelta())


def cursor_time(seen: datetime, now: datetime, clock: SourceClock) -> datetime:
    """Return the cursor after a change at ``seen``: never past now, by the hub's clock or the system's."""
    return min(seen, min(now, clock.now(now)) - MARGIN)


def resume_time(kept: datetime, offset_then: float | None, clock: SourceClock) -> datetime:
    """Return where to resume from ``kept``: earlier by as much as the system's clock was set back since.

    ``offset_then`` is how many seconds it was ahead when the cursor was stored.
    """
    if offset_then is None or clock.offset is None:
        return kept
    back = timedelta(seconds=offset_then) - clock.offset
    return kept - back if back > RESOLUTION else kept
