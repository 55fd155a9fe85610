"""Reads a report's history: its log rows and follow-ups become one list in the order of time. Pure.

Contract A.3 (follow-up log record) and L.1: texts are templates, ``data`` is JSON inside a string,
and ``created_at`` stands beside it, inside it, or both.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hub.connectors.lapor.values import json_in, object_in, plain, time_of

TYPES = {"status": "STATUS", "disposition": "DISPOSITION", "note": "NOTE"}
_PLACEHOLDER = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_UNTOLD = "…"
_Told = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Read:
    """A row, with what is needed of it more than once read once."""

    told: _Told
    type: str
    at: datetime | None
    source: str
    target: str
    old: str
    new: str


def history(logs: Iterable[_Told], followups: Iterable[_Told]) -> tuple[list[dict[str, Any]], list[str | None]]:
    """The rows of ``Report.log`` and, at the same index, their texts for ``Report.notes``.

    Statuses in a row stay in LAPOR's words. A row of a type the hub does not know counts as a note,
    because its text is what matters.
    """
    read = [_read(row, TYPES.get(str(row.get("type")), "NOTE")) for row in _distinct(logs)]
    read += [_read(row, "FOLLOW_UP") for row in _distinct(followups)]
    ordered = _in_time(read)
    return [_row(row) for row in ordered], [_note(row) for row in ordered]


def _distinct(rows: Iterable[_Told]) -> list[_Told]:
    """Rows without repeats: two are one only if their ids are equal (contract L.6)."""
    found: dict[object, _Told] = {}
    for index, row in enumerate(rows):
        number = row.get("id")
        found[("told", str(number)) if number is not None else ("row", index)] = row
    return list(found.values())


def _read(told: _Told, type_: str) -> _Read:
    data = object_in(told.get("data"))
    return _Read(
        told=told,
        type=type_,
        at=time_of(told.get("created_at")) or time_of(data.get("created_at")),
        source=plain(told.get("institution_from_name")),
        target=plain(told.get("institution_to_name")),
        old=_name(data.get("status_old")),
        new=_name(data.get("status_new")),
    )


def _in_time(rows: list[_Read]) -> list[_Read]:
    """Sort by time; a row without a readable time stays behind the one it was told after."""
    keyed = []
    last = datetime.min.replace(tzinfo=UTC)
    for row in rows:
        last = row.at or last
        keyed.append((last, row))
    return [row for _, row in sorted(keyed, key=lambda pair: pair[0])]


def _row(row: _Read) -> dict[str, Any]:
    files = json_in(row.told.get("attachments"))
    return {
        "at": row.at.isoformat() if row.at else None,
        "type": row.type,
        "from": row.source or None,
        "to": row.target or None,
        "status_old": row.old or None,
        "status_new": row.new or None,
        "attachments": len(files) if isinstance(files, list) else 0,
    }


def _name(told: object) -> str:
    return plain(told.get("name") if isinstance(told, Mapping) else told)


def _note(row: _Read) -> str | None:
    """The row's text: markup goes first, so that nothing filled in afterwards is read as markup."""
    values = {
        "institution_from": row.source,
        "institution_from_link": row.source,
        "institution_to": row.target,
        "institution_to_link": row.target,
        "status_old": row.old,
        "status_new": row.new,
    }
    return _PLACEHOLDER.sub(lambda found: values.get(found[1]) or _UNTOLD, plain(row.told.get("content"))) or None
