"""The text in the fields of items, which people paste and old systems pad."""

from __future__ import annotations


def words_of(text: str) -> list[str]:
    """Return the words of a text without unprintable characters: controls, lone surrogates, overrides."""
    return [kept for word in text.split() if (kept := "".join(filter(str.isprintable, word)))]


def one_line(text: str) -> str | None:
    """Return a text as one line with single spaces and printable characters only; None if none is left."""
    return " ".join(words_of(text)) or None
