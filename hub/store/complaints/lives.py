"""What complaints have lived through, as their clocks and other systems' words are compared with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.complaints.adopting import AGENCY, STATUS
from hub.complaints.codes import ComplaintStatus
from hub.complaints.deadlines import Reached
from hub.complaints.workflow import Action
from hub.store.tables import complaint_steps

STANDING = frozenset({Action.REPLY, Action.FORWARD, Action.ADOPT, Action.KEEP})
"""Acts that start no clock anew where they moved nothing."""


SILENT = STANDING | {Action.RATE}
"""Acts that decide nothing of where it stands where they moved nothing."""


@dataclass(slots=True)
class Life:
    """The statuses a complaint reached, in order; ``since``: when its status and its agency were decided last."""

    reached: list[Reached] = field(default_factory=list)
    since: dict[str, datetime] = field(default_factory=dict)

    def add(self, action: str, one: Reached) -> None:
        """The next step."""
        moved = not self.reached or one.status is not self.reached[-1].status
        if moved or action not in SILENT:
            self.since[STATUS] = one.at
        if action == Action.ASSIGN:
            self.since[AGENCY] = one.at
        if moved or action not in STANDING:
            self.reached.append(one)

    @property
    def before_return(self) -> ComplaintStatus:
        """The status before the reporter was asked."""
        statuses = (one.status for one in reversed(self.reached) if one.status is not ComplaintStatus.RETURNED)
        return next(statuses, self.reached[0].status)


async def lives(db: AsyncConnection, complaint_ids: Iterable[int]) -> Mapping[int, Life]:
    """The lives of these complaints, in one statement."""
    steps, ids = complaint_steps.c, list(complaint_ids)
    found = await db.execute(
        select(steps.complaint_id, steps.action, steps.status, steps.at)
        .where(steps.complaint_id.in_(ids))
        .order_by(steps.complaint_id, steps.id)
    )
    read = {each: Life() for each in ids}
    for complaint_id, action, status, at in found:
        read[complaint_id].add(action, Reached(ComplaintStatus(status), at))
    return read
