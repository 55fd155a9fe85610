"""Reads single values as LAPOR tells them: dates without a zone, numbers and JSON in strings, HTML. Pure.

Every function answers ``None`` (or an empty value) to what it cannot read; the mapping decides
whether that matters.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any
from zoneinfo import ZoneInfo

JAKARTA = ZoneInfo("Asia/Jakarta")
TOLD = "%d-%m-%Y %H:%M:%S"
"""How LAPOR writes a time (contract A.3)."""
ASKED = "%Y-%m-%d %H:%M:%S"
"""How it wants to be asked for one (contract L.1)."""
_ENDLESS = re.compile(r"<(?![^<>]*>)")


def time_of(told: object) -> datetime | None:
    """``d-m-Y H:i:s`` or ``Y-m-d H:i:s`` without zone, Asia/Jakarta by contract A.3, as an aware UTC time."""
    if not isinstance(told, str):
        return None
    for form in (TOLD, ASKED):
        try:
            return datetime.strptime(told.strip(), form).replace(tzinfo=JAKARTA).astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    return None


def number_of(told: object) -> int | None:
    """An integer, told as a number or as the same in a string."""
    if isinstance(told, int) and not isinstance(told, bool):
        return told
    if isinstance(told, str) and told.strip().isascii() and told.strip().isdigit() and len(told) < 20:
        return int(told)
    return None


def flag_of(told: object) -> bool | None:
    """A boolean, told as one or as 0 and 1, also in a string."""
    if isinstance(told, bool):
        return told
    number = number_of(told)
    return bool(number) if number in (0, 1) else None


def json_in(told: object) -> Any:
    """What a string of JSON holds; ``None`` where it is empty, null or no JSON. A dot may follow it (contract A.3)."""
    if not isinstance(told, str):
        return told
    try:
        return json.loads(told.strip().removesuffix("."))
    except (ValueError, RecursionError):
        return None


def object_in(told: object) -> Mapping[str, Any]:
    """The object a string of JSON holds, or an empty one."""
    held = json_in(told)
    return held if isinstance(held, Mapping) else {}


def tags_of(told: object) -> list[str]:
    """The tags of ``#one#two``."""
    return [tag.strip() for tag in plain(told).split("#") if tag.strip()]


def plain(told: object) -> str:
    """Text without markup, scripts and unprintable characters, one line a block; empty where there is none.

    The result is plain text, not safe HTML: ``&lt;b&gt;`` was meant to be read as ``<b>``.
    """
    if not isinstance(told, str):
        return ""
    text = _without_markup(told) if "<" in told or "&" in told else told
    if text.isprintable():
        # Most values are one printable line, and there are dozens in a report.
        return " ".join(text.split())
    return "\n".join(kept for line in text.splitlines() if (kept := " ".join(_words(line))))


def _words(line: str) -> list[str]:
    """The words of a line without what cannot be printed or stored: control characters, half characters, overrides."""
    return [kept for word in line.split() if (kept := "".join(filter(str.isprintable, word)))]


def _without_markup(html: str) -> str:
    """The library looks for the end of each tag again and again, so what never ends is written as text first."""
    reader = _Text()
    reader.feed(_ENDLESS.sub("&lt;", html))
    reader.close()
    return "".join(reader.parts)


class _Text(HTMLParser):
    """Collects the text of HTML; blocks and breaks become new lines, scripts and styles vanish."""

    BLOCKS = frozenset({"br", "p", "div", "li", "tr", "ul", "ol", "table", "h1", "h2", "h3", "h4", "blockquote"})
    HIDDEN = frozenset({"script", "style"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._hidden = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden = tag in self.HIDDEN
        if tag in self.BLOCKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._hidden = False
        if tag in self.BLOCKS:
            self.parts.append("\n")

    def parse_marked_section(self, i: int, report: bool = True) -> int:
        """The library fails on a marked section without a name, which anybody may write: read it as a comment."""
        return self.parse_bogus_comment(i, report)

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(data)
