"""What somebody submits: its fields, how they are normalised before they are kept, and what is wrong with them.

``check`` normalises by itself, so that it can be asked about input as it came; what is kept is
``normalise(submission)``. Fields are named as the graph spells them (``areaCode``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from hub.complaints import attachments, categories, place, references, reporter
from hub.complaints.assignment import check_agency
from hub.complaints.attachments import Attachment
from hub.complaints.codes import Channel, ComplaintClass
from hub.complaints.problems import Message, Problem, ProblemCode, length
from hub.complaints.reporter import Reporter
from hub.complaints.text import one_line, paragraphs

TITLE, TEXT = (5, 200), (10, 10_000)
"""Characters, at least and at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A complaint as it comes in. ``inspection``: it needs a visit to the place, and so has the longest deadline.

    ``payment_reference``, ``order_id`` and ``tracking_id`` (of LAPOR) name records of other systems.
    """

    idempotency_key: str
    channel: Channel
    klass: ComplaintClass
    title: str
    text: str
    area_code: str
    inspection: bool = False
    category: str | None = None
    agency_code: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    reporter: Reporter | None = None
    anonymous: bool = False
    secret: bool = False
    payment_reference: str | None = None
    order_id: str | None = None
    tracking_id: str | None = None
    attachments: tuple[Attachment, ...] = ()


def normalise(submission: Submission) -> Submission:
    """The submission as it is kept. Doing it twice changes nothing; so equal inputs have one fingerprint."""
    return replace(
        submission,
        title=one_line(submission.title),
        text=paragraphs(submission.text),
        area_code=one_line(submission.area_code),
        category=_optional(submission.category),
        agency_code=_optional(submission.agency_code),
        reporter=reporter.normalise(submission.reporter) if submission.reporter else None,
        payment_reference=_optional(submission.payment_reference),
        order_id=_optional(submission.order_id),
        tracking_id=(_optional(submission.tracking_id) or "").lstrip("# ") or None,
        attachments=tuple(_normalised(attachment) for attachment in submission.attachments),
    )


def check(submission: Submission, on: date) -> list[Problem]:
    """Everything wrong with a submission that comes in on the day ``on``, in the order of its fields; empty if fit."""
    told = normalise(submission)
    return [
        *references.check_key(told.idempotency_key),
        *_check_class(told),
        *length("title", told.title, *TITLE),
        *length("text", told.text, *TEXT),
        *_check_category(told.category),
        *place.check(told.area_code, told.latitude, told.longitude),
        *(check_agency("agencyCode", told.agency_code, on) if told.agency_code else ()),
        *_check_reporter(told),
        *references.check("paymentReference", told.payment_reference),
        *references.check("orderId", told.order_id),
        *references.check_tracking_id("trackingId", told.tracking_id),
        *attachments.check(told.attachments),
    ]


def _check_class(told: Submission) -> list[Problem]:
    if not told.inspection or told.klass is ComplaintClass.COMPLAINT:
        return []
    message = Message(
        "Hanya pengaduan yang dapat memerlukan pemeriksaan lapangan.", "Only a complaint can need a field inspection."
    )
    return [Problem("inspection", ProblemCode.NOT_ALLOWED, message)]


def _check_category(code: str | None) -> list[Problem]:
    if code is None or code in categories.BY_CODE:
        return []
    codes = ", ".join(categories.BY_CODE)
    message = Message(f"Kategori yang ada: {codes}.", f"The categories are: {codes}.")
    return [Problem("category", ProblemCode.UNKNOWN, message)]


def _check_reporter(told: Submission) -> list[Problem]:
    if told.reporter is not None:
        return reporter.check(told.reporter)
    if told.anonymous:
        return []
    message = Message("Pelapor wajib diisi kecuali aduan anonim.", "A reporter is needed unless it is anonymous.")
    return [Problem("reporter", ProblemCode.REQUIRED, message)]


def _optional(text: str | None) -> str | None:
    return one_line(text) or None if text else None


def _normalised(attachment: Attachment) -> Attachment:
    return Attachment(
        one_line(attachment.name),
        one_line(attachment.media_type).lower(),
        attachment.size,
        one_line(attachment.sha256).lower(),
    )
