"""Mutations for the complaint desk and agencies: verify, assign and respond to a complaint."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry

from hub.complaints.assignment import check_agency
from hub.complaints.calendar import JAKARTA
from hub.complaints.text import paragraphs
from hub.complaints.validation import check_response, check_verdict
from hub.complaints.workflow import Action, RejectionReason, Verdict
from hub.schema.authorization import requirement, requires
from hub.schema.complaints.mutations import INPUT, ComplaintErrors, ComplaintInput, ComplaintPayload, result, transition
from hub.schema.context import Info
from hub.store.use_cases.transitions import Transition

VERIFY, ASSIGN, RESPOND = "complaints:verify", "complaints:assign", "complaints:respond"


@strawberry.input(description="Input of `verifyComplaint`: the complaint desk's decision on a new complaint.")
class VerifyComplaintInput(ComplaintInput):
    """Input of ``verifyComplaint``."""

    verdict: Verdict = strawberry.field(description="The decision.")
    reason: RejectionReason | None = strawberry.field(default=None, description="The reason; required for REJECTED.")
    note: str | None = strawberry.field(default=None, description="A note to the reporter; required for RETURNED.")
    target: str | None = strawberry.field(
        default=None,
        description="For NOT_OUR_AUTHORITY: the institution that must answer, as its id in the other system to which"
        " the complaint was forwarded.",
    )


@strawberry.input(description="Input of `assignComplaint`.")
class AssignComplaintInput(ComplaintInput):
    """Input of ``assignComplaint``."""

    agency_code: str = strawberry.field(
        description="The code of the agency that must answer, such as DISHUB; the query `agencies` lists all codes."
    )


@strawberry.input(description="Input of `respondToComplaint`: an agency's response.")
class RespondToComplaintInput(ComplaintInput):
    """Input of ``respondToComplaint``: a first response or the final answer."""

    text: str = strawberry.field(description="The response to the reporter, 10 to 10,000 characters.")
    final: bool = strawberry.field(description="Whether the response is the final answer.")


@strawberry.type(description="The result of `verifyComplaint`.")
class VerifyComplaintPayload(ComplaintPayload):
    """The complaint after the mutation."""


VerifyComplaintResult = Annotated[VerifyComplaintPayload | ComplaintErrors, result("verifyComplaint")]


@strawberry.type(description="The result of `assignComplaint`.")
class AssignComplaintPayload(ComplaintPayload):
    """The complaint after the mutation."""


AssignComplaintResult = Annotated[AssignComplaintPayload | ComplaintErrors, result("assignComplaint")]


@strawberry.type(description="The result of `respondToComplaint`.")
class RespondToComplaintPayload(ComplaintPayload):
    """The complaint after the mutation."""


RespondToComplaintResult = Annotated[RespondToComplaintPayload | ComplaintErrors, result("respondToComplaint")]


class Mutation:
    """The mutations for officers; each requires its own scope."""

    @strawberry.mutation(
        description=f"Verify, return or reject a new complaint. {requirement(VERIFY)}",
        extensions=requires(VERIFY),
    )
    async def verify_complaint(
        self, info: Info, input: Annotated[VerifyComplaintInput, INPUT]
    ) -> VerifyComplaintResult | None:
        """Apply the decision; the reason for a rejection becomes the first line of the note."""
        problems = check_verdict(input.verdict, input.reason, input.note, input.target)
        note = "\n".join(part for part in (input.reason and input.reason.value, input.note) if part) or None
        text = paragraphs(note) if note else None
        act = Transition(input.ticket, input.verdict.action, text, reason=input.reason, target=input.target)
        return await transition(info, VerifyComplaintPayload, input, problems, act)

    @strawberry.mutation(
        description=f"Assign a complaint to an agency, or reassign it to another one. {requirement(ASSIGN)}",
        extensions=requires(ASSIGN),
    )
    async def assign_complaint(
        self, info: Info, input: Annotated[AssignComplaintInput, INPUT]
    ) -> AssignComplaintResult | None:
        """Assign the complaint; the agency must be in office today."""
        problems = check_agency("agencyCode", input.agency_code, datetime.now(JAKARTA).date())
        act = Transition(input.ticket, Action.ASSIGN, None, {"agency_code": input.agency_code})
        return await transition(info, AssignComplaintPayload, input, problems, act)

    @strawberry.mutation(
        description=f"Respond to a complaint on behalf of its agency. {requirement(RESPOND)}",
        extensions=requires(RESPOND),
    )
    async def respond_to_complaint(
        self, info: Info, input: Annotated[RespondToComplaintInput, INPUT]
    ) -> RespondToComplaintResult | None:
        """Store the agency's response. A final one sets the status to ANSWERED; any other leaves it IN_PROGRESS."""
        action = Action.ANSWER if input.final else Action.START
        act = Transition(input.ticket, action, paragraphs(input.text))
        return await transition(info, RespondToComplaintPayload, input, check_response(input.text), act)
