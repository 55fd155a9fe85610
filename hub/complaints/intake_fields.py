"""Adapts the fields of a complaint from another system to the rules of a submission. Pure.

Values are shortened or completed rather than refused: they were entered under other rules, and their author cannot be
asked again.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from hub.complaints import agencies, areas, categories, reporter
from hub.complaints.reporter import Reporter
from hub.complaints.submission import TEXT, TITLE
from hub.complaints.text import one_line, paragraphs


def title(source_title: str, source_text: str) -> str:
    """Return a valid title; one that is too short is completed with the text."""
    line = one_line(source_title)
    if len(line) < TITLE[0]:
        line = one_line(f"Laporan: {line} {source_text}")
    return _truncate(line, TITLE[1])


def text(source_text: str, source_title: str) -> str:
    """Return a valid text; one that is too short is preceded by the title."""
    cleaned = paragraphs(source_text)
    if len(cleaned) < TEXT[0]:
        cleaned = paragraphs(f"Laporan: {one_line(source_title)}\n\n{cleaned}")
    return _truncate(cleaned, TEXT[1]).ljust(TEXT[0], ".")


def valid_reporter(source: Reporter | None) -> Reporter | None:
    """Return the reporter without invalid fields; None without a valid name."""
    if source is None:
        return None
    normalised = reporter.normalise(replace(source, name=_truncate(one_line(source.name), reporter.NAME[1])))
    invalid = {problem.field.removeprefix("reporter.") for problem in reporter.check(normalised)}
    if "name" in invalid:
        return None
    contacts = {name: None if name in invalid else getattr(normalised, name) for name in ("phone", "email", "nik")}
    return Reporter(name=normalised.name, **contacts)


def agency(code: str | None, on: date) -> str | None:
    """Return the code of the agency, or of its successor, that is in office on the day ``on``.

    None if there is none.
    """
    found = agencies.BY_CODE.get(code or "")
    while found and not found.in_office(on):
        found = agencies.BY_CODE.get(found.successor or "")
    return found.code if found else None


def area(code: str | None) -> str | None:
    """Return the code of a regency or city of the province; None for any other code."""
    return code if code in areas.BY_CODE else None


def category(code: str | None, default: str) -> str:
    """Return the category, or ``default`` if it is unknown."""
    return code if code is not None and code in categories.BY_CODE else default


def _truncate(content: str, max_length: int) -> str:
    return content if len(content) <= max_length else content[: max_length - 1].rstrip() + "…"
