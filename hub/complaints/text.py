"""Normalises text: removes invisible characters and composes Unicode to NFC. Pure and idempotent.

Everything here takes time in proportion to the length of the text, because input is normalised on the event loop.
"""

from __future__ import annotations

import re
import unicodedata

MARKS = 30
"""Maximum number of combining marks on one letter; UAX #15 knows no script that needs more. Ordering them takes
quadratic time, so the rest is removed first."""

# Control characters except tab, line feed and NUL. NUL is left for validation to refuse, because a text with NUL is an
# attack or comes from a broken client. Characters without width are removed too, and so are the marks that change the
# writing direction, because they can make a text look different from what it is. Joiners (U+200C, U+200D) and variation
# selectors stay: scripts and emoji need them.
_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_INVISIBLE = re.compile(
    "[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\u2800\u3164\ufeff\uffa0\ufff9-\ufffb]"
)
_UNSEEN = "CMZ"
"""Unicode categories that are invisible alone: controls, marks and separators."""


def one_line(text: str) -> str:
    """Return a text of one line, such as a title, name or code, with each run of white space as one space."""
    return " ".join(_visible(text).split())


def paragraphs(text: str) -> str:
    """Return a text of several lines, with at most one empty line in a row."""
    lines = (line.rstrip() for line in _visible(text).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _visible(text: str) -> str:
    """Return ``text`` without invisible characters; empty if nothing visible is left."""
    plain = _INVISIBLE.sub("", _LINE_ENDS.sub("\n", text))
    if plain.isascii():
        return plain
    if "\0" not in plain and all(unicodedata.category(each)[0] in _UNSEEN for each in plain):
        return ""
    # Composed last, because removing a mark can bring a letter and its accent together.
    return unicodedata.normalize("NFC", _few_marks(plain))


def _few_marks(text: str) -> str:
    """Return ``text`` with at most ``MARKS`` combining marks in a row."""
    result, run = [], 0
    for character in text:
        run = run + 1 if unicodedata.combining(character) else 0
        if run <= MARKS:
            result.append(character)
    return "".join(result)
