"""Normalises numbers as people and spreadsheets write them: telephone numbers, identity numbers, references. Pure."""

from __future__ import annotations

import re

from hub.complaints.text import one_line

DASHES = dict.fromkeys(map(ord, "‐‑‒–—―⁃−﹘﹣－"), "-")
"""A translation table of characters that look like a dash, for ``str.translate``."""
_APOSTROPHES = "'’‘`´"
"""Spreadsheets mark a number that is stored as text by one of these before it."""
_DECIMAL = re.compile(r"(\+?[0-9]{1,15})[.,]0{1,2}")
_SCIENTIFIC = re.compile(r"([0-9])[.,]([0-9]{1,14})[eE]\+([0-9]{1,2})")


def normalise_number(text: str, prefix: str = "") -> str:
    """Return a number with plain dashes, without invisible characters and without the marks of a spreadsheet.

    The characters of ``prefix``, such as a number sign, are dropped from its start too.

    ``628123456789.0`` and ``6.28123456789E+11`` are replaced by their digits. A spreadsheet stores 15 digits, so a
    number that may have lost some is returned as it is, for validation to refuse.
    """
    plain = one_line(text).translate(DASHES).lstrip(f"{_APOSTROPHES} {prefix}")
    if decimal := _DECIMAL.fullmatch(plain):
        return decimal[1]
    if scientific := _SCIENTIFIC.fullmatch(plain):
        digits = scientific[1] + scientific[2]
        return digits if len(digits) == int(scientific[3]) + 1 else plain
    return plain
