"""Messages for people in both languages of the hub: an English string with its Indonesian translation."""

from __future__ import annotations

from typing import Self


class Bilingual(str):
    """An English message with its Indonesian translation.

    Errors carry it as their message. A response uses ``in_language`` to choose the language; logs, and everything else
    that treats it as a string, use the English.
    """

    __slots__ = ("indonesian",)
    indonesian: str

    def __new__(cls, english: str, indonesian: str) -> Self:
        """Return a message whose two texts have the same meaning and contain no personal value."""
        made = super().__new__(cls, english)
        made.indonesian = indonesian
        return made


class Count(int):
    """A number in a message: ``{n}`` is the number, ``{n:item is|items are}`` what follows one and what follows more.

    ``shown`` is how people read the number.
    """

    shown: str

    def __new__(cls, value: int, shown: str = "") -> Self:
        """Return a count of ``value``; without ``shown`` it is written with digits only."""
        made = super().__new__(cls, value)
        made.shown = shown or str(value)
        return made

    def __format__(self, forms: str) -> str:
        one, _, many = forms.partition("|")
        return self.shown if not forms else one if self == 1 else many


def in_language(message: str, language: str) -> str:
    """Return ``message`` in ``language``, ``id`` or ``en``; a message in English only stays English."""
    return message.indonesian if language == "id" and isinstance(message, Bilingual) else message


def message_of(error: Exception) -> str:
    """Return the message of an error with its translation, which ``str`` would drop."""
    message = error.args[0] if error.args else ""
    return message if isinstance(message, str) else str(error)
