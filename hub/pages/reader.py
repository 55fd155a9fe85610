"""Who reads a page: texts, numbers, times and addresses in one language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.messages import Count
from hub.pages import formats, paths
from hub.pages.texts import texts


@dataclass(frozen=True, slots=True)
class Reader:
    """The language of a page, ``id`` or ``en``, and the time at which it was made."""

    language: str
    now: datetime

    def t(self, key: str, **values: str | int) -> str:
        """Return a text with its ``{names}`` replaced; a number is a ``Count``, with separators."""
        shown = {
            name: Count(value, self.number(value)) if isinstance(value, int) else value
            for name, value in values.items()
        }
        return texts(self.language)[key].format(**shown)

    def short_date(self, day: str) -> str:
        """Return a day without its year, such as 3 Jan."""
        return f"{int(day[8:10])} {self.month(day[:7], short=True).partition(' ')[0]}"

    def url(self, name: str, **params: str) -> str:
        """Return the address of a page in this language."""
        return paths.path(name, self.language, **params)

    def number(self, value: float | None, decimals: int = 0) -> str:
        """Return a number with separators."""
        return formats.number(value, self.language, decimals)

    def percent(self, value: float | None) -> str:
        """Return a share from 0 to 1 in percent."""
        return formats.percent(value, self.language)

    def days(self, seconds: float | None) -> str:
        """Return a time in days, with the unit."""
        return self.t("unit.days", n=formats.days(seconds, self.language))

    def duration(self, seconds: float | None) -> str:
        """Return a time in its natural unit."""
        return formats.duration(seconds, self.language)

    def month(self, text: str, *, short: bool = False) -> str:
        """Return a month such as 2026-01 with its name."""
        return formats.month(text, self.language, short=short)

    def month_labels(self, months: Sequence[str]) -> list[tuple[str, str]]:
        """Return the two lines of each month below a chart.

        The year stands below January, and below the first month where the next one is not January.
        """
        named = [formats.month(each, self.language, short=True).partition(" ") for each in months]
        with_year = {index for index, each in enumerate(months) if each.endswith("-01")}
        with_year |= {0} if 1 not in with_year else set()
        return [(name, year if index in with_year else "") for index, (name, _, year) in enumerate(named)]

    def date(self, value: str | datetime | None) -> str:
        """Return a day."""
        return formats.date(value, self.language)

    def moment(self, value: str | datetime | None) -> str:
        """Return a day and time."""
        return formats.moment(value, self.language)

    def rupiah(self, value: float | None) -> str:
        """Return an amount in rupiah."""
        return formats.rupiah(value, self.language)
