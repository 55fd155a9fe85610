"""Parses single values of LAPOR: dates without a zone, numbers and JSON in strings, HTML. Pure.

Every function returns ``None`` (or an empty value) if it cannot read a value; the mapping decides whether that is
an error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any
from zoneinfo import ZoneInfo

from hub.bounds import is_plausible_time
from hub.connectors.item_text import words_of

JAKARTA = ZoneInfo("Asia/Jakarta")
TIME_FORMAT = "%d-%m-%Y %H:%M:%S"
"""How LAPOR writes a time (contract lapor#report)."""
QUERY_TIME_FORMAT = "%Y-%m-%d %H:%M:%S"
"""How queries to LAPOR write a time (contract lapor#listing)."""
_UNCLOSED_TAG = re.compile(r"<(?![^<>]*>)")


def time_of(value: object) -> datetime | None:
    """Parse ``d-m-Y H:i:s`` or ``Y-m-d H:i:s`` in Asia/Jakarta; return an aware UTC time (contract lapor#report).

    Return None also for an implausible time.
    """
    if not isinstance(value, str):
        return None
    for form in (TIME_FORMAT, QUERY_TIME_FORMAT):
        try:
            at = datetime.strptime(value.strip(), form).replace(tzinfo=JAKARTA).astimezone(UTC)
        except (ValueError, OverflowError):
            continue
        return at if is_plausible_time(at) else None
    return None


def number_of(value: object) -> int | None:
    """Return an integer from a number or a string."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit() and len(value) < 20:
        return int(value)
    return None


def flag_of(value: object) -> bool | None:
    """Return a boolean from a boolean, or from 0 and 1, also in a string."""
    if isinstance(value, bool):
        return value
    number = number_of(value)
    return bool(number) if number in (0, 1) else None


def json_in(value: object) -> Any:
    """Parse a string of JSON, which a dot may follow; return ``None`` if it is empty, null or no JSON.

    Contract lapor#report, lapor#history.
    """
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value.strip().removesuffix("."))
    except (ValueError, RecursionError):
        return None


def object_in(value: object) -> Mapping[str, Any]:
    """Parse a string with a JSON object; return an empty one if there is none."""
    decoded = json_in(value)
    return decoded if isinstance(decoded, Mapping) else {}


def tags_of(value: object) -> list[str]:
    """Return the tags in ``#one#two``."""
    return [tag.strip() for tag in plain(value).split("#") if tag.strip()]


def plain(value: object) -> str:
    """Return text without markup, scripts and unprintable characters, one line for each block.

    The result is plain text, not safe HTML: ``&lt;b&gt;`` becomes ``<b>``.
    """
    if not isinstance(value, str):
        return ""
    text = _without_markup(value) if "<" in value or "&" in value else value
    if text.isprintable():
        # Most values are one printable line, and there are dozens in a report.
        return " ".join(text.split())
    return "\n".join(kept for line in text.splitlines() if (kept := " ".join(words_of(line))))


def _without_markup(html: str) -> str:
    """Remove markup; unclosed tags become text first, because the parser searches their end again and again."""
    reader = _Text()
    reader.feed(_UNCLOSED_TAG.sub("&lt;", html))
    reader.close()
    return "".join(reader.parts)


class _Text(HTMLParser):
    """A collector of the text in HTML; blocks and breaks become new lines, scripts and styles are dropped."""

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
        """Read a marked section without a name as a comment: the library fails on it, and anybody may write one."""
        return self.parse_bogus_comment(i, report)

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(data)
