"""A complaint that another system passed on, made to fit the rules of a submission: trimmed rather than refused. Pure.

Whoever wrote it wrote for other rules, and cannot be asked again.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from hub.complaints import agencies, areas, categories, reporter
from hub.complaints.reporter import Reporter
from hub.complaints.submission import TEXT, TITLE
from hub.complaints.text import one_line, paragraphs


def title(told: str, told_text: str) -> str:
    """The title; one that is too short begins with what kind of thing it is and goes on with the text."""
    line = one_line(told)
    if len(line) < TITLE[0]:
        line = one_line(f"Laporan: {line} {told_text}")
    return _cut(line, TITLE[1])


def text(told: str, told_title: str) -> str:
    """The text; one that is too short says the title before it."""
    kept = paragraphs(told)
    if len(kept) < TEXT[0]:
        kept = paragraphs(f"Laporan: {one_line(told_title)}\n\n{kept}")
    return _cut(kept, TEXT[1]).ljust(TEXT[0], ".")


def who(told: Reporter | None) -> Reporter | None:
    """The reporter without what cannot be right; nobody where there is no name."""
    if told is None:
        return None
    kept = reporter.normalise(replace(told, name=_cut(one_line(told.name), reporter.NAME[1])))
    wrong = {problem.field.removeprefix("reporter.") for problem in reporter.check(kept)}
    if "name" in wrong:
        return None
    found = {name: None if name in wrong else getattr(kept, name) for name in ("phone", "email", "nik")}
    return Reporter(name=kept.name, **found)


def agency(code: str | None, on: date) -> str | None:
    """The agency in office on the day ``on`` that ``code`` stands for: itself or who followed it."""
    found = agencies.BY_CODE.get(code or "")
    while found and not found.in_office(on):
        found = agencies.BY_CODE.get(found.successor or "")
    return found.code if found else None


def area(code: str | None) -> str | None:
    """The regency or city, if it is one of ours."""
    return code if code in areas.BY_CODE else None


def category(code: str | None, otherwise: str) -> str:
    """The category, or ``otherwise``."""
    return code if code is not None and code in categories.BY_CODE else otherwise


def _cut(told: str, longest: int) -> str:
    return told if len(told) <= longest else told[: longest - 1].rstrip() + "…"
