"""Mutations for reporters: close, reply to, reopen and rate their own complaints.

The complaint desk uses them too, on behalf of reporters who telephone.
"""

from __future__ import annotations

from typing import Annotated

import strawberry

from hub.complaints.text import paragraphs
from hub.complaints.validation import check_rating, check_reopening, check_reply
from hub.complaints.workflow import Action
from hub.schema.authorization import requires_any
from hub.schema.complaints.mutations import INPUT, ComplaintErrors, ComplaintInput, ComplaintPayload, result, transition
from hub.schema.context import Info
from hub.store.use_cases.transitions import Transition

RESPOND, REPLY = "complaints:respond", "complaints:reply"
RESPOND_OR_REPLY = "Requires the scope complaints:respond, or complaints:reply for the viewer's own complaint."


@strawberry.input(description="Input of `closeComplaint`.")
class CloseComplaintInput(ComplaintInput):
    """Input of ``closeComplaint``."""


@strawberry.input(description="Input of `replyToComplaint`: a message of the reporter.")
class ReplyToComplaintInput(ComplaintInput):
    """Input of ``replyToComplaint``: a reply to a question, or further information."""

    text: str = strawberry.field(description="The message, 2 to 10,000 characters.")


@strawberry.input(description="Input of `reopenComplaint`.")
class ReopenComplaintInput(ComplaintInput):
    """Input of ``reopenComplaint``."""

    reason: str = strawberry.field(
        description="Why the answer or the rejection is not acceptable, 10 to 2,000 characters."
    )


@strawberry.input(description="Input of `rateComplaint`.")
class RateComplaintInput(ComplaintInput):
    """Input of ``rateComplaint``."""

    rating: int = strawberry.field(description="The rating, 1 (worst) to 5 (best).")


@strawberry.type(description="The result of `closeComplaint`.")
class CloseComplaintPayload(ComplaintPayload):
    """The complaint after the mutation."""


CloseComplaintResult = Annotated[CloseComplaintPayload | ComplaintErrors, result("closeComplaint")]


@strawberry.type(description="The result of `replyToComplaint`.")
class ReplyToComplaintPayload(ComplaintPayload):
    """The complaint after the mutation."""


ReplyToComplaintResult = Annotated[ReplyToComplaintPayload | ComplaintErrors, result("replyToComplaint")]


@strawberry.type(description="The result of `reopenComplaint`.")
class ReopenComplaintPayload(ComplaintPayload):
    """The complaint after the mutation."""


ReopenComplaintResult = Annotated[ReopenComplaintPayload | ComplaintErrors, result("reopenComplaint")]


@strawberry.type(description="The result of `rateComplaint`.")
class RateComplaintPayload(ComplaintPayload):
    """The complaint after the mutation."""


RateComplaintResult = Annotated[RateComplaintPayload | ComplaintErrors, result("rateComplaint")]


class Mutation:
    """The mutations for reporters; each requires one of two scopes."""

    @strawberry.mutation(
        description=f"Close a complaint that was answered. {RESPOND_OR_REPLY}", extensions=requires_any(RESPOND, REPLY)
    )
    async def close_complaint(
        self, info: Info, input: Annotated[CloseComplaintInput, INPUT]
    ) -> CloseComplaintResult | None:
        """Close the complaint."""
        act = Transition(input.ticket, Action.CLOSE)
        return await transition(info, CloseComplaintPayload, input, [], act)

    @strawberry.mutation(
        description="Send a message of the reporter to the handlers of a complaint. A returned complaint resumes."
        f" {RESPOND_OR_REPLY}",
        extensions=requires_any(RESPOND, REPLY),
    )
    async def reply_to_complaint(
        self, info: Info, input: Annotated[ReplyToComplaintInput, INPUT]
    ) -> ReplyToComplaintResult | None:
        """Store the message as a step of the timeline."""
        act = Transition(input.ticket, Action.REPLY, paragraphs(input.text))
        return await transition(info, ReplyToComplaintPayload, input, check_reply(input.text), act)

    @strawberry.mutation(
        description="Reopen a complaint that was answered or closed. The complaint desk may also reopen a rejected one."
        f" {RESPOND_OR_REPLY}",
        extensions=requires_any(RESPOND, REPLY),
    )
    async def reopen_complaint(
        self, info: Info, input: Annotated[ReopenComplaintInput, INPUT]
    ) -> ReopenComplaintResult | None:
        """Reopen the complaint with new deadlines."""
        act = Transition(input.ticket, Action.REOPEN, paragraphs(input.reason))
        return await transition(info, ReopenComplaintPayload, input, check_reopening(input.reason), act)

    @strawberry.mutation(
        description=f"Rate the answer to a complaint. {RESPOND_OR_REPLY}", extensions=requires_any(RESPOND, REPLY)
    )
    async def rate_complaint(
        self, info: Info, input: Annotated[RateComplaintInput, INPUT]
    ) -> RateComplaintResult | None:
        """Store the rating of the answer."""
        act = Transition(input.ticket, Action.RATE, None, {"rating": input.rating})
        return await transition(info, RateComplaintPayload, input, check_rating(input.rating), act)
