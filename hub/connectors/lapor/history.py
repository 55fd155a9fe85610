"""Merges the log rows and follow-ups of a report into one list by time. Pure.

Contract lapor#history: texts are templates, ``data`` is JSON inside a string,
and ``created_at`` stands beside it, inside it, or both.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hub.connectors.lapor.parsing import json_in, object_in, plain, time_of

TYPES = {"status": "STATUS", "disposition": "DISPOSITION", "note": "NOTE"}
_PLACEHOLDER = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_MISSING = "…"
_RawRow = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _ParsedRow:
    """A row with the parsed values that are used several times."""

    row: _RawRow
    type: str
    at: datetime | None
    source: str
    target: str
    old: str
    new: str


def history(logs: Iterable[_RawRow], followups: Iterable[_RawRow]) -> tuple[list[dict[str, Any]], list[str | None]]:
    """Return the rows of ``Report.log`` and, at the same index, their texts for ``Report.notes``.

    Statuses in a row keep LAPOR's names. A row of an unknown type counts as a note, because its text matters.
    """
    logged = [_parse(row, TYPES.get(str(row.get("type")), "NOTE")) for row in _distinct(logs)]
    followed = [_parse(row, "FOLLOW_UP") for row in _distinct(followups)]
    duplicates = {_identity(row) for row in followed} - {None}
    ordered = _in_time([*(row for row in logged if _identity(row) not in duplicates), *followed])
    return [_row(row) for row in ordered], [_note(row) for row in ordered]


def _distinct(rows: Iterable[_RawRow]) -> list[_RawRow]:
    """Return rows without repeats: two rows are the same only if their ids are equal (contract lapor#history)."""
    found: dict[object, _RawRow] = {}
    for index, row in enumerate(rows):
        number = row.get("id")
        found[("id", str(number)) if number is not None else ("row", index)] = row
    return list(found.values())


def _identity(row: _ParsedRow) -> object:
    """Return what identifies a row in both lists, whose ids are separate sequences; None if it has no id."""
    number = row.row.get("id")
    return None if number is None else (str(number), row.at, plain(row.row.get("content")))


def _parse(row: _RawRow, type_: str) -> _ParsedRow:
    data = object_in(row.get("data"))
    return _ParsedRow(
        row=row,
        type=type_,
        at=time_of(row.get("created_at")) or time_of(data.get("created_at")),
        source=plain(row.get("institution_from_name")),
        target=plain(row.get("institution_to_name")),
        old=_name(data.get("status_old")),
        new=_name(data.get("status_new")),
    )


def _in_time(rows: list[_ParsedRow]) -> list[_ParsedRow]:
    """Sort by time; a row without a readable time stays behind the one before it."""
    keyed = []
    last = datetime.min.replace(tzinfo=UTC)
    for row in rows:
        last = row.at or last
        keyed.append((last, row))
    return [row for _, row in sorted(keyed, key=lambda pair: pair[0])]


def _row(row: _ParsedRow) -> dict[str, Any]:
    files = json_in(row.row.get("attachments"))
    return {
        "at": row.at.isoformat() if row.at else None,
        "type": row.type,
        "from": row.source or None,
        "to": row.target or None,
        "status_old": row.old or None,
        "status_new": row.new or None,
        "attachments": len(files) if isinstance(files, list) else 0,
    }


def _name(value: object) -> str:
    return plain(value.get("name") if isinstance(value, Mapping) else value)


def _note(row: _ParsedRow) -> str | None:
    """Return the text of a row: markup is removed before placeholders are filled, so that no value counts as markup."""
    values = {
        "institution_from": row.source,
        "institution_from_link": row.source,
        "institution_to": row.target,
        "institution_to_link": row.target,
        "status_old": row.old,
        "status_new": row.new,
    }
    return _PLACEHOLDER.sub(lambda found: values.get(found[1]) or _MISSING, plain(row.row.get("content"))) or None
