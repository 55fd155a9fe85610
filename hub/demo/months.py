"""The times of receipt of the year's complaints. Times are aware UTC, days are those of Jakarta."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hub.demo.dice import Dice

JAKARTA = ZoneInfo("Asia/Jakarta")
JANUARY = 1_972
"""Complaints received in the January within the year."""
YEAR = 22_980
"""Complaints in a year (contract reference-data#laporgub)."""

_MONTHS = (1.00, 0.97, 1.06, 0.92, 1.01, 0.98, 1.10, 1.04, 0.99, 1.05, 1.00, 0.88)
_WEEKDAYS = (1.22, 1.16, 1.10, 1.06, 0.96, 0.70, 0.62)
_HOURS = (6, 3, 2, 2, 4, 9, 20, 44, 76, 88, 84, 74, 58, 70, 68, 60, 52, 44, 46, 54, 52, 40, 24, 12)


def now(today: date) -> datetime:
    """Return the world's present, the first moment of ``today`` in Jakarta: nothing in it is in the future."""
    return datetime.combine(today, time(), JAKARTA).astimezone(UTC)


def first_day(today: date) -> date:
    """Return the first day of the year that ends with ``today``."""
    leap_day = (today.month, today.day) == (2, 29)
    return today.replace(year=today.year - 1, day=28 if leap_day else today.day) + timedelta(days=1)


def arrivals(today: date, count: int, rng: Dice) -> list[datetime]:
    """Return ``count`` times of receipt, oldest first; in January by its share of the year."""
    start = first_day(today)
    days = [start + timedelta(days=n) for n in range((today - start).days)]
    january = round(count * JANUARY / YEAR)
    chosen = _pick([day for day in days if day.month == 1], january, rng)
    chosen += _pick([day for day in days if day.month != 1], count - january, rng)
    return sorted(_moments(chosen, rng))


def _pick(days: list[date], count: int, rng: Dice) -> list[date]:
    weights = [_MONTHS[day.month - 1] * _WEEKDAYS[day.weekday()] * rng.uniform(0.85, 1.15) for day in days]
    return rng.choices(days, weights, k=count)


def _moments(days: list[date], rng: Dice) -> list[datetime]:
    midnight = {day: now(day) for day in set(days)}
    hours = rng.choices(range(24), _HOURS, k=len(days))
    return [
        midnight[day] + timedelta(hours=hour, seconds=int(rng.random() * 3600))
        for day, hour in zip(days, hours, strict=True)
    ]
