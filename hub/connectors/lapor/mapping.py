"""From LAPOR's raw item to a record of the kind report. Pure.

The connector composes a raw item (contract lapor#report, lapor#history)::

    {"report": {…}, "logs": [{…}], "followups": [{…}],
     "location": {"id", "name", "code"} or null, "channel": {"id", "name"} or null,
     "institutions": {"<id>": "name"}}

and the reason under ``trouble`` if the history could not be read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hub.complaints.agencies import find_code
from hub.complaints.areas import BY_CODE
from hub.connectors.lapor.history import history
from hub.connectors.lapor.parsing import flag_of, json_in, number_of, plain, tags_of, time_of
from hub.connectors.lapor.statuses import FINAL, status_named
from hub.contract import Record
from hub.errors import BadRecord, Incomplete
from hub.kinds import Key, Report, ReportStatus

PERSONAL = ("report.user", "logs[].user_name", "followups[].user_name", "followups[].attachments[].path")
"""Reporters, authors, and signed URLs, which open an attachment for anybody."""

_ROW = ("id", "type", "institution_from_name", "institution_to_name", "created_at")
_WRITTEN = ("content", "data", "attachments")
PROSE = (
    *("report.title", "report.content", "report.attachments"),
    *(f"{rows}[].{name}" for rows in ("logs", "followups") for name in _WRITTEN),
)
"""Text written by people, and JSON in a string, which may contain anything."""
COLUMNS = (
    *(f"report.{name}" for name in ("id", "tracking_id", "classification_name", "category_name", "channel")),
    *(f"report.{side}_{name}" for side in ("institution", "disposition") for name in ("id", "name")),
    *(f"report.{name}" for name in ("status_name", "is_anonymous", "is_secret", "tags_raw", "followups_count")),
    *("report.created_at", "report.updated_at", "report.attachments[]"),
    *(f"{rows}[].{name}" for rows in ("logs", "followups") for name in (*_ROW, "attachments[]")),
    *(f"{rows}[].data.{name}" for rows in ("logs", "followups") for name in ("created_at", "status_old", "status_new")),
    *(f"{rows}[].data.status_{name}.name" for rows in ("logs", "followups") for name in ("old", "new")),
    *("location.code", "channel.name", "institutions.#", "trouble"),
    *PROSE,
)
"""The columns that the mapping reads; others are not kept."""

_TICKET = re.compile(r"LG-\d{4}-\d{6,18}")
_Raw = Mapping[str, Any]


def to_record(raw: _Raw) -> Record:
    """Return the record of ``raw``; raise ``BadRecord`` if a required field is unreadable."""
    report = _part(raw, "report")
    if error := raw.get("trouble"):
        raise Incomplete(f"its history cannot be read: {error}")
    source_status = plain(report.get("status_name"))
    status = status_named(source_status)
    updated_at = _time(report, "updated_at")
    facts = _facts(raw, report)
    return Record(
        facts=facts,
        external_id=str(_number(report, "id")),
        version=int(updated_at.timestamp()),
        status=status.value,
        source_status=source_status,
        occurred_at=_time(report, "created_at"),
        updated_at=updated_at,
        keys=_keys(report, facts),
        final=status in FINAL,
        secret=facts.secret,
        unknown="status_name" if status is ReportStatus.UNKNOWN else None,
    )


def _facts(raw: _Raw, report: _Raw) -> Report:
    followups = _rows(raw, "followups")
    log, notes = history(_rows(raw, "logs"), followups)
    followups_count = number_of(report.get("followups_count"))
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
        followups=len(followups) if followups_count is None else followups_count,
        attachments=len(attachments) if isinstance(attachments, list) else 0,
        log=log,
        notes=notes,
    )


def _keys(report: _Raw, facts: Report) -> tuple[Key, ...]:
    """Return the keys: tracking id, the province's tickets among the tags, agency and area."""
    keys = [Key("report", facts.tracking_id)]
    keys += [Key("ticket", tag) for tag in dict.fromkeys(tags_of(report.get("tags_raw"))) if _TICKET.fullmatch(tag)]
    if facts.agency_code:
        keys.append(Key("agency", facts.agency_code))
    if facts.area_code:
        keys.append(Key("area", facts.area_code))
    return tuple(keys)


def _agency(raw: _Raw, report: _Raw) -> str | None:
    """Return the code of the agency that must answer, or of the owner before the report is passed on.

    A report keeps an agency's name of its time; if the hub does not know it, the master's current name for the same id
    is tried.
    """
    for side in ("disposition", "institution"):
        names = [plain(report.get(f"{side}_name")), _name_in_master(raw, report, side)]
        if any(names):
            return next((code for name in names if name and (code := find_code(name))), None)
    return None


def _institution(raw: _Raw, report: _Raw, side: str) -> str | None:
    return plain(report.get(f"{side}_name")) or _name_in_master(raw, report, side) or None


def _name_in_master(raw: _Raw, report: _Raw, side: str) -> str:
    institutions = raw.get("institutions")
    known = institutions if isinstance(institutions, Mapping) else {}
    return plain(known.get(str(report.get(f"{side}_id"))))


def _area(location: object) -> str | None:
    """Return the regency or city in a location's dotted code, if it is the province's (contract lapor#masters)."""
    code = plain(location.get("code")) if isinstance(location, Mapping) else ""
    regency = ".".join(code.split(".")[:2])
    return regency if regency in BY_CODE else None


def _channel(raw: _Raw, report: _Raw) -> str | None:
    row, channel = raw.get("channel"), report.get("channel")
    name = plain(row.get("name")) if isinstance(row, Mapping) else ""
    return name or plain(channel) or (str(channel) if number_of(channel) is not None else None)


def _part(raw: _Raw, name: str) -> _Raw:
    part = raw.get(name)
    if not isinstance(part, Mapping):
        raise BadRecord(f"{name} is not an object")
    return part


def _rows(raw: _Raw, name: str) -> list[_Raw]:
    rows = raw.get(name)
    if not isinstance(rows, list):
        raise BadRecord(f"{name} is not a list")
    return [row for row in rows if isinstance(row, Mapping)]


def _tracking_id(report: _Raw) -> str:
    """Return the tracking id, digits that may come as a number; leading zeros are part of it."""
    value = report.get("tracking_id")
    text = value.strip().removeprefix("#") if isinstance(value, str) else str(value)
    if number_of(text) is None:
        raise BadRecord("report.tracking_id is not a string of digits")
    return text


def _number(report: _Raw, name: str) -> int:
    number = number_of(report.get(name))
    if number is None:
        raise BadRecord(f"report.{name} is not an integer")
    return number


def _time(report: _Raw, name: str) -> datetime:
    time = time_of(report.get(name))
    if time is None:
        raise BadRecord(f"report.{name} is not a time like 31-12-2026 23:59:59, from 1990 on")
    return time


def _flag(report: _Raw, name: str) -> bool:
    """Return a flag; a missing one is an error, because secrecy is never guessed."""
    flag = flag_of(report.get(name))
    if flag is None:
        raise BadRecord(f"report.{name} is neither true nor false")
    return flag


def _text(report: _Raw, name: str) -> str:
    text = plain(report.get(name))
    if not text:
        raise BadRecord(f"report.{name} is missing")
    return text
