"""How a rule says no: a message in both languages, and a problem with one field of what was sent."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Message:
    """One sentence for a person, in both languages. It says what is allowed and repeats no personal value."""

    indonesian: str
    english: str

    def in_language(self, language: str) -> str:
        """The sentence for a language tag such as ``en-GB``; Indonesian for everything that is not English."""
        return self.english if language.lower().startswith("en") else self.indonesian


class ProblemCode(StrEnum):
    """What is wrong with a field, for programs; the message is for people. Values are interface."""

    REQUIRED = "REQUIRED"
    TOO_SHORT = "TOO_SHORT"
    TOO_LONG = "TOO_LONG"
    TOO_MANY = "TOO_MANY"
    OUT_OF_RANGE = "OUT_OF_RANGE"
    MALFORMED = "MALFORMED"
    UNKNOWN = "UNKNOWN"
    NOT_ALLOWED = "NOT_ALLOWED"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with one field; ``field`` is its path as the caller spells it, ``reporter.phone``."""

    field: str
    code: ProblemCode
    message: Message


def length(field: str, text: str, shortest: int, longest: int) -> list[Problem]:
    """A problem when ``text`` has not ``shortest`` to ``longest`` characters, or cannot be stored.

    PostgreSQL holds neither NUL nor half of a surrogate pair, both of which JSON can carry.
    """
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        message = Message("Berisi karakter NUL atau rusak; hapus karakter itu.", "It holds NUL or broken characters.")
        return [Problem(field, ProblemCode.MALFORMED, message)]
    if shortest <= len(text) <= longest:
        return []
    code = ProblemCode.TOO_LONG if len(text) > longest else ProblemCode.TOO_SHORT if text else ProblemCode.REQUIRED
    message = Message(
        f"Harus {shortest} sampai {longest} karakter; sekarang {len(text)}.",
        f"It must have {shortest} to {longest} characters; it has {len(text)}.",
    )
    return [Problem(field, code, message)]
