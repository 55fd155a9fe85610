"""A submission: its fields, their normalisation and their validation.

``check`` accepts raw input, because it normalises by itself; what is stored is ``normalise(submission)``. Problems name
fields as the graph does (``areaCode``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import date

from hub.complaints import attachments, categories, idempotency, location, references, reporter
from hub.complaints.assignment import check_agency
from hub.complaints.attachments import Attachment
from hub.complaints.enums import Channel, ComplaintClass
from hub.complaints.numbers import normalise_number
from hub.complaints.problems import Problem, ProblemCode, check_input_length, check_length
from hub.complaints.reporter import Reporter
from hub.complaints.text import one_line, paragraphs
from hub.messages import Bilingual

TITLE, TEXT = (5, 200), (10, 10_000)
"""Minimum and maximum number of characters."""

_TEXT_FIELDS = {
    "title": "title",
    "text": "text",
    "areaCode": "area_code",
    "category": "category",
    "agencyCode": "agency_code",
    "paymentReference": "payment_reference",
    "orderId": "order_id",
    "trackingId": "tracking_id",
    "permitNumber": "permit_number",
}
"""The text fields: name in the graph → attribute."""
_REPORTER_FIELDS = ("name", "phone", "email", "nik")


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A complaint as it is submitted. ``inspection``: it needs a field inspection, and has the longest deadline.

    ``payment_reference``, ``order_id``, ``tracking_id`` (of LAPOR) and ``permit_number`` refer to records of other
    systems.
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
    permit_number: str | None = None
    attachments: tuple[Attachment, ...] = ()


def normalise(submission: Submission) -> Submission:
    """Return the submission as it is stored. Idempotent, so that equivalent inputs have the same fingerprint."""
    return replace(
        submission,
        title=one_line(submission.title),
        text=paragraphs(submission.text),
        area_code=one_line(submission.area_code),
        category=_optional(submission.category),
        agency_code=_optional(submission.agency_code),
        reporter=reporter.normalise(submission.reporter) if submission.reporter else None,
        payment_reference=_optional_number(submission.payment_reference),
        order_id=_optional_number(submission.order_id),
        tracking_id=_optional_number(submission.tracking_id, "#"),
        permit_number=_optional_number(submission.permit_number),
        attachments=tuple(_normalise_attachment(attachment) for attachment in submission.attachments),
    )


def check(submission: Submission, on: date) -> list[Problem]:
    """Return all problems of a submission made on the day ``on``, in the order of its fields; empty if it is valid."""
    if problems := list(_check_input_lengths(submission)):
        return problems
    normalised = normalise(submission)
    return [
        *idempotency.check_key(normalised.idempotency_key),
        *_check_class(normalised),
        *check_length("title", normalised.title, *TITLE),
        *check_length("text", normalised.text, *TEXT),
        *_check_category(normalised.category),
        *location.check(normalised.area_code, normalised.latitude, normalised.longitude),
        *(check_agency("agencyCode", normalised.agency_code, on) if normalised.agency_code else ()),
        *_check_reporter(normalised),
        *references.check("paymentReference", normalised.payment_reference),
        *references.check("orderId", normalised.order_id),
        *references.check_tracking_id("trackingId", normalised.tracking_id),
        *references.check("permitNumber", normalised.permit_number),
        *attachments.check(normalised.attachments),
    ]


def check_channel(channel: Channel, allowed: Collection[str]) -> list[Problem]:
    """Return a problem if a client may not use ``channel``; an empty ``allowed`` allows every channel."""
    if not allowed or channel.value in allowed:
        return []
    codes = ", ".join(allowed)
    message = Bilingual(
        f"This client can submit complaints only by: {codes}.",
        f"Klien ini hanya dapat mengajukan aduan lewat: {codes}.",
    )
    return [Problem("channel", ProblemCode.NOT_ALLOWED, message)]


def _check_input_lengths(submission: Submission) -> Iterator[Problem]:
    """Yield the problems of raw input that is too long to be normalised."""
    for field, name in _TEXT_FIELDS.items():
        yield from check_input_length(field, getattr(submission, name))
    for name in _REPORTER_FIELDS if submission.reporter else ():
        yield from check_input_length(f"reporter.{name}", getattr(submission.reporter, name))
    if len(submission.attachments) > attachments.MAX_COUNT:
        yield from attachments.check(submission.attachments)
    else:
        for index, each in enumerate(submission.attachments):
            yield from check_input_length(f"attachments.{index}.name", each.name)


def _check_class(submission: Submission) -> list[Problem]:
    if not submission.inspection or submission.klass is ComplaintClass.COMPLAINT:
        return []
    message = Bilingual(
        "Only a complaint can need a field inspection.", "Hanya pengaduan yang dapat memerlukan pemeriksaan lapangan."
    )
    return [Problem("inspection", ProblemCode.NOT_ALLOWED, message)]


def _check_category(code: str | None) -> list[Problem]:
    if code is None or code in categories.BY_CODE:
        return []
    codes = ", ".join(categories.BY_CODE)
    message = Bilingual(f"The categories are: {codes}.", f"Kategori yang ada: {codes}.")
    return [Problem("category", ProblemCode.UNKNOWN, message)]


def _check_reporter(submission: Submission) -> list[Problem]:
    if submission.reporter is not None:
        return reporter.check(submission.reporter)
    if submission.anonymous:
        return []
    message = Bilingual("A reporter is needed unless it is anonymous.", "Pelapor wajib diisi kecuali aduan anonim.")
    return [Problem("reporter", ProblemCode.REQUIRED, message)]


def _optional(text: str | None) -> str | None:
    return one_line(text) or None if text else None


def _optional_number(text: str | None, prefix: str = "") -> str | None:
    return normalise_number(text, prefix) or None if text else None


def _normalise_attachment(attachment: Attachment) -> Attachment:
    return Attachment(
        one_line(attachment.name),
        one_line(attachment.media_type).lower(),
        attachment.size,
        one_line(attachment.sha256).lower(),
    )
