"""What the desk and agencies do to a complaint: verify it, assign it, respond to it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry

from hub.complaints.assignment import check_agency
from hub.complaints.calendar import JAKARTA
from hub.complaints.handling import check_response, check_verdict
from hub.complaints.text import paragraphs
from hub.complaints.workflow import Action, RejectReason, Verdict
from hub.schema.complaints.acts import INPUT, ActOnComplaint, MoveResult, move
from hub.schema.context import Info
from hub.schema.needs import needs
from hub.store.complaints.handling import Act

VERIFY, ASSIGN, RESPOND = "complaints:verify", "complaints:assign", "complaints:respond"


@strawberry.input(description="The desk's verdict on a complaint that came in.")
class VerifyComplaintInput(ActOnComplaint):
    """Verdict, and the reason or what is missing."""

    verdict: Verdict = strawberry.field(description="What the desk decides.")
    reason: RejectReason | None = strawberry.field(default=None, description="Needed for REJECTED.")
    note: str | None = strawberry.field(default=None, description="To the reporter; needed for RETURNED.")
    target: str | None = strawberry.field(
        default=None,
        description="For NOT_OUR_AUTHORITY: the institution that must answer, in the id of the system that has the"
        " complaint too.",
    )


@strawberry.input(description="Give a complaint to an agency.")
class AssignComplaintInput(ActOnComplaint):
    """Disposition."""

    agency_code: str = strawberry.field(description="The agency that must answer, such as DISHUB.")


@strawberry.input(description="An agency's response.")
class RespondToComplaintInput(ActOnComplaint):
    """A first response, or the final answer."""

    text: str = strawberry.field(description="To the reporter, 10 to 10,000 characters.")
    final: bool = strawberry.field(description="Whether this is the final answer.")


class Mutation:
    """One field an act; each needs a scope of its own."""

    @strawberry.mutation(
        description="Accept, return or reject a complaint that came in. Needs complaints:verify.",
        extensions=needs(VERIFY),
    )
    async def verify_complaint(self, info: Info, input: Annotated[VerifyComplaintInput, INPUT]) -> MoveResult | None:
        """The reason for a rejection is part of the note."""
        problems = check_verdict(input.verdict, input.reason, input.note, input.target)
        note = "\n".join(part for part in (input.reason and input.reason.value, input.note) if part) or None
        said = paragraphs(note) if note else None
        act = Act(input.ticket, input.verdict.action, said, reason=input.reason, target=input.target)
        return await move(info, input, problems, act)

    @strawberry.mutation(
        description="Give a complaint to an agency, or to another one. Needs complaints:assign.",
        extensions=needs(ASSIGN),
    )
    async def assign_complaint(self, info: Info, input: Annotated[AssignComplaintInput, INPUT]) -> MoveResult | None:
        """The agency must be in office."""
        problems = check_agency("agencyCode", input.agency_code, datetime.now(JAKARTA).date())
        act = Act(input.ticket, Action.ASSIGN, None, {"agency_code": input.agency_code})
        return await move(info, input, problems, act)

    @strawberry.mutation(
        description="Respond to a complaint for its agency. Needs complaints:respond.", extensions=needs(RESPOND)
    )
    async def respond_to_complaint(
        self, info: Info, input: Annotated[RespondToComplaintInput, INPUT]
    ) -> MoveResult | None:
        """A final answer waits for the reporter; any other keeps the agency at work."""
        action = Action.ANSWER if input.final else Action.START
        act = Act(input.ticket, action, paragraphs(input.text))
        return await move(info, input, check_response(input.text), act)
