"""Validation results: a message in both languages, and a problem with one field of the input."""

from __future__ import annotations

from dataclasses import dataclass

from hub.kinds import Code
from hub.messages import Bilingual

MAX_INPUT_LENGTH = 40_000
"""Maximum number of characters of a field before it is normalised: four times the maximum of the longest field."""


class ProblemCode(Code):
    """The problem with a field, for programs; the message is for people. Values are public interface."""

    REQUIRED = "REQUIRED", "Wajib diisi", "Required", "The value is missing or empty."
    TOO_SHORT = "TOO_SHORT", "Terlalu pendek", "Too short", "The value has too few characters."
    TOO_LONG = "TOO_LONG", "Terlalu panjang", "Too long", "The value has too many characters."
    TOO_MANY = "TOO_MANY", "Terlalu banyak", "Too many", "The list has too many entries."
    OUT_OF_RANGE = "OUT_OF_RANGE", "Di luar batas", "Out of range", "The value is too small or too large."
    MALFORMED = "MALFORMED", "Salah bentuk", "Malformed", "The value has an invalid format."
    UNKNOWN = "UNKNOWN", "Tidak dikenal", "Unknown", "The value refers to something that does not exist."
    NOT_ALLOWED = (
        "NOT_ALLOWED",
        "Tidak diperbolehkan",
        "Not allowed",
        "The value is not allowed here, or for this client.",
    )


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem with one field; ``field`` is its path in the public interface, such as ``reporter.phone``."""

    field: str
    code: ProblemCode
    message: Bilingual


def check_input_length(field: str, text: str | None) -> list[Problem]:
    """Return a problem if ``text`` is too long to be processed, whatever the field."""
    if text is None or len(text) <= MAX_INPUT_LENGTH:
        return []
    message = Bilingual(
        f"It may have {MAX_INPUT_LENGTH} characters at most; it has {len(text)}.",
        f"Paling banyak {MAX_INPUT_LENGTH} karakter; sekarang {len(text)}.",
    )
    return [Problem(field, ProblemCode.TOO_LONG, message)]


def check_length(field: str, text: str, shortest: int, longest: int) -> list[Problem]:
    """Return a problem if ``text`` does not have ``shortest`` to ``longest`` characters, or cannot be stored.

    PostgreSQL cannot store NUL or half of a surrogate pair, both of which JSON can contain.
    """
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        message = Bilingual(
            "It contains NUL or broken characters.", "Berisi karakter NUL atau rusak; hapus karakter itu."
        )
        return [Problem(field, ProblemCode.MALFORMED, message)]
    if shortest <= len(text) <= longest:
        return []
    code = ProblemCode.TOO_LONG if len(text) > longest else ProblemCode.TOO_SHORT if text else ProblemCode.REQUIRED
    message = Bilingual(
        f"It must have {shortest} to {longest} characters; it has {len(text)}.",
        f"Harus {shortest} sampai {longest} karakter; sekarang {len(text)}.",
    )
    return [Problem(field, code, message)]
