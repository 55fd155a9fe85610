"""The timeline of a complaint: its steps, earliest first."""

from __future__ import annotations

from datetime import datetime
from typing import Self

import strawberry

from hub.complaints.enums import ComplaintStatus
from hub.complaints.workflow import Action, Role
from hub.schema.context import Context
from hub.store.complaints import timeline
from hub.store.queries.entity import Row


@strawberry.type(description="A step in the timeline of a complaint.")
class ComplaintStep:
    """A row of the timeline."""

    action: Action = strawberry.field(description="The action.")
    status: ComplaintStatus = strawberry.field(description="The complaint's status after the action.")
    at: datetime = strawberry.field(description="When the action happened.")
    role: Role = strawberry.field(description="The role of the person who acted.")
    note: str | None = strawberry.field(description="A text to or by the reporter; null if there is none.")

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """Return the step of a row of ``complaint_steps``."""
        return cls(
            action=Action(row["action"]),
            status=ComplaintStatus(row["status"]),
            at=row["at"],
            role=Role(row["role"]),
            note=row["note"],
        )


async def load_timeline(context: Context, ticket: str) -> list[ComplaintStep] | None:
    """Load the steps with one SQL statement per level; None if they are not visible to the viewer."""
    steps = await context.load("timelines", timeline.steps, ticket)
    return None if steps is None else [ComplaintStep.from_row(row) for row in steps]
