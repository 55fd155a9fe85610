"""Reports that become complaints of the province, and files. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from hub.complaints import intake_fields
from hub.complaints.enums import ComplaintClass
from hub.complaints.reporter import Reporter
from hub.connectors.lapor.labels import category_of, class_of
from hub.connectors.lapor.parsing import number_of, plain
from hub.connectors.lapor.statuses import UNDER_WAY
from hub.contract import File, Intake, Record
from hub.kinds import Report

_Raw = Mapping[str, Any]


def intake(raw: _Raw, record: Record, institutions: Collection[int]) -> Intake | None:
    """Return the complaint to create from a report: passed on to one of ``institutions``, and not answered.

    Its time of receipt is when the report was passed on. A report that the province only owns is none.
    """
    report, facts = raw.get("report"), record.facts
    assert isinstance(facts, Report)
    if not isinstance(report, Mapping) or number_of(report.get("disposition_id")) not in institutions:
        return None
    if record.status not in UNDER_WAY:
        return None
    hidden = facts.anonymous or facts.secret
    return Intake(
        title=" ".join(facts.title.split()),
        text=facts.content,
        klass=class_of(facts.classification) or ComplaintClass.COMPLAINT.value,
        category=category_of(facts.category),
        area_code=facts.area_code,
        agency_code=facts.agency_code,
        anonymous=facts.anonymous,
        secret=facts.secret,
        received_at=_passed_on(record, facts),
        reporter=None if hidden else reporter(report.get("user")),
    )


def reporter(value: object) -> Reporter | None:
    """Return the reporter, None without a name; unreadable contacts are left out."""
    if not isinstance(value, Mapping):
        return None
    phone, email = (plain(value.get(name)) or None for name in ("phone", "email"))
    return intake_fields.valid_reporter(Reporter(name=plain(value.get("name")), phone=phone, email=email))


def files(raw: _Raw) -> tuple[File, ...]:
    """Return the attachments of follow-ups, each identified by the id of its row and its index there."""
    found = []
    for row in _rows(raw.get("followups")):
        number = number_of(row.get("id"))
        for place, file in enumerate(_rows(row.get("attachments"))):
            url = file.get("path")
            if number is not None and isinstance(url, str) and url:
                found.append(File(f"followups/{number}/{place}", _name(file), url))
    return tuple(found)


def _name(file: _Raw) -> str:
    name, extension = plain(file.get("file_name")), plain(file.get("extension"))
    return name or f"lampiran.{extension or 'bin'}"


def _passed_on(record: Record, facts: Report) -> datetime:
    times = [row["at"] for row in facts.log if row["type"] == "DISPOSITION" and row["at"]]
    return datetime.fromisoformat(times[-1]) if times else record.occurred_at


def _rows(value: object) -> list[_Raw]:
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []
