"""Who submitted a complaint: the personal fields, how they are normalised, and what is wrong with them.

Values never appear in a message or a ``repr``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date

from hub.complaints.problems import Message, Problem, ProblemCode, length
from hub.complaints.text import one_line

NAME = (2, 100)
"""Characters of a name, at least and at most."""
_PHONE = re.compile(r"\+[1-9][0-9]{7,14}")
_EMAIL = re.compile(
    r"(?=.{6,254}$)[a-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}",
    re.IGNORECASE,
)
_NIK = re.compile(r"[0-9]{16}")

_BAD_PHONE = Message(
    "Nomor telepon harus 8 sampai 15 angka, misalnya +62 811 0000 0000.",
    "A phone number has 8 to 15 digits, such as +62 811 0000 0000.",
)
_BAD_EMAIL = Message(
    "Alamat surel harus seperti nama@contoh.example.", "An e-mail address looks like name@host.example."
)
_BAD_NIK = Message(
    "NIK harus 16 angka dengan tanggal lahir yang mungkin pada angka ke-7 sampai ke-12.",
    "A NIK has 16 digits, of which the 7th to the 12th are a possible birth date.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporter:
    """Who submitted a complaint. All but the name may be missing."""

    name: str = field(repr=False)
    phone: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)
    nik: str | None = field(default=None, repr=False)


def normalise(reporter: Reporter) -> Reporter:
    """The reporter as kept: phone as ``+62…``, e-mail in lower case, NIK digits only, empty ones ``None``."""
    return Reporter(
        name=one_line(reporter.name),
        phone=phone(reporter.phone) if reporter.phone else None,
        email=one_line(reporter.email).lower() or None if reporter.email else None,
        nik=re.sub(r"[ .-]", "", one_line(reporter.nik)) or None if reporter.nik else None,
    )


def check(reporter: Reporter) -> list[Problem]:
    """What is wrong with a normalised reporter; fields are named ``reporter.name`` and so on."""
    problems = length("reporter.name", reporter.name, *NAME)
    if reporter.phone is not None and not _PHONE.fullmatch(reporter.phone):
        problems.append(Problem("reporter.phone", ProblemCode.MALFORMED, _BAD_PHONE))
    if reporter.email is not None and not _is_email(reporter.email):
        problems.append(Problem("reporter.email", ProblemCode.MALFORMED, _BAD_EMAIL))
    if reporter.nik is not None and not is_nik(reporter.nik):
        problems.append(Problem("reporter.nik", ProblemCode.MALFORMED, _BAD_NIK))
    return problems


def phone(told: str) -> str | None:
    """A number as E.164: ``0811…``, ``62811…`` and ``811…`` are Indonesian; other countries need ``+`` or ``00``.

    What does not look like a number comes back without its spaces, for ``check`` to refuse.
    """
    digits = re.sub(r"[\s().\-–]", "", one_line(told))
    if digits.startswith("00"):
        digits = "+" + digits[2:]
    if digits.startswith("+") or not digits.isascii() or not digits.isdigit():
        # "+62 (0)811" is how numbers are printed; nobody's number begins with a nought after the country.
        return re.sub(r"^\+620+", "+62", digits) or None
    return "+62" + digits.removeprefix("62").lstrip("0")


def is_nik(nik: str) -> bool:
    """Whether 16 digits can be a NIK: a province, a birth date (day + 40 for women), a serial (contract G).

    There is no check digit, and places are not looked up: regencies split, and old numbers stay.
    """
    if not _NIK.fullmatch(nik) or nik[:2] == "00" or nik[12:] == "0000":
        return False
    day, month, year = int(nik[6:8]), int(nik[8:10]), int(nik[10:12])
    day -= 40 if day > 40 else 0
    # The century is not told; a leap day may exist in one of them only.
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
