"""Reads a report's history: its log rows and follow-ups become one list in the order of time. Pure.

Contract A.3 (follow-up log record) and L.1: texts are templates, ``data`` is JSON inside a string,
and ``created_at`` stands beside it, inside it, or both.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from hub.connectors.lapor.values import json_in, object_in, plain, time_of

TYPES = {"status": "STATUS", "disposition": "DISPOSITION", "note": "NOTE"}
_PLACEHOLDER = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_UNTOLD = "…"
_Told = Mapping[str, Any]


def history(logs: Iterable[_Told], followups: Iterable[_Told]) -> tuple[list[dict[str, Any]], list[str | None]]:
    """The rows of ``Report.log`` and, at the same index, their texts for ``Report.notes``.

    Statuses in a row stay in LAPOR's words. A row of a type the hub does not know counts as a note,
    because its text is what matters.
    """
    told = [(row, TYPES.get(str(row.get("type")), "NOTE")) for row in _distinct(logs)]
    told += [(row, "FOLLOW_UP") for row in _distinct(followups)]
    ordered = _in_time([(_time(row), _row(row, type_), _note(row)) for row, type_ in told])
    return [row for _, row, _ in ordered], [note for _, _, note in ordered]


def _distinct(rows: Iterable[_Told]) -> list[_Told]:
    """Rows without repeats: two are one only if their ids are equal (contract L.6)."""
    found: dict[object, _Told] = {}
    for index, row in enumerate(rows):
        number = row.get("id")
        found[("told", str(number)) if number is not None else ("row", index)] = row
    return list(found.values())


def _in_time(
    rows: list[tuple[datetime | None, dict[str, Any], str | None]],
) -> list[tuple[datetime | None, dict[str, Any], str | None]]:
    """Sort by time; a row without a readable time stays behind the one it was told after."""
    keyed = []
    last = datetime.min.replace(tzinfo=UTC)
    for row in rows:
        last = row[0] or last
        keyed.append((last, row))
    return [row for _, row in sorted(keyed, key=lambda pair: pair[0])]


def _row(told: _Told, type_: str) -> dict[str, Any]:
    data, at = object_in(told.get("data")), _time(told)
    files = json_in(told.get("attachments"))
    return {
        "at": at.isoformat() if at else None,
        "type": type_,
        "from": plain(told.get("institution_from_name")) or None,
        "to": plain(told.get("institution_to_name")) or None,
        "status_old": _name(data.get("status_old")) or None,
        "status_new": _name(data.get("status_new")) or None,
        "attachments": len(files) if isinstance(files, list) else 0,
    }


def _time(told: _Told) -> datetime | None:
    return time_of(told.get("created_at")) or time_of(object_in(told.get("data")).get("created_at"))


def _name(told: object) -> str:
    return plain(told.get("name") if isinstance(told, Mapping) else told)


def _note(told: _Told) -> str | None:
    """The row's text: markup goes first, so that nothing filled in afterwards is read as markup."""
    data = object_in(told.get("data"))
    source, target = plain(told.get("institution_from_name")), plain(told.get("institution_to_name"))
    values = {
        "institution_from": source,
        "institution_from_link": source,
        "institution_to": target,
        "institution_to_link": target,
        "status_old": _name(data.get("status_old")),
        "status_new": _name(data.get("status_new")),
    }
    return _PLACEHOLDER.sub(lambda found: values.get(found[1]) or _UNTOLD, plain(told.get("content"))) or None
