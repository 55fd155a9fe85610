"""What the LAPOR sandbox takes: new reports, follow-ups, refusals of authority, edits, files (contract A.3, L.6).

Nothing is idempotent: what is sent twice is there twice. What each does to a report is assumed, and
written down in this folder's README.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hub.connectors.lapor.sandbox_forms import NewFollowup, NewReport, Rejection
from hub.connectors.lapor.sandbox_query import Refused
from hub.connectors.lapor.sandbox_reports import SENT_ID, SENT_TRACKING, Filed, Move, Note, Reply
from hub.connectors.lapor.sandbox_shelf import Shelf
from hub.kinds import ReportStatus as Status

_MOVED_BY_ANSWER = {"reply_instansi": Status.FOLLOWED_UP, "progress_instansi": Status.IN_PROGRESS}
_FINAL = (Status.CLOSED, Status.REJECTED)
Answer = dict[str, Any]


class Taking:
    """Puts on ``shelf`` what callers send; ``owner`` is the institution whose keys they use."""

    def __init__(self, shelf: Shelf, owner: int) -> None:
        self._shelf, self._owner = shelf, owner
        self._docs = 4_000_000

    @property
    def sent(self) -> int:
        """How many reports callers created."""
        return sum(number >= SENT_ID for number in self._shelf.ids())

    def create(self, told: NewReport) -> Answer:
        """A new report, which waits for the national desk; where its id stands in the answer differs each time."""
        number = max((SENT_ID - 1, *self._shelf.ids())) + 1
        self._shelf.put(self.filed(number, str(SENT_TRACKING + number - SENT_ID), told))
        return (
            {"complaint_id": number},
            {"status": "success", "data": {"complaint_id": number}},
            {"data": {"results": {"complaint": {"id": number}}}},
        )[number % 3]

    def filed(self, number: int, tracking_id: str, told: NewReport) -> Filed:
        """The report as it is held from then on."""
        return Filed(
            id=number,
            tracking_id=tracking_id,
            title=told.title,
            content=told.content,
            classification=told.classification_id,
            category=told.category_id,
            location=told.location_id,
            channel=told.channel,
            institution=self._owner,
            disposition=told.disposition_id,
            anonymous=told.is_anonymous,
            secret=told.is_secret,
            user=told.user,
            ticket=next((tag for tag in told.tags_raw.split("#") if tag), None),
            moves=[Move(Status.UNVERIFIED.value, now())],
        )

    def follow_up(self, told: NewFollowup, files: int) -> Answer:
        """An answer of an institution, what it does meanwhile, or what a citizen writes."""
        report = self.found(str(told.complaint_id), "complaint_id")
        self._shelf.change(report, lambda: _follow_up(report, told, files))
        return {"status": "success", "message": "Tindak lanjut disimpan"}

    def reject(self, number: str, told: Rejection) -> Answer:
        """ "Not our authority": it goes to the institution that is named."""
        report = self.found(number, "id")
        self._shelf.change(report, lambda: _reject(report, told))
        return {"status": "success"}

    def edit(self, number: str, content: str) -> Answer:
        """Another text, which moves nothing."""
        report = self.found(number, "id")
        self._shelf.change(report, lambda: _edit(report, content))
        return {"status": "success"}

    def upload(self, files: int) -> Answer:
        """Ids for files that a report may name."""
        if not files:
            raise Refused({"attachments": ["Kolom attachments wajib diisi."]})
        self._docs += files
        return {"results": {"docs": [{"id": self._docs - place} for place in range(files)]}}

    def found(self, number: str, field: str) -> Filed:
        """The report of that id; ``Refused`` naming ``field`` where there is none."""
        report = self._shelf.get(number)
        if report is None:
            raise Refused({field: ["Data tidak ditemukan."]})
        return report


def now() -> datetime:
    """The time as LAPOR tells it: whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)


def say(report: Filed, reply: Reply, then: Status) -> None:
    """Somebody wrote; an institution's word moves an open report to ``then``."""
    report.replies.append(reply)
    if reply.institution is not None and report.status not in (*_FINAL, then):
        report.reach(then.value, reply.at)


def _follow_up(report: Filed, told: NewFollowup, files: int) -> None:
    then = _MOVED_BY_ANSWER.get(told.template_code or "", Status.IN_PROGRESS)
    say(report, Reply(now(), told.institution_from_id, told.content, files), then)


def _reject(report: Filed, told: Rejection) -> None:
    report.notes.append(Note(now(), told.reason_description, told.reason))
    report.pass_to(told.reason, Status.TRANSFERRED.value, now())


def _edit(report: Filed, content: str) -> None:
    report.content, report.edited_at = content, now()
