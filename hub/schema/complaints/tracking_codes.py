"""The mutation ``renewTrackingCode``: for a reporter who lost the code, or if somebody else may know it."""

from __future__ import annotations

from typing import Annotated

import strawberry

from hub.complaints.tickets import tracking_code
from hub.schema.authorization import requires_any
from hub.schema.complaints.errors import ComplaintNotFound
from hub.schema.complaints.mutations import INPUT, ComplaintErrors, ComplaintInput, result, run_checked
from hub.schema.complaints.reporter_mutations import REPLY, RESPOND, RESPOND_OR_REPLY
from hub.schema.context import Context, Info
from hub.store.complaints import tracking_codes
from hub.store.idempotency import Completed


async def read_tracking_code(context: Context, ticket: str) -> str:
    """Return the tracking code of a complaint that exists."""
    async with context.read() as db:
        seed = await tracking_codes.seed(db, ticket)
    assert seed is not None
    return tracking_code(seed, context.secret)


@strawberry.input(description="Input of `renewTrackingCode`.")
class RenewTrackingCodeInput(ComplaintInput):
    """Input of ``renewTrackingCode``."""


@strawberry.type(description="The result of `renewTrackingCode`. The previous tracking code is no longer valid.")
class RenewTrackingCodePayload:
    """The new tracking code for the reporter."""

    ticket: str = strawberry.field(description="The complaint's ticket number.")
    tracking_code: str = strawberry.field(description="The new tracking code. Disclose it only to the reporter.")


RenewTrackingCodeResult = Annotated[RenewTrackingCodePayload | ComplaintErrors, result("renewTrackingCode")]


class Mutation:
    """The mutation of tracking codes."""

    @strawberry.mutation(
        description="Replace the tracking code of a complaint, if the reporter lost it or somebody else may know it."
        f" For the reporter, or for the complaint desk on the reporter's behalf. {RESPOND_OR_REPLY}",
        extensions=requires_any(RESPOND, REPLY),
    )
    async def renew_tracking_code(
        self, info: Info, input: Annotated[RenewTrackingCodeInput, INPUT]
    ) -> RenewTrackingCodeResult | None:
        """Renew the code; a repeat with the same key returns the same code."""
        context = info.context
        done = await run_checked(
            info, input, [], lambda db, cause: tracking_codes.renew(db, cause, context.viewer, input.ticket)
        )
        if done is None:
            return ComplaintNotFound.in_language(context.language)
        if not isinstance(done, Completed):
            return done
        return RenewTrackingCodePayload(
            ticket=done.ticket, tracking_code=await read_tracking_code(context, done.ticket)
        )
