"""The status history of complaints, from which deadlines and the times of local values are calculated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.complaints.deadlines import TimelineEntry
from hub.complaints.enums import ComplaintStatus
from hub.complaints.shared_fields import AGENCY, STATUS
from hub.complaints.workflow import Action
from hub.store.arrays import any_of
from hub.store.tables import complaint_steps

CLOCK_NEUTRAL = frozenset(
    {Action.REPLY, Action.FORWARD, Action.ACCEPT_REMOTE, Action.KEEP_LOCAL, Action.LINK, Action.RENEW_CODE}
)
"""Actions that restart no clock if they did not change the status."""


STATUS_NEUTRAL = CLOCK_NEUTRAL | {Action.RATE}
"""Actions that are no decision on the status if they did not change it."""


@dataclass(slots=True)
class StatusHistory:
    """The statuses that a complaint reached, in order; ``since``: when its status and agency were last decided."""

    entries: list[TimelineEntry] = field(default_factory=list)
    since: dict[str, datetime] = field(default_factory=dict)

    def add(self, action: str, entry: TimelineEntry) -> None:
        """Add the next step."""
        changed = not self.entries or entry.status is not self.entries[-1].status
        if changed or action not in STATUS_NEUTRAL:
            self.since[STATUS] = entry.at
        if action == Action.ASSIGN:
            self.since[AGENCY] = entry.at
        if changed or action not in CLOCK_NEUTRAL:
            self.entries.append(entry)

    @property
    def before_return(self) -> ComplaintStatus:
        """The status before the complaint was last returned to the reporter."""
        statuses = (one.status for one in reversed(self.entries) if one.status is not ComplaintStatus.RETURNED)
        return next(statuses, self.entries[0].status)


async def status_histories(db: AsyncConnection, complaint_ids: Iterable[int]) -> Mapping[int, StatusHistory]:
    """Return the histories of these complaints, in one statement."""
    steps, ids = complaint_steps.c, list(complaint_ids)
    found = await db.execute(
        select(steps.complaint_id, steps.action, steps.status, steps.at)
        .where(any_of(steps.complaint_id, ids))
        .order_by(steps.complaint_id, steps.id)
    )
    histories = {each: StatusHistory() for each in ids}
    for complaint_id, action, status, at in found:
        histories[complaint_id].add(action, TimelineEntry(ComplaintStatus(status), at))
    return histories
