"""What hangs on a complaint: the steps of its life, and what it names in other systems."""

from __future__ import annotations

from datetime import datetime
from typing import Self

import strawberry

from hub.complaints.codes import ComplaintStatus
from hub.complaints.workflow import Action, Role
from hub.schema.context import Context
from hub.store.complaints import timeline
from hub.store.reading.entity import Row


@strawberry.type(description="One step in the life of a complaint.")
class ComplaintStep:
    """A row of the timeline."""

    action: Action = strawberry.field(description="What was done.")
    status: ComplaintStatus = strawberry.field(description="The status it reached.")
    at: datetime = strawberry.field(description="When.")
    role: Role = strawberry.field(description="By whom, as a role.")
    note: str | None = strawberry.field(description="What was written to the reporter, or by the reporter.")

    @classmethod
    def of(cls, row: Row) -> Self:
        """From ``complaint_steps``."""
        return cls(
            action=Action(row["action"]),
            status=ComplaintStatus(row["status"]),
            at=row["at"],
            role=Role(row["role"]),
            note=row["note"],
        )


@strawberry.type(description="What a complaint was submitted with to name things in other systems.")
class References:
    """The keys of a complaint."""

    payment: str | None = strawberry.field(description="A payment's reference.")
    order: str | None = strawberry.field(description="A procurement order's number.")
    report: str | None = strawberry.field(description="The tracking id at the centre.")


async def timeline_of(context: Context, ticket: str) -> list[ComplaintStep] | None:
    """One statement a level; None for a complaint whose life is not the viewer's to see."""
    steps = await context.found("timelines", timeline.steps, ticket)
    return None if steps is None else [ComplaintStep.of(row) for row in steps]


async def references_of(context: Context, ticket: str) -> References | None:
    """The same of its references."""
    keys = await context.found("references", timeline.keys, ticket)
    return None if keys is None else References(**{name: keys.get(name) for name in ("payment", "order", "report")})
