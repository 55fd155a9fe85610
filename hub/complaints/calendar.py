"""Working days in Central Java: Monday to Friday without the holidays and joint leave days of Indonesia.

The days come from the ``holidays`` library (contract reference-data#calendar). A table of overrides takes precedence,
because the joint decree of the ministers changes within a year and election days are added late.
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

# The library marks an Islamic date that is computed and not yet decreed, in Indonesian.
_ESTIMATED = "(perkiraan)"
_MONDAY_TO_FRIDAY = frozenset(range(5))
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Closure:
    """The reason why offices are closed on a day. ``estimated``: an Islamic date not yet decreed, which may change."""

    reason: str
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class Override:
    """A decree on one day, which corrects or confirms the library; ``reason`` is shown to people."""

    closed: bool
    reason: str


@cache
def national_closures(year: int) -> Mapping[date, Closure]:
    """Return the public holidays and joint leave days (*cuti bersama*) of a year, including those on weekends."""
    days = country_holidays("ID", years=year, categories=(PUBLIC, GOVERNMENT), language="id")
    return MappingProxyType({day: Closure(name, _ESTIMATED in name) for day, name in sorted(days.items())})


@cache
def _estimated_days(year: int) -> tuple[date, ...]:
    return tuple(day for day, closure in national_closures(year).items() if closure.estimated)


class WorkingCalendar:
    """A calendar that counts working days, with dates of Asia/Jakarta.

    ``overrides`` take precedence over the national closures. ``weekdays`` are 0 for Monday to 6 for Sunday. The working
    days of a year are cached; everything else is immutable.
    """

    def __init__(
        self,
        overrides: Mapping[date, Override] = MappingProxyType({}),
        weekdays: frozenset[int] = _MONDAY_TO_FRIDAY,
    ) -> None:
        if not weekdays <= frozenset(range(7)) or not weekdays:
            raise ValueError("There must be one working weekday or more, from 0 for Monday to 6 for Sunday.")
        self._overrides = dict(overrides)
        self._weekdays = weekdays
        self._years: dict[int, tuple[date, ...]] = {}

    def closure(self, day: date) -> Closure | None:
        """Return why offices are closed on ``day``; None if they are open or it is only a weekend."""
        if override := self._overrides.get(day):
            return Closure(override.reason) if override.closed else None
        return national_closures(day.year).get(day)

    def is_working(self, day: date) -> bool:
        """Return whether ``day`` is a working day. An override can open a day, also one on a weekend."""
        if (override := self._overrides.get(day)) and not override.closed:
            return True
        return day.weekday() in self._weekdays and self.closure(day) is None

    def on_or_after(self, day: date) -> date:
        """Return the first working day on or after ``day``."""
        return self.add(day - _DAY, 1)

    def add(self, day: date, amount: int) -> date:
        """Return the ``amount``-th working day after ``day``, which need not be a working day itself.

        Raises ValueError for an ``amount`` below 1.
        """
        if amount < 1:
            raise ValueError("The number of working days to add must be at least 1.")
        year = day.year
        days = self._working_days(year)
        index = bisect_right(days, day) + amount - 1
        while index >= len(days):
            index -= len(days)
            year += 1
            days = self._working_days(year)
        return days[index]

    def between(self, first: date, last: date) -> int:
        """Return the number of working days after ``first`` up to and including ``last``.

        0 if ``last`` is not later.
        """
        years = [self._working_days(year) for year in range(first.year, last.year + 1)]
        return max(0, sum(bisect_right(days, last) - bisect_right(days, first) for days in years))

    def estimated(self, first: date, last: date) -> bool:
        """Return whether a count from ``first`` to ``last`` depends on an estimated holiday.

        A moon sighting moves a holiday by a day, so the days before and after the range count as well. A day with an
        override is decreed and therefore not estimated.
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
