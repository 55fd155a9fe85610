"""Conflicts between complaints and other systems: the list of open ones, and the mutation that decides one."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import strawberry

from hub.complaints.shared_fields import ComplaintField, ConflictResolution
from hub.schema.arguments import After, Before, First, Last, PageArguments
from hub.schema.authorization import requirement, requires
from hub.schema.complaints.complaint import Complaint
from hub.schema.complaints.filter import ComplaintOrderBy
from hub.schema.complaints.mutations import (
    INPUT,
    ComplaintErrors,
    ComplaintInput,
    ComplaintPayload,
    result,
    run_on_complaint,
)
from hub.schema.complaints.officer_mutations import ASSIGN
from hub.schema.connections import load_page
from hub.schema.context import Info
from hub.schema.cost import CONNECTION_SIZE
from hub.schema.nodes import Connection
from hub.store.use_cases import conflicts
from hub.store.use_cases.conflicts import Decision


class Query:
    """The query of complaints with open conflicts."""

    @strawberry.field(
        description="Complaints with open conflicts (`Complaint.conflicts`), last changed first. A person decides with"
        f" `resolveConflict`. {requirement(ASSIGN)}",
        directives=[CONNECTION_SIZE],
        extensions=requires(ASSIGN),
    )
    async def complaints_with_conflicts(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Complaint] | None:
        """Return the complaints with open conflicts that the viewer may see in full."""
        part = PageArguments(first, after, last, before).request(Complaint.entity, ComplaintOrderBy.UPDATED_DESC, None)
        return await load_page(info.context, Complaint, replace(part, where=(("conflict", True),)))


@strawberry.input(description="Input of `resolveConflict`: a decision on a shared field whose values differ.")
class ResolveConflictInput(ComplaintInput):
    """A person's decision on a conflict."""

    system: str = strawberry.field(description="The name of the other system.")
    field: ComplaintField = strawberry.field(description="The field: one of those in `Complaint.conflicts`.")
    resolution: ConflictResolution = strawberry.field(description="The decision.")


@strawberry.type(description="The result of `resolveConflict`.")
class ResolveConflictPayload(ComplaintPayload):
    """The complaint after the mutation."""


ResolveConflictResult = Annotated[ResolveConflictPayload | ComplaintErrors, result("resolveConflict")]


class Mutation:
    """The mutation of conflicts."""

    @strawberry.mutation(
        description="Decide a conflict: keep the complaint's value or accept the other system's. A value that was"
        f" declined does not raise the conflict again; a new value does. For the complaint desk. {requirement(ASSIGN)}",
        extensions=requires(ASSIGN),
    )
    async def resolve_conflict(
        self, info: Info, input: Annotated[ResolveConflictInput, INPUT]
    ) -> ResolveConflictResult | None:
        """Apply the decision, which becomes a step of the timeline."""
        viewer, decision = (
            info.context.viewer,
            Decision(input.ticket, input.system, input.field.stored, input.resolution),
        )
        return await run_on_complaint(
            info, ResolveConflictPayload, input, [], lambda db, cause: conflicts.resolve(db, cause, viewer, decision)
        )
