"""Where another system says otherwise and neither side may decide alone: what waits, and a person's decision."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import strawberry

from hub.complaints.adopting import Keep
from hub.schema.complaints.acts import INPUT, ActOnComplaint, MoveResult, acted
from hub.schema.complaints.complaint import Complaint
from hub.schema.complaints.filter import ComplaintOrderBy
from hub.schema.complaints.handling import ASSIGN
from hub.schema.context import Info
from hub.schema.listing import page, part_of
from hub.schema.needs import needs
from hub.schema.nodes import Connection
from hub.schema.weights import FIRST, PAGED
from hub.store.exchange import conflicts
from hub.store.exchange.conflicts import Decision


class Query:
    """What waits for a person."""

    @strawberry.field(
        description="Complaints of which another system says otherwise in a field that neither side may decide alone,"
        " the last changed first: a person decides, by `resolveConflict`. Needs complaints:assign.",
        directives=[PAGED],
        extensions=needs(ASSIGN),
    )
    async def conflicts(
        self,
        info: Info,
        first: Annotated[int, strawberry.argument(description="How many rows, 1 to 100.")] = FIRST,
        after: Annotated[str | None, strawberry.argument(description="A cursor: go on after that row.")] = None,
    ) -> Connection[Complaint] | None:
        """Those the viewer sees in full."""
        part = part_of(Complaint, first, after, None, ComplaintOrderBy.UPDATED_DESC)
        return await page(info.context, Complaint, replace(part, where=(("conflict", True),)))


@strawberry.input(description="Whose word stands where two systems disagree.")
class ResolveConflictInput(ActOnComplaint):
    """A person's decision."""

    system: str = strawberry.field(description="The other system's name.")
    field: str = strawberry.field(description="The field, as `Complaint.conflicts` names it.")
    keep: Keep = strawberry.field(description="Whose word stands.")


class Mutation:
    """A decision."""

    @strawberry.mutation(
        description="Decide whose word stands where another system says otherwise. The same word of theirs raises no"
        " conflict again; another one does. Needs complaints:assign.",
        extensions=needs(ASSIGN),
    )
    async def resolve_conflict(self, info: Info, input: Annotated[ResolveConflictInput, INPUT]) -> MoveResult | None:
        """The complaint follows, or what was decided here stays; its timeline says so."""
        viewer, wanted = info.context.viewer, Decision(input.ticket, input.system, input.field, input.keep)
        return await acted(info, input, [], lambda db, cause: conflicts.decide(db, cause, viewer, wanted))
