"""What reporters do to their own complaints, or the desk for one who telephones: close, reply, reopen, rate."""

from __future__ import annotations

from typing import Annotated

import strawberry

from hub.complaints.handling import check_rating, check_reopening, check_reply
from hub.complaints.text import paragraphs
from hub.complaints.workflow import Action
from hub.schema.complaints.acts import INPUT, ActOnComplaint, MoveResult, move
from hub.schema.context import Info
from hub.schema.needs import needs_one
from hub.store.complaints.handling import Act

RESPOND, REPLY = "complaints:respond", "complaints:reply"
_EITHER = "Needs complaints:respond, or complaints:reply for one's own."


@strawberry.input(description="Finish a complaint that was answered.")
class CloseComplaintInput(ActOnComplaint):
    """Closing."""


@strawberry.input(description="What the reporter writes.")
class ReplyToComplaintInput(ActOnComplaint):
    """An answer to what was asked, or an addition."""

    text: str = strawberry.field(description="2 to 10,000 characters.")


@strawberry.input(description="Open a complaint again.")
class ReopenComplaintInput(ActOnComplaint):
    """Reopening."""

    reason: str = strawberry.field(description="Why the answer does not hold, 10 to 2,000 characters.")


@strawberry.input(description="Rate the answer.")
class RateComplaintInput(ActOnComplaint):
    """One to five stars."""

    rating: int = strawberry.field(description="1 to 5.")


class Mutation:
    """One field an act; either scope is enough."""

    @strawberry.mutation(
        description=f"Finish a complaint that was answered. {_EITHER}", extensions=needs_one(RESPOND, REPLY)
    )
    async def close_complaint(self, info: Info, input: Annotated[CloseComplaintInput, INPUT]) -> MoveResult | None:
        """By the reporter, or by the desk for one who telephones."""
        act = Act(input.ticket, Action.CLOSE)
        return await move(info, input, [], act)

    @strawberry.mutation(
        description=f"Write to those who handle a complaint; one that was returned goes on. {_EITHER}",
        extensions=needs_one(RESPOND, REPLY),
    )
    async def reply_to_complaint(self, info: Info, input: Annotated[ReplyToComplaintInput, INPUT]) -> MoveResult | None:
        """By the reporter, or by the desk for one who telephones."""
        act = Act(input.ticket, Action.REPLY, paragraphs(input.text))
        return await move(info, input, check_reply(input.text), act)

    @strawberry.mutation(description=f"Open a complaint again. {_EITHER}", extensions=needs_one(RESPOND, REPLY))
    async def reopen_complaint(self, info: Info, input: Annotated[ReopenComplaintInput, INPUT]) -> MoveResult | None:
        """A new round with new clocks."""
        act = Act(input.ticket, Action.REOPEN, paragraphs(input.reason))
        return await move(info, input, check_reopening(input.reason), act)

    @strawberry.mutation(description=f"Rate the answer. {_EITHER}", extensions=needs_one(RESPOND, REPLY))
    async def rate_complaint(self, info: Info, input: Annotated[RateComplaintInput, INPUT]) -> MoveResult | None:
        """By the reporter, or by the desk for one who telephones."""
        act = Act(input.ticket, Action.RATE, None, {"rating": input.rating})
        return await move(info, input, check_rating(input.rating), act)
