"""Text as it is kept: free of what cannot be seen, and the same however it was typed. Pure and idempotent."""

from __future__ import annotations

import re
import unicodedata

# Control characters but tab, line feed and NUL: NUL is left for the checks to refuse, because a text that
# holds one is an attack or a broken client. The marks that turn the direction of writing are taken out too,
# since they can make a text read differently from what it is.
_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_INVISIBLE = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff]")


def one_line(text: str) -> str:
    """Titles, names and codes: NFC, no control characters, every run of white space one space."""
    return " ".join(_visible(text).split())


def paragraphs(text: str) -> str:
    """Longer texts: NFC, no control characters, lines kept but never more than one empty line in a row."""
    lines = (line.rstrip() for line in _visible(text).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _visible(text: str) -> str:
    # Composed last, because taking out a mark can bring a letter and its accent together.
    return unicodedata.normalize("NFC", _INVISIBLE.sub("", _LINE_ENDS.sub("\n", text)))
