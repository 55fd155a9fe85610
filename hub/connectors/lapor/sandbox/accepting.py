"""The writes that the LAPOR sandbox accepts: new reports, follow-ups, refusals of authority, edits, files.

Contract lapor#create, lapor#follow-up, lapor#reject. Nothing is idempotent: a repeated call creates a duplicate. The
effect of each call is an assumption, described in the README of the connector.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hub.connectors.lapor.sandbox.forms import NewFollowup, NewReport, Rejection
from hub.connectors.lapor.sandbox.query import Refused
from hub.connectors.lapor.sandbox.reports import SENT_ID, SENT_TRACKING, Move, Note, Reply, StoredReport
from hub.connectors.lapor.sandbox.store import ReportStore
from hub.kinds import ReportStatus as Status

_MOVED_BY_ANSWER = {"reply_instansi": Status.FOLLOWED_UP, "progress_instansi": Status.IN_PROGRESS}
_FINAL = (Status.CLOSED, Status.REJECTED)
Answer = dict[str, Any]


class ReportWriter:
    """Applies calls to ``store``; ``owner`` is the institution of the caller's keys."""

    def __init__(self, store: ReportStore, owner: int) -> None:
        self._store, self._owner = store, owner
        self._docs = 4_000_000

    @property
    def sent(self) -> int:
        """The number of reports that callers created."""
        return sum(number >= SENT_ID for number in self._store.ids())

    def create(self, form: NewReport) -> Answer:
        """Create a report, which waits for the national desk; the place of its id in the answer varies."""
        number = max((SENT_ID - 1, *self._store.ids())) + 1
        self._store.put(self.new_report(number, str(SENT_TRACKING + number - SENT_ID), form))
        return (
            {"complaint_id": number},
            {"status": "success", "data": {"complaint_id": number}},
            {"data": {"results": {"complaint": {"id": number}}}},
        )[number % 3]

    def new_report(self, number: int, tracking_id: str, form: NewReport) -> StoredReport:
        """Return the report to store."""
        tags = [tag for tag in form.tags_raw.split("#") if tag]
        return StoredReport(
            id=number,
            tracking_id=tracking_id,
            title=form.title,
            content=form.content,
            classification=form.classification_id,
            category=form.category_id,
            location=form.location_id,
            channel=form.channel,
            institution=self._owner,
            disposition=form.disposition_id,
            anonymous=form.is_anonymous,
            secret=form.is_secret,
            user=form.user,
            ticket=next(iter(tags), None),
            tags=tags[1:],
            moves=[Move(Status.UNVERIFIED.value, now())],
        )

    def follow_up(self, form: NewFollowup, files: int) -> Answer:
        """Add a follow-up of an institution or of a citizen."""
        report = self.found(str(form.complaint_id), "complaint_id")
        self._store.change(report, lambda: _follow_up(report, form, files))
        return {"status": "success", "message": "Tindak lanjut disimpan"}

    def reject(self, number: str, form: Rejection) -> Answer:
        """Pass the report to the named institution ("not our authority")."""
        report = self.found(number, "id")
        self._store.change(report, lambda: _reject(report, form))
        return {"status": "success"}

    def edit(self, number: str, content: str) -> Answer:
        """Change the text, which does not change the status."""
        report = self.found(number, "id")
        self._store.change(report, lambda: _edit(report, content))
        return {"status": "success"}

    def upload(self, files: int) -> Answer:
        """Return ids of files that a report may name."""
        if not files:
            raise Refused({"attachments": ["Kolom attachments wajib diisi."]})
        self._docs += files
        return {"results": {"docs": [{"id": self._docs - place} for place in range(files)]}}

    def found(self, number: str, field: str) -> StoredReport:
        """Return the report of that id; raise ``Refused`` with ``field`` if there is none."""
        report = self._store.get(number)
        if report is None:
            raise Refused({field: ["Data tidak ditemukan."]})
        return report


def now() -> datetime:
    """Return the present in whole seconds, as LAPOR stores it."""
    return datetime.now(UTC).replace(microsecond=0)


def add_reply(report: StoredReport, reply: Reply, then: Status) -> None:
    """Add a reply; one of an institution moves an open report to ``then``."""
    report.replies.append(reply)
    if reply.institution is not None and report.status not in (*_FINAL, then):
        report.reach(then.value, reply.at)


def _follow_up(report: StoredReport, form: NewFollowup, files: int) -> None:
    then = _MOVED_BY_ANSWER.get(form.template_code or "", Status.IN_PROGRESS)
    add_reply(report, Reply(now(), form.institution_from_id, form.content, files), then)


def _reject(report: StoredReport, form: Rejection) -> None:
    report.notes.append(Note(now(), form.reason_description, form.reason))
    report.pass_to(form.reason, Status.TRANSFERRED.value, now())


def _edit(report: StoredReport, content: str) -> None:
    report.content, report.edited_at = content, now()
