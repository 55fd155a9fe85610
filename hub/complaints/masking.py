"""Finds and masks personal data in titles and texts: identity numbers, telephone numbers, e-mail addresses. Pure.

The public sees a masked title. Officers see the original text and which kinds of personal data it contains. Every
pattern is bounded, so that a search takes time in proportion to the length of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from hub.complaints.numbers import DASHES
from hub.complaints.reporter import is_nik
from hub.kinds import Code

MASK = "[disamarkan]"
"""The replacement for personal data in a title."""

# Each replacement has the length of the original, so that offsets stay valid. Joiners between digits are invisible.
_PLAIN = DASHES | {ord("０") + digit: str(digit) for digit in range(10)} | {ord("٠") + n: str(n) for n in range(10)}
_GAP = "[ .()\u200c\u200d-]{0,2}"
_ANY = re.compile("[0-9@]")
_NIK = re.compile(rf"(?<![0-9])[0-9](?:{_GAP}[0-9]){{15}}(?![0-9])")
_PHONE = re.compile(
    rf"(?<![0-9+])(?:\+?62{_GAP}(?:\(0\))?{_GAP}|0)8[1-9][0-9](?:{_GAP}[0-9]){{6,10}}(?![0-9])"  # a mobile number
    rf"|(?<![0-9+])\(?0[2-7][0-9]{{1,2}}\)?{_GAP}[1-9](?:{_GAP}[0-9]){{5,7}}(?![0-9])"  # a landline
    rf"|\+[1-9](?:{_GAP}[0-9]){{7,14}}(?![0-9])"
)
_MAIL = re.compile(
    r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}", re.ASCII
)


class PersonalData(Code):
    """A kind of personal data in a text."""

    NIK = "NIK", "NIK", "National identity number", "A national identity number."
    PHONE = "PHONE", "Nomor telepon", "Telephone number", "A telephone number."
    EMAIL = "EMAIL", "Alamat surel", "E-mail address", "An e-mail address."


def mask(text: str) -> str:
    """Return ``text`` with all personal data replaced by ``MASK``."""
    parts, end = [], 0
    for begin, after, _ in sorted(_found(text)):
        if begin >= end:
            parts += [text[end:begin], MASK]
        end = max(end, after)
    return "".join([*parts, text[end:]])


def detect_kinds(*texts: str) -> list[PersonalData]:
    """Return the kinds of personal data that ``texts`` contain."""
    found = {kind for text in texts for _, _, kind in _found(text)}
    return [kind for kind in PersonalData if kind in found]


def _found(text: str) -> Iterator[tuple[int, int, PersonalData]]:
    """Yield the start, end and kind of each match; matches may overlap."""
    plain = text.translate(_PLAIN)
    if not _ANY.search(plain):
        return
    for match in _NIK.finditer(plain):
        if is_nik(re.sub("[^0-9]", "", match[0])):
            yield *match.span(), PersonalData.NIK
    for kind, pattern in ((PersonalData.PHONE, _PHONE), (PersonalData.EMAIL, _MAIL)):
        for match in pattern.finditer(plain):
            yield *match.span(), kind
