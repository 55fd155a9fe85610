"""Submitting a complaint: what is sent, and what the reporter should keep."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import Annotated

import strawberry
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.complaints.attachments import Attachment as FileTold
from hub.complaints.calendar import JAKARTA
from hub.complaints.codes import Channel, ComplaintClass
from hub.complaints.reporter import Reporter as ReporterTold
from hub.complaints.submission import Submission, check, normalise
from hub.complaints.tickets import tracking_code
from hub.schema.complaints.acts import INPUT, KEY, once
from hub.schema.complaints.complaint import Complaint
from hub.schema.complaints.refusals import IdempotencyConflict, InvalidInput
from hub.schema.context import Info
from hub.schema.listing import node_of_hub
from hub.schema.needs import needs
from hub.store.complaints import submission
from hub.store.database import Cause
from hub.store.promises import Done, KeyTaken
from hub.viewer import Viewer, ViewerKind

SUBMIT = "complaints:submit"


@strawberry.input(description="Who submits.")
class ReporterInput:
    """Personal data; kept encrypted."""

    name: str = strawberry.field(description="2 to 100 characters.")
    phone: str | None = strawberry.field(default=None, description="Such as +62 811 0000 0000.")
    email: str | None = strawberry.field(default=None, description="A mail address.")
    nik: str | None = strawberry.field(default=None, description="16 digits.")


@strawberry.input(description="A file that belongs to the complaint; the file itself is kept elsewhere.")
class AttachmentInput:
    """Metadata."""

    name: str = strawberry.field(description="The file's name.")
    media_type: str = strawberry.field(description="Such as image/jpeg.")
    size: int = strawberry.field(description="In bytes, at most 10 MB.")
    sha256: str = strawberry.field(description="Of its content, in hex.")


@strawberry.input(description="A new complaint.")
class SubmitComplaintInput:
    """What the rules of ``hub.complaints.submission`` check."""

    idempotency_key: str = strawberry.field(description=KEY)
    channel: Channel = strawberry.field(description="Where it came in.")
    klass: ComplaintClass = strawberry.field(name="class", description="What it is.")
    title: str = strawberry.field(description="5 to 200 characters.")
    text: str = strawberry.field(description="10 to 10,000 characters.")
    area_code: str = strawberry.field(description="The regency or city, such as 33.74.")
    inspection: bool = strawberry.field(default=False, description="Whether it needs a field inspection.")
    category: str | None = strawberry.field(default=None, description="The code of a category; OTHER by default.")
    agency_code: str | None = strawberry.field(default=None, description="The agency it is about, if known.")
    latitude: float | None = strawberry.field(default=None, description="Degrees north; with longitude.")
    longitude: float | None = strawberry.field(default=None, description="Degrees east; with latitude.")
    reporter: ReporterInput | None = strawberry.field(default=None, description="Needed unless it is anonymous.")
    anonymous: bool = strawberry.field(default=False, description="The reporter wants not to be named.")
    secret: bool = strawberry.field(default=False, description="Nobody but those who handle it may see it.")
    payment_reference: str | None = strawberry.field(default=None, description="The payment it is about.")
    order_id: str | None = strawberry.field(default=None, description="The procurement order it is about.")
    tracking_id: str | None = strawberry.field(default=None, description="The number of its report at the centre.")
    attachments: list[AttachmentInput] = strawberry.field(default_factory=list, description="At most 10.")


@strawberry.type(description="The complaint was received.")
class ComplaintReceived:
    """What the reporter should keep."""

    complaint: Complaint | None = strawberry.field(
        description="The complaint; null when the viewer may submit but not see it."
    )
    ticket: str = strawberry.field(description="Its number, for the reporter to keep.")
    tracking_code: str = strawberry.field(description="The code that lets the reporter follow it without an account.")


SubmitResult = Annotated[
    ComplaintReceived | InvalidInput | IdempotencyConflict,
    strawberry.union("SubmitComplaintResult", description="What came of a submission."),
]


class Mutation:
    """A submission."""

    @strawberry.mutation(description="Submit a complaint. Needs complaints:submit.", extensions=needs(SUBMIT))
    async def submit_complaint(self, info: Info, input: Annotated[SubmitComplaintInput, INPUT]) -> SubmitResult | None:
        """The tracking code is told again on a repeat; no table holds it."""
        context = info.context
        told = _submission(input)
        if problems := check(told, datetime.now(JAKARTA).date()):
            return InvalidInput.of(problems, context.language)
        kept, account = normalise(told), _account(context.viewer)

        async def submit(db: AsyncConnection, cause: Cause) -> Done:
            return await submission.submit(db, cause, context.seal, kept, account)

        done = await once(info, kept.idempotency_key, dataclasses.asdict(kept), submit)
        if isinstance(done, KeyTaken):
            return IdempotencyConflict.of(context.language)
        return ComplaintReceived(
            complaint=await node_of_hub(context, Complaint, done.ticket),
            ticket=done.ticket,
            tracking_code=tracking_code(str(done.complaint_id), context.secret),
        )


def _account(viewer: Viewer) -> str | None:
    """The account a submission belongs to: a citizen's own."""
    return viewer.name if viewer.kind is ViewerKind.CITIZEN else None


def _submission(input: SubmitComplaintInput) -> Submission:
    # Not asdict: the reporter's values must not be copied into more places than they need.
    given = {field.name: getattr(input, field.name) for field in dataclasses.fields(input)}
    given["reporter"] = ReporterTold(**vars(input.reporter)) if input.reporter else None
    given["attachments"] = tuple(FileTold(**vars(each)) for each in input.attachments)
    return Submission(**given)
