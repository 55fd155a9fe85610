"""The mutations of the part ``complaints``, all of one shape: an input, and a result or a typed refusal."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import Annotated, Any

import strawberry

from hub.complaints.assignment import check_agency
from hub.complaints.attachments import Attachment as FileTold
from hub.complaints.calendar import JAKARTA
from hub.complaints.codes import Channel, ComplaintClass
from hub.complaints.handling import check_rating, check_reopening, check_reply, check_response, check_verdict
from hub.complaints.problems import Problem as Wrong
from hub.complaints.problems import ProblemCode
from hub.complaints.references import check_key
from hub.complaints.reporter import Reporter as ReporterTold
from hub.complaints.submission import Submission, check, normalise
from hub.complaints.text import paragraphs
from hub.complaints.tickets import tracking_code
from hub.complaints.workflow import Action, Refusal, RejectReason, Verdict
from hub.schema.complaints.complaint import Complaint
from hub.schema.context import Context, Info
from hub.schema.listing import nodes_by_ref
from hub.schema.needs import needs, needs_one
from hub.store import handling
from hub.store.entities import HUB
from hub.store.handling import Act, Done, KeyTaken, Promise
from hub.viewer import Viewer, ViewerKind


@strawberry.type(description="One thing wrong with one field of the input.")
class FieldProblem:
    """As the rules told it."""

    field: str = strawberry.field(description="The field, such as `reporter.phone`.")
    code: str = strawberry.field(description=f"What is wrong, for programs: {', '.join(ProblemCode)}.")
    message: str = strawberry.field(description="What is wrong and what is allowed, for people.")


@strawberry.type(description="The input cannot be taken; nothing was done.")
class InvalidInput:
    """All problems at once."""

    problems: list[FieldProblem] = strawberry.field(description="Everything that is wrong.")


@strawberry.type(description="The idempotency key was used before with another input; nothing was done.")
class IdempotencyConflict:
    """A new act needs a new key."""

    message: str = strawberry.field(description="What to do.")


@strawberry.type(description="The workflow does not allow this now; nothing was done.")
class NotAllowed:
    """A rule refuses."""

    code: str = strawberry.field(description="WRONG_STATUS or WRONG_ROLE.")
    message: str = strawberry.field(description="Why, and what is allowed instead.")


@strawberry.type(description="There is no such complaint, or it is not yours to see.")
class ComplaintNotFound:
    """Both look the same."""

    message: str = strawberry.field(description="What to check.")


@strawberry.type(description="The complaint was received.")
class ComplaintReceived:
    """What the reporter should keep."""

    complaint: Complaint | None = strawberry.field(
        description="The complaint; null when the viewer may submit but not see it."
    )
    ticket: str = strawberry.field(description="Its number, for the reporter to keep.")
    tracking_code: str = strawberry.field(description="The code that lets the reporter follow it without an account.")


@strawberry.type(description="The complaint was moved.")
class ComplaintMoved:
    """As it stands now."""

    complaint: Complaint = strawberry.field(description="The complaint as it stands now.")


SubmitResult = Annotated[
    ComplaintReceived | InvalidInput | IdempotencyConflict,
    strawberry.union("SubmitComplaintResult", description="What came of a submission."),
]
Moved = ComplaintMoved | InvalidInput | IdempotencyConflict | NotAllowed | ComplaintNotFound
MoveResult = Annotated[Moved, strawberry.union("MoveComplaintResult", description="What came of a move.")]

_INPUT = strawberry.argument(description="What is wanted.")
_KEY = "Makes a repeat harmless: same key and input, same answer. 8 to 128 letters, digits or . _ : -"


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

    idempotency_key: str = strawberry.field(description=_KEY)
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


@strawberry.input(description="The desk's verdict on a complaint that came in.")
class VerifyComplaintInput:
    """Verdict, and the reason or what is missing."""

    ticket: str = strawberry.field(description="Which complaint.")
    verdict: Verdict = strawberry.field(description="What the desk decides.")
    reason: RejectReason | None = strawberry.field(default=None, description="Needed for REJECTED.")
    note: str | None = strawberry.field(default=None, description="To the reporter; needed for RETURNED.")
    idempotency_key: str | None = strawberry.field(default=None, description=_KEY)


@strawberry.input(description="Give a complaint to an agency.")
class AssignComplaintInput:
    """Disposition."""

    ticket: str = strawberry.field(description="Which complaint.")
    agency_code: str = strawberry.field(description="The agency that must answer, such as DISHUB.")
    idempotency_key: str | None = strawberry.field(default=None, description=_KEY)


@strawberry.input(description="An agency's response.")
class RespondToComplaintInput:
    """A first response, or the final answer."""

    ticket: str = strawberry.field(description="Which complaint.")
    text: str = strawberry.field(description="To the reporter, 10 to 10,000 characters.")
    final: bool = strawberry.field(description="Whether this is the final answer.")
    idempotency_key: str | None = strawberry.field(default=None, description=_KEY)


@strawberry.input(description="Finish a complaint that was answered.")
class CloseComplaintInput:
    """Closing."""

    ticket: str = strawberry.field(description="Which complaint.")
    idempotency_key: str | None = strawberry.field(default=None, description=_KEY)


@strawberry.input(description="What the reporter writes.")
class ReplyToComplaintInput:
    """An answer to what was asked, or an addition."""

    ticket: str = strawberry.field(description="Which complaint.")
    text: str = strawberry.field(description="2 to 10,000 characters.")
    idempotency_key: str | None = strawberry.field(default=None, description=_KEY)


@strawberry.input(description="Open a complaint again.")
class ReopenComplaintInput:
    """Reopening."""

    ticket: str = strawberry.field(description="Which complaint.")
    reason: str = strawberry.field(description="Why the answer does not hold, 10 to 2,000 characters.")
    idempotency_key: str | None = strawberry.field(default=None, description=_KEY)


@strawberry.input(description="Rate the answer.")
class RateComplaintInput:
    """One to five stars."""

    ticket: str = strawberry.field(description="Which complaint.")
    rating: int = strawberry.field(description="1 to 5.")
    idempotency_key: str | None = strawberry.field(default=None, description=_KEY)


SUBMIT, VERIFY, ASSIGN = "complaints:submit", "complaints:verify", "complaints:assign"
RESPOND, REPLY = "complaints:respond", "complaints:reply"
_EITHER = "Needs complaints:respond, or complaints:reply for one's own."


class Mutation:
    """One field an act; each needs a scope, and answers with a union."""

    @strawberry.mutation(description="Submit a complaint. Needs complaints:submit.", extensions=needs(SUBMIT))
    async def submit_complaint(self, info: Info, input: Annotated[SubmitComplaintInput, _INPUT]) -> SubmitResult | None:
        """The tracking code is told again on a repeat; no table holds it."""
        context = info.context
        told = _submission(input)
        if problems := check(told, datetime.now(JAKARTA).date()):
            return _invalid(context, problems)
        promise = _promise(context, "submitComplaint", input.idempotency_key, dataclasses.asdict(normalise(told)))
        cause = context.cause("mutation:submitComplaint")
        async with context.database.write(cause) as db:
            done = await handling.submit(db, cause, context.seal, promise, told, _account(context.viewer))
        if isinstance(done, KeyTaken):
            return _conflict(context)
        context.forget()
        return ComplaintReceived(
            complaint=await _shown(context, done),
            ticket=done.ticket,
            tracking_code=tracking_code(str(done.complaint_id), context.secret),
        )

    @strawberry.mutation(
        description="Accept, return or reject a complaint that came in. Needs complaints:verify.",
        extensions=needs(VERIFY),
    )
    async def verify_complaint(self, info: Info, input: Annotated[VerifyComplaintInput, _INPUT]) -> MoveResult | None:
        """The reason for a rejection is part of the note."""
        problems = check_verdict(input.verdict, input.reason, input.note)
        note = "\n".join(part for part in (input.reason and input.reason.value, input.note) if part) or None
        act = Act(input.ticket, input.verdict.action, paragraphs(note) if note else None)
        return await _move(info.context, "verifyComplaint", input, problems, act)

    @strawberry.mutation(
        description="Give a complaint to an agency, or to another one. Needs complaints:assign.",
        extensions=needs(ASSIGN),
    )
    async def assign_complaint(self, info: Info, input: Annotated[AssignComplaintInput, _INPUT]) -> MoveResult | None:
        """The agency must be in office."""
        problems = check_agency("agencyCode", input.agency_code, datetime.now(JAKARTA).date())
        act = Act(input.ticket, Action.ASSIGN, None, {"agency_code": input.agency_code})
        return await _move(info.context, "assignComplaint", input, problems, act)

    @strawberry.mutation(
        description="Respond to a complaint for its agency. Needs complaints:respond.", extensions=needs(RESPOND)
    )
    async def respond_to_complaint(
        self, info: Info, input: Annotated[RespondToComplaintInput, _INPUT]
    ) -> MoveResult | None:
        """A final answer waits for the reporter; any other keeps the agency at work."""
        action = Action.ANSWER if input.final else Action.START
        act = Act(input.ticket, action, paragraphs(input.text))
        return await _move(info.context, "respondToComplaint", input, check_response(input.text), act)

    @strawberry.mutation(
        description=f"Finish a complaint that was answered. {_EITHER}", extensions=needs_one(RESPOND, REPLY)
    )
    async def close_complaint(self, info: Info, input: Annotated[CloseComplaintInput, _INPUT]) -> MoveResult | None:
        """By the reporter, or by the desk for one who telephones."""
        act = Act(input.ticket, Action.CLOSE)
        return await _move(info.context, "closeComplaint", input, [], act)

    @strawberry.mutation(
        description=f"Write to those who handle a complaint; one that was returned goes on. {_EITHER}",
        extensions=needs_one(RESPOND, REPLY),
    )
    async def reply_to_complaint(
        self, info: Info, input: Annotated[ReplyToComplaintInput, _INPUT]
    ) -> MoveResult | None:
        """By the reporter, or by the desk for one who telephones."""
        act = Act(input.ticket, Action.REPLY, paragraphs(input.text))
        return await _move(info.context, "replyToComplaint", input, check_reply(input.text), act)

    @strawberry.mutation(description=f"Open a complaint again. {_EITHER}", extensions=needs_one(RESPOND, REPLY))
    async def reopen_complaint(self, info: Info, input: Annotated[ReopenComplaintInput, _INPUT]) -> MoveResult | None:
        """A new round with new clocks."""
        act = Act(input.ticket, Action.REOPEN, paragraphs(input.reason))
        return await _move(info.context, "reopenComplaint", input, check_reopening(input.reason), act)

    @strawberry.mutation(description=f"Rate the answer. {_EITHER}", extensions=needs_one(RESPOND, REPLY))
    async def rate_complaint(self, info: Info, input: Annotated[RateComplaintInput, _INPUT]) -> MoveResult | None:
        """By the reporter, or by the desk for one who telephones."""
        act = Act(input.ticket, Action.RATE, None, {"rating": input.rating})
        return await _move(info.context, "rateComplaint", input, check_rating(input.rating), act)


async def _move(context: Context, name: str, input: Any, problems: list[Wrong], act: Act) -> Moved:
    """Check, act in one transaction, and show the outcome as the graph does."""
    key: str | None = input.idempotency_key
    problems = [*(check_key(key) if key is not None else []), *problems]
    if problems:
        return _invalid(context, problems)
    promise = _promise(context, name, key, dataclasses.asdict(input)) if key is not None else None
    cause = context.cause(f"mutation:{name}")
    async with context.database.write(cause) as db:
        done = await handling.act(db, cause, context.seal, context.viewer, promise, act)
    if isinstance(done, KeyTaken):
        return _conflict(context)
    if isinstance(done, Refusal):
        return NotAllowed(code=done.code.value, message=done.message.in_language(context.language))
    context.forget()
    complaint = await _shown(context, done) if done else None
    return ComplaintMoved(complaint=complaint) if complaint else _not_found(context)


def _account(viewer: Viewer) -> str | None:
    """The account a submission belongs to: a citizen's own."""
    return viewer.name if viewer.kind is ViewerKind.CITIZEN else None


async def _shown(context: Context, done: Done) -> Complaint | None:
    (found,) = await nodes_by_ref(context, Complaint, [(HUB, done.ticket)])
    return found if isinstance(found, Complaint) else None


def _promise(context: Context, operation: str, key: str, told: dict[str, Any]) -> Promise:
    return Promise(f"{context.viewer.kind.value}:{context.viewer.name}", operation, key, told)


def _submission(input: SubmitComplaintInput) -> Submission:
    # Not asdict: the reporter's values must not be copied into more places than they need.
    given = {field.name: getattr(input, field.name) for field in dataclasses.fields(input)}
    given["reporter"] = ReporterTold(**vars(input.reporter)) if input.reporter else None
    given["attachments"] = tuple(FileTold(**vars(each)) for each in input.attachments)
    return Submission(**given)


def _invalid(context: Context, problems: list[Wrong]) -> InvalidInput:
    return InvalidInput(
        problems=[
            FieldProblem(field=one.field, code=one.code.value, message=one.message.in_language(context.language))
            for one in problems
        ]
    )


def _conflict(context: Context) -> IdempotencyConflict:
    english = "This idempotency key was used with another input; use a new key for something new."
    indonesian = "Kunci idempotensi ini sudah dipakai dengan masukan lain; gunakan kunci baru."
    return IdempotencyConflict(message=english if context.language == "en" else indonesian)


def _not_found(context: Context) -> ComplaintNotFound:
    english = "There is no such complaint that you may see; check the ticket."
    indonesian = "Aduan tidak ditemukan atau tidak dapat Anda lihat; periksa nomor tiket."
    return ComplaintNotFound(message=english if context.language == "en" else indonesian)
