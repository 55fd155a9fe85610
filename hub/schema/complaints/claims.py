"""Claims: reports that may be on the same matter as a complaint, and the complaint desk's decisions on them.

A claim begins when a complaint names a report, or a report names a ticket.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import strawberry

from hub.complaints.claims import ClaimDecision
from hub.complaints.problems import Problem, ProblemCode
from hub.messages import Bilingual
from hub.schema import ids
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
from hub.schema.complaints.officer_mutations import VERIFY
from hub.schema.connections import load_page
from hub.schema.context import Info
from hub.schema.cost import CONNECTION_SIZE
from hub.schema.nodes import Connection, code_enum
from hub.store.queries.lookup import Ref
from hub.store.reconciliation import claims
from hub.store.reconciliation.claims import ClaimResolution

REPORTS = "reports:read"

code_enum(ClaimDecision, "The complaint desk's decision on a claim.")

_NO_REPORT = Bilingual("Give the `id` of a report at the centre.", "Isi dengan `id` sebuah laporan pusat.")


class Query:
    """The query of complaints with open claims."""

    @strawberry.field(
        description="Complaints with open claims (`Complaint.claims`), last changed first. The complaint desk decides"
        f" with `resolveClaim`; the list is empty for all others. {requirement(VERIFY, REPORTS)}",
        directives=[CONNECTION_SIZE],
        extensions=requires(VERIFY, REPORTS),
    )
    async def complaints_with_claims(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Complaint] | None:
        """Return the complaints with open claims of reports that are visible to the viewer."""
        part = PageArguments(first, after, last, before).request(Complaint.entity, ComplaintOrderBy.UPDATED_DESC, None)
        return await load_page(info.context, Complaint, replace(part, where=(("claimed", True),)))


@strawberry.input(
    description="Input of `resolveClaim`: the decision whether a report and a complaint are on the same matter."
)
class ResolveClaimInput(ComplaintInput):
    """A decision on a claim."""

    report: strawberry.ID = strawberry.field(description="The `id` of a report in `Complaint.claims`.")
    decision: ClaimDecision = strawberry.field(description="The decision.")


@strawberry.type(description="The result of `resolveClaim`.")
class ResolveClaimPayload(ComplaintPayload):
    """The complaint after the mutation."""


ResolveClaimResult = Annotated[ResolveClaimPayload | ComplaintErrors, result("resolveClaim")]


class Mutation:
    """The mutation of claims."""

    @strawberry.mutation(
        description="Decide whether a report and a complaint are on the same matter. If confirmed, they are linked"
        " and each receives the other's changes; a complaint has at most one report per system, and a report at most"
        f" one complaint. If dismissed, the claim is closed. For the complaint desk. {requirement(VERIFY, REPORTS)}",
        extensions=requires(VERIFY, REPORTS),
    )
    async def resolve_claim(self, info: Info, input: Annotated[ResolveClaimInput, INPUT]) -> ResolveClaimResult | None:
        """Resolve the claim. A report that is not visible to the viewer is treated as one that does not exist."""
        viewer, report = info.context.viewer, _report(input.report)
        problems = [] if report else [Problem("report", ProblemCode.MALFORMED, _NO_REPORT)]
        resolution = ClaimResolution(input.ticket, report or ("", ""), input.decision)
        return await run_on_complaint(
            info, ResolveClaimPayload, input, problems, lambda db, cause: claims.resolve(db, cause, viewer, resolution)
        )


def _report(id_: str) -> Ref | None:
    try:
        type_name, ref = ids.decode(id_)
    except ids.BadId:
        return None
    return ref if type_name == "CentralReport" else None
