"""What comes in from LAPOR besides records: reports that ask for an answer of ours, and files. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from hub.complaints import passed_on
from hub.complaints.codes import ComplaintClass
from hub.complaints.reporter import Reporter
from hub.connectors.base import File, Intake, Record
from hub.connectors.lapor.labels import category_of, class_of
from hub.connectors.lapor.statuses import UNDER_WAY
from hub.connectors.lapor.values import number_of, plain
from hub.kinds import Report

_Told = Mapping[str, Any]


def intake(raw: _Told, record: Record, ours: Collection[int]) -> Intake | None:
    """The complaint a report asks for: passed on to one of ``ours``, not merely owned, not answered, not sent by us.

    It came in when it was passed on to us.
    """
    report, facts = raw.get("report"), record.facts
    assert isinstance(facts, Report)
    if not isinstance(report, Mapping) or number_of(report.get("disposition_id")) not in ours:
        return None
    if record.status not in UNDER_WAY or any(key.name == "ticket" for key in record.keys):
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


def reporter(told: object) -> Reporter | None:
    """Who reported, as the hub keeps it; without a name nobody, and what cannot be read is left out."""
    if not isinstance(told, Mapping):
        return None
    phone, email = (plain(told.get(name)) or None for name in ("phone", "email"))
    return passed_on.who(Reporter(name=plain(told.get("name")), phone=phone, email=email))


def files(raw: _Told) -> tuple[File, ...]:
    """The attachments of follow-ups, each named by its row's id and its place in it."""
    found = []
    for row in _rows(raw.get("followups")):
        number = number_of(row.get("id"))
        for place, file in enumerate(_rows(row.get("attachments"))):
            url = file.get("path")
            if number is not None and isinstance(url, str) and url:
                found.append(File(f"followups/{number}/{place}", _name(file), url))
    return tuple(found)


def _name(file: _Told) -> str:
    name, extension = plain(file.get("file_name")), plain(file.get("extension"))
    return name or f"lampiran.{extension or 'bin'}"


def _passed_on(record: Record, facts: Report) -> datetime:
    times = [row["at"] for row in facts.log if row["type"] == "DISPOSITION" and row["at"]]
    return datetime.fromisoformat(times[-1]) if times else record.occurred_at


def _rows(told: object) -> list[_Told]:
    return [row for row in told if isinstance(row, Mapping)] if isinstance(told, list) else []
