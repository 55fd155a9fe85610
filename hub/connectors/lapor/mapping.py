"""From LAPOR's raw item to a record of the kind report. Pure.

A raw item is what the connector puts together (contract A.3 and L.1)::

    {"report": {…}, "logs": [{…}], "followups": [{…}],
     "location": {"id", "name", "code"} or null, "channel": {"id", "name"} or null,
     "institutions": {"<id>": "name"}}
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hub.complaints.agencies import code_of
from hub.complaints.areas import BY_CODE
from hub.connectors.base import Record
from hub.connectors.lapor.history import history
from hub.connectors.lapor.statuses import FINAL, status_named
from hub.connectors.lapor.values import flag_of, json_in, number_of, plain, tags_of, time_of
from hub.errors import BadRecord
from hub.kinds import Key, Report, ReportStatus

PERSONAL = ("report.user", "logs[].user_name", "followups[].user_name", "followups[].attachments[].path")
"""Who reported, who wrote, and signed addresses that open an attachment for whoever holds them."""

_TICKET = re.compile(r"LG-\d{4}-\d{6}")
_Told = Mapping[str, Any]


def to_record(raw: _Told) -> Record:
    """The record of ``raw``; raises ``BadRecord`` where a field the hub cannot do without is unreadable."""
    report = _part(raw, "report")
    told = plain(report.get("status_name"))
    status = status_named(told)
    updated_at = _time(report, "updated_at")
    facts = _facts(raw, report)
    return Record(
        facts=facts,
        external_id=str(_number(report, "id")),
        version=int(updated_at.timestamp()),
        status=status.value,
        told=told,
        occurred_at=_time(report, "created_at"),
        updated_at=updated_at,
        keys=_keys(report, facts),
        final=status in FINAL,
        secret=facts.secret,
        unknown="status_name" if status is ReportStatus.UNKNOWN else None,
    )


def _facts(raw: _Told, report: _Told) -> Report:
    followups = _rows(raw, "followups")
    log, notes = history(_rows(raw, "logs"), followups)
    told_followups = number_of(report.get("followups_count"))
    attachments = json_in(report.get("attachments"))
    return Report(
        tracking_id=_tracking_id(report),
        title=_text(report, "title"),
        content=plain(report.get("content")),
        classification=plain(report.get("classification_name")) or None,
        category=plain(report.get("category_name")) or None,
        channel=_channel(raw, report),
        area_code=_area(raw.get("location")),
        institution=_institution(raw, report, "institution"),
        disposition=_institution(raw, report, "disposition"),
        agency_code=_agency(raw, report),
        anonymous=_flag(report, "is_anonymous"),
        secret=_flag(report, "is_secret"),
        followups=len(followups) if told_followups is None else told_followups,
        attachments=len(attachments) if isinstance(attachments, list) else 0,
        log=log,
        notes=notes,
    )


def _keys(report: _Told, facts: Report) -> tuple[Key, ...]:
    """The tracking id, our tickets among the tags, the agency that must answer and the place."""
    keys = [Key("report", facts.tracking_id)]
    keys += [Key("ticket", tag) for tag in dict.fromkeys(tags_of(report.get("tags_raw"))) if _TICKET.fullmatch(tag)]
    if facts.agency_code:
        keys.append(Key("agency", facts.agency_code))
    if facts.area_code:
        keys.append(Key("area", facts.area_code))
    return tuple(keys)


def _agency(raw: _Told, report: _Told) -> str | None:
    """Our code of who must answer, or of the owner where nobody was told to answer yet.

    A report keeps the name an agency had; where we do not know that one, the master's name of today
    for the same id may be known.
    """
    for side in ("disposition", "institution"):
        names = [plain(report.get(f"{side}_name")), _of_master(raw, report, side)]
        if any(names):
            return next((code for name in names if name and (code := code_of(name))), None)
    return None


def _institution(raw: _Told, report: _Told, side: str) -> str | None:
    return plain(report.get(f"{side}_name")) or _of_master(raw, report, side) or None


def _of_master(raw: _Told, report: _Told, side: str) -> str:
    institutions = raw.get("institutions")
    known = institutions if isinstance(institutions, Mapping) else {}
    return plain(known.get(str(report.get(f"{side}_id"))))


def _area(location: object) -> str | None:
    """The regency or city of a location's dotted code, if it is one of ours; its ids are LAPOR's own (contract F.1)."""
    code = plain(location.get("code")) if isinstance(location, Mapping) else ""
    regency = ".".join(code.split(".")[:2])
    return regency if regency in BY_CODE else None


def _channel(raw: _Told, report: _Told) -> str | None:
    row, told = raw.get("channel"), report.get("channel")
    name = plain(row.get("name")) if isinstance(row, Mapping) else ""
    return name or plain(told) or (str(told) if number_of(told) is not None else None)


def _part(raw: _Told, name: str) -> _Told:
    part = raw.get(name)
    if not isinstance(part, Mapping):
        raise BadRecord(f"{name} is not an object")
    return part


def _rows(raw: _Told, name: str) -> list[_Told]:
    rows = raw.get(name)
    if not isinstance(rows, list):
        raise BadRecord(f"{name} is not a list")
    return [row for row in rows if isinstance(row, Mapping)]


def _tracking_id(report: _Told) -> str:
    """Digits, also where they come as a number; zeros at the front are part of it."""
    told = report.get("tracking_id")
    text = told.strip().removeprefix("#") if isinstance(told, str) else str(told)
    if number_of(text) is None:
        raise BadRecord("report.tracking_id is not a string of digits")
    return text


def _number(report: _Told, name: str) -> int:
    number = number_of(report.get(name))
    if number is None:
        raise BadRecord(f"report.{name} is not an integer")
    return number


def _time(report: _Told, name: str) -> datetime:
    time = time_of(report.get(name))
    if time is None:
        raise BadRecord(f"report.{name} is not a time like 31-12-2026 23:59:59")
    return time


def _flag(report: _Told, name: str) -> bool:
    """Whether a report is secret or anonymous is never guessed."""
    flag = flag_of(report.get(name))
    if flag is None:
        raise BadRecord(f"report.{name} is neither true nor false")
    return flag


def _text(report: _Told, name: str) -> str:
    text = plain(report.get(name))
    if not text:
        raise BadRecord(f"report.{name} is missing")
    return text
