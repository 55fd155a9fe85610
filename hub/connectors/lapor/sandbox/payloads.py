"""The JSON of a report, its log and its follow-ups in the LAPOR sandbox, with irregularities.

Contract lapor#report, lapor#history, shared#traps. The irregularities of a report follow from its id, so that every
answer shows the same ones.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from hub.connectors.lapor.parsing import JAKARTA, TIME_FORMAT
from hub.connectors.lapor.sandbox import masters
from hub.connectors.lapor.sandbox.reports import SENT_ID, Move, Note, Reply, StoredReport

NAMES: dict[str, tuple[str, ...]] = {
    "UNVERIFIED": ("Belum Diverifikasi", "BELUM_DIVERIFIKASI"),
    "VERIFIED": ("Diverifikasi",),
    "DISPOSED": ("Didisposisi", "DIDISPOSISI", "Belum Ditindaklanjuti"),
    "IN_PROGRESS": ("Dalam Proses", "DALAM_PROSES", "Proses"),
    "FOLLOWED_UP": ("Ditindaklanjuti",),
    "POSTPONED": ("Ditunda",),
    "TRANSFERRED": ("Dialihkan",),
    "CLOSED": ("Selesai", "SELESAI"),
    "REJECTED": ("Ditolak", "Dihapus"),
}
_COLOURS = {"CLOSED": "#2e7d32", "REJECTED": "#b71c1c"}


def report(filed: StoredReport) -> dict[str, Any]:
    """Return one row of the listing, and ``results.data`` of the single call."""
    disposition = _institution(filed, filed.disposition)
    return {
        "id": filed.id,
        "tracking_id": filed.tracking_id,
        "title": filed.title,
        "content": _content(filed),
        "classification_id": filed.classification,
        "classification_name": masters.CLASSIFICATIONS[filed.classification],
        "category_id": filed.category,
        "category_name": masters.CATEGORY_NAMES[filed.category],
        "location_id": filed.location,
        "location_name": masters.LOCATIONS[filed.location][0],
        "channel": filed.channel,
        "institution_id": filed.institution,
        "institution_name": masters.INSTITUTIONS[filed.institution],
        "disposition_id": filed.disposition,
        "disposition_name": disposition,
        "status_code": 100 + list(NAMES).index(filed.status) if filed.status in NAMES else 199,
        "status_name": status_name(filed, filed.status),
        "is_anonymous": filed.anonymous,
        "is_secret": filed.secret,
        "user": filed.user,
        "tags_raw": _tags(filed),
        "attachments": ("", f"[{filed.id % 1000}]", f"[{filed.id % 1000}, 77].")[filed.id % 3],
        "created_at": format_time(filed.created_at),
        "updated_at": format_time(filed.updated_at),
        "followups_count": str(len(filed.replies)) if filed.id % 4 == 0 else len(filed.replies),
    }


def logs(filed: StoredReport) -> list[dict[str, Any]]:
    """Return ``results.data_logs``: a row for each status and disposition, and some rows twice."""
    rows = []
    for number, (old, new) in enumerate(zip(filed.moves, filed.moves[1:], strict=False)):
        rows.append(_log(filed, number, old, new))
        if new.status == "DISPOSED":
            text = masters.TEMPLATES["disposition"].replace("{{institution_to_link}}", "<b>{{institution_to_link}}</b>")
            passed = {"type": "disposition", "content": text, "data": None, "created_at": format_time(new.at)}
            rows.append({**_log(filed, number + 40, old, new), **passed})
    rows += [_note(filed, number, note) for number, note in enumerate(filed.notes)]
    if rows and filed.id % 13 == 0:
        # Contract lapor#history: an equal row with another id is a different row.
        rows.append({**rows[-1], "id": rows[-1]["id"] + 50})
    return rows


def followups(filed: StoredReport, sign: Callable[[str], str] = str) -> list[dict[str, Any]]:
    """Return the rows of ``/followups``, oldest first; ``sign`` returns the URL for the path of a file."""
    return [_followup(filed, number, reply, sign) for number, reply in enumerate(filed.replies)]


def status_name(filed: StoredReport, status: str) -> str:
    """Return one of the spellings of a status; an unknown name stays as it is."""
    names = NAMES.get(status, (status,))
    return names[filed.id % len(names)]


def format_time(at: datetime) -> str:
    """Format a time as ``d-m-Y H:i:s`` in Asia/Jakarta, without a zone."""
    return at.astimezone(JAKARTA).strftime(TIME_FORMAT)


def _content(filed: StoredReport) -> str:
    if filed.id >= SENT_ID:
        return filed.content
    if filed.id % 3 == 0:
        return f"<p>{filed.content}</p><br/><p>Mohon ditindaklanjuti.&nbsp;Terima kasih</p>"
    if filed.id % 50 == 1:
        return f"<div onclick=\"alert('x')\">{filed.content}</div><script>alert('x')</script>"
    return filed.content


def _tags(filed: StoredReport) -> str | None:
    tags = [*(["jateng"] if filed.id % 5 == 0 else []), *([filed.ticket] if filed.ticket else []), *filed.tags]
    return "".join(f"#{tag}" for tag in tags) or None


def _institution(filed: StoredReport, number: int | None) -> str | None:
    """Return an institution's name; some reports keep a former one."""
    if number is None:
        return None
    former = {masters.AGENCY_INSTITUTIONS[code]: name for code, name in masters.FORMER_NAMES.items()}
    return former[number] if filed.id % 6 == 0 and number in former else masters.INSTITUTIONS[number]


def _log(filed: StoredReport, number: int, old: Move, new: Move) -> dict[str, Any]:
    """Return one log row. ``created_at`` is beside ``data``, inside it, or both; ``data`` may be null or no JSON."""
    place = (filed.id + number) % 8
    inside = {"created_at": format_time(new.at)} if place in (1, 2) else {}
    data = {"status_old": _named(filed, old.status), "status_new": _named(filed, new.status), **inside}
    row = {
        "id": filed.id * 100 + number,
        "type": "status",
        "content": masters.TEMPLATES["status"],
        "data": {5: None, 6: "perubahan status"}.get(place, json.dumps(data)),
        "institution_from_name": masters.INSTITUTIONS[filed.institution],
        "institution_to_name": _institution(filed, new.to or filed.disposition),
    }
    beside = {1: {}, 3: {"created_at": "00-00-0000 00:00:00"}}.get(place, {"created_at": format_time(new.at)})
    return {**row, **beside}


def _named(filed: StoredReport, status: str) -> dict[str, str]:
    return {"name": status_name(filed, status), "color": _COLOURS.get(status, "#f9a825")}


def _note(filed: StoredReport, number: int, note: Note) -> dict[str, Any]:
    return {
        "id": filed.id * 100 + 80 + number,
        "type": "note",
        "content": note.text,
        "data": None,
        "institution_from_name": None,
        "institution_to_name": _institution(filed, note.to),
        "created_at": format_time(note.at),
    }


def _followup(filed: StoredReport, number: int, reply: Reply, sign: Callable[[str], str]) -> dict[str, Any]:
    official = reply.institution is not None
    return {
        "id": filed.id * 100 + number,
        "type": "followup",
        "content": reply.text,
        "data": None,
        "institution_from_name": _institution(filed, reply.institution),
        "institution_to_name": None,
        "attachments": [_file(filed, number, place, sign) for place in range(reply.files)],
        "user_name": f"Petugas Contoh {filed.id % 40}" if official else None,
        "created_at": format_time(reply.at),
    }


def _file(filed: StoredReport, number: int, place: int, sign: Callable[[str], str]) -> dict[str, Any]:
    extension = "pdf" if filed.id % 7 == 0 else "jpg"
    path = f"/berkas/{filed.id}/{number}-{place}.{extension}"
    return {"path": sign(path), "file_name": f"lampiran.{extension}", "extension": extension}
