"""Calculates when a time limit in working days or hours ends, if its clock stops during pauses. Pure.

Day 0 is the day on which the clock starts if that is a working day and it is not yet 16:00 in Jakarta, otherwise the
next working day. A limit in working days ends at 16:00 on its last day (contract reference-data#service-levels, which
assumes this). Times are aware; results are in UTC.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol

from hub.complaints.calendar import JAKARTA, WorkingCalendar
from hub.complaints.service_levels import Unit

OFFICE_CLOSES = time(16)


class TimeLimit(Protocol):
    """A number of working days or hours, such as a ``Policy``."""

    @property
    def amount(self) -> int:
        """How many of ``unit``."""
        ...

    @property
    def unit(self) -> Unit:
        """Working days or hours."""
        ...


@dataclass(frozen=True, slots=True)
class Pause:
    """A time in which the reporter or applicant had to answer; ``end`` is None while the answer is still missing."""

    start: datetime
    end: datetime | None


def day_zero(at: datetime, calendar: WorkingCalendar) -> date:
    """Return the working day in Jakarta to which a time belongs; after 16:00 that is the next one."""
    local = at.astimezone(JAKARTA)
    after_hours = local.time() >= OFFICE_CLOSES
    return calendar.on_or_after(local.date() + timedelta(days=after_hours))


def calculate_due_at(
    limit: TimeLimit, started_at: datetime, pauses: Iterable[Pause], calendar: WorkingCalendar
) -> datetime | None:
    """Return when a time limit ends; None while its clock is paused.

    ``pauses`` are in order of time and begin after ``started_at``. A pause that begins after the limit has ended does
    not extend it, so an overdue complaint stays overdue while the hub waits for the reporter.
    """
    due = _unpaused(limit, started_at, calendar)
    for pause in pauses:
        if pause.start > due:
            break
        if pause.end is None:
            return None
        due = _postpone(due, pause.start, pause.end, limit.unit, calendar)
    return due


def _unpaused(limit: TimeLimit, started_at: datetime, calendar: WorkingCalendar) -> datetime:
    if limit.unit is Unit.HOURS:
        return started_at.astimezone(UTC) + timedelta(hours=limit.amount)
    return _end_of_day(calendar.add(day_zero(started_at, calendar), limit.amount))


def _postpone(due: datetime, start: datetime, end: datetime, unit: Unit, calendar: WorkingCalendar) -> datetime:
    if unit is Unit.HOURS:
        return due + (end - start)
    # A pause within one working day extends nothing: the office could work on that day.
    paused_days = calendar.between(day_zero(start, calendar), day_zero(end, calendar))
    return _end_of_day(calendar.add(due.astimezone(JAKARTA).date(), paused_days)) if paused_days else due


def _end_of_day(day: date) -> datetime:
    return datetime.combine(day, OFFICE_CLOSES, JAKARTA).astimezone(UTC)
