"""The reporter of a complaint: the personal fields, their normalisation and their validation.

Values never appear in a message or a ``repr``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date

from hub.complaints.numbers import normalise_number
from hub.complaints.problems import Problem, ProblemCode, check_length
from hub.complaints.text import one_line
from hub.messages import Bilingual

NAME = (2, 100)
"""Minimum and maximum number of characters of a name."""
_PHONE = re.compile(r"\+[1-9][0-9]{7,14}")
_EMAIL = re.compile(
    r"(?=.{6,254}$)[a-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}",
    re.IGNORECASE,
)
_FRACTION = re.compile(r"\+?[0-9]{8,}\.[0-9]{1,2}")
"""A decimal number from a spreadsheet; telephone numbers have no dot before their last two digits."""
_NIK = re.compile(r"[0-9]{16}")

_BAD_PHONE = Bilingual(
    "A phone number has 8 to 15 digits, such as +62 811 0000 0000.",
    "Nomor telepon harus 8 sampai 15 angka, misalnya +62 811 0000 0000.",
)
_BAD_EMAIL = Bilingual(
    "An e-mail address looks like name@host.example.", "Alamat surel harus seperti nama@contoh.example."
)
_BAD_NIK = Bilingual(
    "A NIK has 16 digits, of which the 7th to the 12th are a possible birth date.",
    "NIK harus 16 angka dengan tanggal lahir yang mungkin pada angka ke-7 sampai ke-12.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporter:
    """The person who submitted a complaint. Only the name is required."""

    name: str = field(repr=False)
    phone: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)
    nik: str | None = field(default=None, repr=False)


def normalise(reporter: Reporter) -> Reporter:
    """Return the reporter as it is stored: phone as E.164, e-mail in lower case, NIK as digits, empty fields None."""
    return Reporter(
        name=one_line(reporter.name),
        phone=normalise_phone(reporter.phone) if reporter.phone else None,
        email=one_line(reporter.email).lower() or None if reporter.email else None,
        nik=re.sub(r"[ .-]", "", normalise_number(reporter.nik)) or None if reporter.nik else None,
    )


def check(reporter: Reporter) -> list[Problem]:
    """Return the problems of a normalised reporter; fields are named ``reporter.name`` and so on."""
    problems = check_length("reporter.name", reporter.name, *NAME)
    if reporter.phone is not None and not _PHONE.fullmatch(reporter.phone):
        problems.append(Problem("reporter.phone", ProblemCode.MALFORMED, _BAD_PHONE))
    if reporter.email is not None and not _is_email(reporter.email):
        problems.append(Problem("reporter.email", ProblemCode.MALFORMED, _BAD_EMAIL))
    if reporter.nik is not None and not is_nik(reporter.nik):
        problems.append(Problem("reporter.nik", ProblemCode.MALFORMED, _BAD_NIK))
    return problems


def normalise_phone(number: str) -> str | None:
    """Return a telephone number as E.164; None if it is empty.

    ``0811…``, ``62811…`` and ``811…`` are Indonesian; other countries need ``+`` or ``00``. A text that is not a number
    is returned without its spaces, for ``check`` to refuse.
    """
    plain = normalise_number(number)
    if _FRACTION.fullmatch(plain):
        return plain
    digits = re.sub(r"[\s().\-]", "", plain)
    if digits.startswith("00"):
        digits = "+" + digits[2:]
    if digits.startswith("+") or not digits.isascii() or not digits.isdigit():
        # Numbers are often printed as "+62 (0)811"; no number has a zero after the country code.
        return re.sub(r"^\+620+", "+62", digits) or None
    return "+62" + digits.removeprefix("62").lstrip("0")


def is_nik(nik: str) -> bool:
    """Return whether 16 digits can be a NIK: a province, a birth date (day + 40 for women) and a serial number.

    Contract reference-data#identity-numbers. There is no check digit. The area is not looked up, because regencies are
    split while numbers stay.
    """
    if not _NIK.fullmatch(nik) or nik[:2] == "00" or nik[12:] == "0000":
        return False
    day, month, year = int(nik[6:8]), int(nik[8:10]), int(nik[10:12])
    day -= 40 if day > 40 else 0
    # The number has no century, and a leap day may exist in only one of them.
    return any(_exists(century + year, month, day) for century in (1900, 2000))


def _exists(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def _is_email(email: str) -> bool:
    local = email.partition("@")[0]
    dots = local.startswith(".") or local.endswith(".") or ".." in local
    return bool(_EMAIL.fullmatch(email)) and not dots
