"""Working days in Central Java: Monday to Friday without the holidays and joint leave days of Indonesia (contract G).

The days come from the ``holidays`` library; a table of overrides has the last word, because the joint decree of the
ministers changes within a year and election days are added late.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from types import MappingProxyType
from zoneinfo import ZoneInfo

from holidays import country_holidays
from holidays.constants import GOVERNMENT, PUBLIC

JAKARTA = ZoneInfo("Asia/Jakarta")

# The library's word, in Indonesian, for an Islamic date that is computed and not yet decreed.
_ESTIMATED = "(perkiraan)"
_MONDAY_TO_FRIDAY = frozenset(range(5))
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Closure:
    """Why offices are closed on a day. ``estimated``: an Islamic date nobody decreed yet, which may still move."""

    reason: str
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class Override:
    """What a decree says of one day, against the library or to confirm it; ``reason`` is shown to people."""

    closed: bool
    reason: str


@cache
def national_closures(year: int) -> Mapping[date, Closure]:
    """The public holidays and joint leave days (*cuti bersama*) of a year, weekends among them."""
    days = country_holidays("ID", years=year, categories=(PUBLIC, GOVERNMENT), language="id")
    return MappingProxyType({day: Closure(name, _ESTIMATED in name) for day, name in sorted(days.items())})


@cache
def _estimated_days(year: int) -> tuple[date, ...]:
    return tuple(day for day, closure in national_closures(year).items() if closure.estimated)


class WorkingCalendar:
    """Counts working days. ``overrides`` go before the national closures; ``weekdays`` are 0 for Monday to 6.

    Immutable but for what it remembers of a year; dates are those of Asia/Jakarta.
    """

    def __init__(
        self,
        overrides: Mapping[date, Override] = MappingProxyType({}),
        weekdays: frozenset[int] = _MONDAY_TO_FRIDAY,
    ) -> None:
        if not weekdays <= frozenset(range(7)) or not weekdays:
            raise ValueError("An office works on one weekday or more, from 0 for Monday to 6 for Sunday.")
        self._overrides = dict(overrides)
        self._weekdays = weekdays
        self._years: dict[int, tuple[date, ...]] = {}

    def closure(self, day: date) -> Closure | None:
        """Why offices are closed on ``day`` beyond the weekend; None if nothing but the weekend can close it."""
        if override := self._overrides.get(day):
            return Closure(override.reason) if override.closed else None
        return national_closures(day.year).get(day)

    def is_working(self, day: date) -> bool:
        """Whether offices work on ``day``. A day that an override opens is one, also on a weekend."""
        if (override := self._overrides.get(day)) and not override.closed:
            return True
        return day.weekday() in self._weekdays and self.closure(day) is None

    def on_or_after(self, day: date) -> date:
        """The first working day that is not before ``day``."""
        return self.add(day - _DAY, 1)

    def add(self, day: date, amount: int) -> date:
        """The ``amount``-th working day after ``day``, one or more; ``day`` itself is day 0 and need not be one."""
        if amount < 1:
            raise ValueError("Working days are added one or more at a time.")
        year = day.year
        days = self._working_days(year)
        place = bisect_right(days, day) + amount - 1
        while place >= len(days):
            place -= len(days)
            year += 1
            days = self._working_days(year)
        return days[place]

    def between(self, first: date, last: date) -> int:
        """How many working days come after ``first``, up to and with ``last``; 0 if ``last`` is not later."""
        years = [self._working_days(year) for year in range(first.year, last.year + 1)]
        return max(0, sum(bisect_right(days, last) - bisect_right(days, first) for days in years))

    def estimated(self, first: date, last: date) -> bool:
        """Whether counting from ``first`` to ``last`` rests on an estimated holiday.

        A moon sighting moves a holiday by a day, so the day before and the day after count too. A day with an
        override is decreed, and rests on nothing.
        """
        earliest, latest = first - _DAY, last + _DAY
        return any(
            earliest <= day <= latest
            for year in range(earliest.year, latest.year + 1)
            for day in _estimated_days(year)
            if day not in self._overrides
        )

    def _working_days(self, year: int) -> tuple[date, ...]:
        if year not in self._years:
            january = date(year, 1, 1)
            days = (january + _DAY * offset for offset in range((date(year + 1, 1, 1) - january).days))
            self._years[year] = tuple(day for day in days if self.is_working(day))
        return self._years[year]


NATIONAL = WorkingCalendar()
