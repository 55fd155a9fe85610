"""A clock that counts working days or hours, stands still during pauses, and tells when it has run out. Pure.

Day 0 is the day on which the clock starts if that is a working day and not yet 16:00 in Jakarta, else the next
working day; a limit of working days ends at 16:00 on its last day (contract A.2, ASSUMED there). Times are aware,
and given in UTC.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from hub.complaints.calendar import JAKARTA, WorkingCalendar
from hub.complaints.policies import Policy, Unit

OFFICE_CLOSES = time(16)


@dataclass(frozen=True, slots=True)
class Pause:
    """A time in which the reporter owed an answer; ``end`` is None while they still do."""

    start: datetime
    end: datetime | None


def day_zero(at: datetime, calendar: WorkingCalendar) -> date:
    """The working day, in Jakarta, on which something that happened at ``at`` counts as done."""
    local = at.astimezone(JAKARTA)
    missed = local.time() >= OFFICE_CLOSES
    return calendar.on_or_after(local.date() + timedelta(days=missed))


def runs_out(
    policy: Policy, started_at: datetime, pauses: Iterable[Pause], calendar: WorkingCalendar
) -> datetime | None:
    """When the clock of ``policy`` has run out; None while it stands still.

    ``pauses`` are in the order of time and begin after the clock did; one that begins after it ran out is too late to
    help, so an overdue complaint stays overdue while the reporter is asked.
    """
    due = _unpaused(policy, started_at, calendar)
    for pause in pauses:
        if pause.start > due:
            break
        if pause.end is None:
            return None
        due = _put_off(due, pause.start, pause.end, policy.unit, calendar)
    return due


def _unpaused(policy: Policy, started_at: datetime, calendar: WorkingCalendar) -> datetime:
    if policy.unit is Unit.HOURS:
        return started_at.astimezone(UTC) + timedelta(hours=policy.amount)
    return _closing(calendar.add(day_zero(started_at, calendar), policy.amount))


def _put_off(due: datetime, start: datetime, end: datetime, unit: Unit, calendar: WorkingCalendar) -> datetime:
    if unit is Unit.HOURS:
        return due + (end - start)
    # A pause within one working day costs nothing: the office had that day too.
    lost = calendar.between(day_zero(start, calendar), day_zero(end, calendar))
    return _closing(calendar.add(due.astimezone(JAKARTA).date(), lost)) if lost else due


def _closing(day: date) -> datetime:
    return datetime.combine(day, OFFICE_CLOSES, JAKARTA).astimezone(UTC)
