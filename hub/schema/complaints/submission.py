"""The mutation ``submitComplaint``, with its input and payload."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import Annotated, Any

import strawberry
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.complaints.attachments import Attachment as SubmittedFile
from hub.complaints.calendar import JAKARTA
from hub.complaints.enums import Channel, ComplaintClass
from hub.complaints.problems import Problem
from hub.complaints.reporter import Reporter as SubmittedReporter
from hub.complaints.submission import Submission, check, check_channel, normalise
from hub.schema.authorization import requirement, requires
from hub.schema.complaints.complaint import Complaint
from hub.schema.complaints.errors import IdempotencyConflict, InvalidInput
from hub.schema.complaints.mutations import INPUT, KEY, result, run_once
from hub.schema.complaints.references import ComplaintReferences
from hub.schema.complaints.tracking_codes import read_tracking_code
from hub.schema.context import Info
from hub.schema.lookups import load_hub_node
from hub.store.complaints import tracking_codes
from hub.store.database import Cause
from hub.store.idempotency import Completed, KeyConflict
from hub.store.use_cases import submission
from hub.viewer import Viewer, ViewerKind

SUBMIT = "complaints:submit"


@strawberry.input(description="The person who submits a complaint. Personal data is stored encrypted.")
class ReporterInput:
    """The person who submits: personal data, stored encrypted."""

    name: str = strawberry.field(description="The name, 2 to 100 characters.")
    phone: str | None = strawberry.field(default=None, description="The telephone number, such as +62 811 0000 0000.")
    email: str | None = strawberry.field(default=None, description="The email address.")
    nik: str | None = strawberry.field(default=None, description="The national identity number (NIK), 16 digits.")


@strawberry.input(
    description="The metadata of a file that belongs to the complaint. The file itself is stored elsewhere."
)
class AttachmentInput:
    """The metadata of a file."""

    name: str = strawberry.field(description="The file's name.")
    media_type: str = strawberry.field(description="The media type (IANA), such as image/jpeg.")
    size: int = strawberry.field(description="The size in bytes, at most 10 MB.")
    sha256: str = strawberry.field(description="The SHA-256 of the content, in hexadecimal.")


@strawberry.input(description="Input of `submitComplaint`.")
class SubmitComplaintInput:
    """Input of ``submitComplaint``; the rules of ``hub.complaints.submission`` check it."""

    idempotency_key: str = strawberry.field(description=KEY)
    channel: Channel = strawberry.field(
        description="The channel through which the complaint was submitted. A client may be limited to some channels."
    )
    klass: ComplaintClass = strawberry.field(name="class", description="The class of the complaint.")
    title: str = strawberry.field(description="The title, 5 to 200 characters.")
    text: str = strawberry.field(description="The text, 10 to 10,000 characters.")
    area_code: str = strawberry.field(
        description="The code of the regency or city, such as 33.74; the query `areas` lists all codes."
    )
    inspection: bool = strawberry.field(default=False, description="Whether the complaint needs a field inspection.")
    category: str | None = strawberry.field(
        default=None, description="The code of the category, OTHER by default; the query `categories` lists all codes."
    )
    agency_code: str | None = strawberry.field(
        default=None,
        description="The code of the agency that the complaint concerns; the query `agencies` lists all codes.",
    )
    latitude: float | None = strawberry.field(
        default=None, description="The latitude in degrees north; requires `longitude`."
    )
    longitude: float | None = strawberry.field(
        default=None, description="The longitude in degrees east; requires `latitude`."
    )
    reporter: ReporterInput | None = strawberry.field(
        default=None, description="The person who submits; required unless `anonymous` is true."
    )
    anonymous: bool = strawberry.field(default=False, description="Whether the reporter remains anonymous.")
    secret: bool = strawberry.field(
        default=False,
        description="Whether the complaint is secret: visible only to the officers who handle it and its reporter.",
    )
    payment_reference: str | None = strawberry.field(
        default=None, description="The reference of the payment that the complaint concerns."
    )
    order_id: str | None = strawberry.field(
        default=None, description="The number of the procurement order that the complaint concerns."
    )
    tracking_id: str | None = strawberry.field(
        default=None,
        description="The tracking id of the report on the same matter at the national complaint service. The complaint"
        " desk must confirm it.",
    )
    permit_number: str | None = strawberry.field(
        default=None,
        description="The number of the permit that the complaint concerns, or of its application.",
    )
    attachments: list[AttachmentInput] = strawberry.field(
        default_factory=list, description="The complaint's files, at most 10."
    )


@strawberry.type(description="The result of `submitComplaint`.")
class SubmitComplaintPayload:
    """The new complaint, with the ticket number and tracking code for the reporter."""

    complaint: Complaint | None = strawberry.field(
        description="The new complaint; null if the viewer may submit but not see it."
    )
    ticket: str = strawberry.field(description="The ticket number, which the reporter should keep.")
    tracking_code: str | None = strawberry.field(
        description="The code with which the reporter can follow the complaint without an account. Null if a partner"
        " submitted a secret complaint: then the reporter gets the code from the complaint desk."
    )
    references: ComplaintReferences = strawberry.field(
        description="The records of other systems that the complaint names, and whether the hub already has them."
    )


SubmitComplaintResult = Annotated[
    SubmitComplaintPayload | InvalidInput | IdempotencyConflict, result("submitComplaint")
]


class Mutation:
    """The mutation that submits a complaint."""

    @strawberry.mutation(description=f"Submit a complaint. {requirement(SUBMIT)}", extensions=requires(SUBMIT))
    async def submit_complaint(
        self, info: Info, input: Annotated[SubmitComplaintInput, INPUT]
    ) -> SubmitComplaintResult | None:
        """Submit the complaint. A repeat returns the same tracking code, which is derived and not stored."""
        context = info.context
        received = _submission(input)
        if problems := check(received, datetime.now(JAKARTA).date()):
            return InvalidInput.from_problems(problems, context.language)
        if context.count_submission:
            await context.count_submission()
        kept, account = normalise(received), _account(context.viewer)

        async def submit(db: AsyncConnection, cause: Cause) -> Completed | list[Problem]:
            # Checked after the key: a repeat returns the first result even if the client has lost the channel since.
            if problems := check_channel(kept.channel, context.viewer.channels):
                return problems
            return await submission.submit(db, cause, context.cipher, kept, account)

        done = await run_once(info, kept.idempotency_key, compared_input(kept), submit)
        if isinstance(done, KeyConflict):
            return IdempotencyConflict.in_language(context.language)
        if isinstance(done, list):
            return InvalidInput.from_problems(done, context.language)
        return SubmitComplaintPayload(
            complaint=await load_hub_node(context, Complaint, done.ticket),
            ticket=done.ticket,
            tracking_code=await read_tracking_code(context, done.ticket)
            if tracking_codes.is_disclosed(context.viewer, secret=kept.secret)
            else None,
            references=ComplaintReferences(
                payment_reference=kept.payment_reference,
                order_id=kept.order_id,
                tracking_id=kept.tracking_id,
                permit_number=kept.permit_number,
            ),
        )


def compared_input(kept: Submission) -> dict[str, Any]:
    """Return the input that a repeat must equal.

    Without a permit it is as it was before there were permits, so that earlier keys still fit.
    """
    values = dataclasses.asdict(kept)
    return values if kept.permit_number else {name: values[name] for name in values if name != "permit_number"}


def _account(viewer: Viewer) -> str | None:
    """Return the account that owns the submission: that of a citizen, None for other viewers."""
    return viewer.name if viewer.kind is ViewerKind.CITIZEN else None


def _submission(input: SubmitComplaintInput) -> Submission:
    # Not ``asdict``, which would copy the reporter's personal data once more.
    values = {field.name: getattr(input, field.name) for field in dataclasses.fields(input)}
    values["reporter"] = SubmittedReporter(**vars(input.reporter)) if input.reporter else None
    values["attachments"] = tuple(SubmittedFile(**vars(each)) for each in input.attachments)
    return Submission(**values)
