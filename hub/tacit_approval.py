"""When a permit counts as granted because its office did not decide (*fiktif positif*). Pure.

Article 53 of Law 30/2014, as amended by article 175 of Law 6/2023 (*Cipta Kerja*): an office decides within the time
that the law sets, otherwise within five working days after it has the complete application; after that, the
application counts as granted (contract reference-data#time-for-a-permit). The days are those of the complaint service
(``hub.complaints.clock``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from hub.complaints.calendar import NATIONAL, WorkingCalendar
from hub.complaints.clock import Pause, calculate_due_at
from hub.complaints.service_levels import Unit
from hub.kinds import PermitClock, PermitStatus


@dataclass(frozen=True, slots=True)
class LegalLimit:
    """How long an office has for a permit: ``amount`` of ``unit``, by the law ``source``."""

    amount: int
    unit: Unit
    source: str


DEFAULT = LegalLimit(5, Unit.WORKING_DAYS, "Law 30/2014, article 53(2), as amended by Law 6/2023, article 175")


class ClockEvent(NamedTuple):
    """A change of a permit's clock: what it does since ``at`` (aware), and the permit's status then.

    ``clock`` is None where the status does not determine it.
    """

    clock: PermitClock | None
    status: PermitStatus
    at: datetime


def calculate_approval(
    events: Iterable[ClockEvent], limit: LegalLimit = DEFAULT, calendar: WorkingCalendar = NATIONAL
) -> datetime | None:
    """Return when a permit counts as granted, in UTC; it may be in the past. ``events`` are in their order.

    None if the permit is decided, if its clock is stopped or not known, or if its start is not known: it starts when
    the application is received, or when it is restarted. A decision ends it, so what follows one needs a new start.
    """
    started: datetime | None = None
    pauses: list[Pause] = []
    current: PermitClock | None = None
    for event in events:
        current = event.clock
        if current is PermitClock.ENDED:
            started = None
        elif current is PermitClock.RESTARTED or (started is None and _is_received(event)):
            started, pauses = event.at, []
        elif started:
            pauses = _continued(pauses, event, started)
    running = current in (PermitClock.RUNNING, PermitClock.RESTARTED)
    return calculate_due_at(limit, started, pauses, calendar) if running and started else None


def count_restarts(events: Iterable[ClockEvent]) -> int:
    """Return how often a clock began again from its start; a restart that a later event hides counts too."""
    return sum(event.clock is PermitClock.RESTARTED for event in events)


def _is_received(event: ClockEvent) -> bool:
    return event.clock is PermitClock.RUNNING and event.status is PermitStatus.RECEIVED


def _continued(pauses: list[Pause], event: ClockEvent, started: datetime) -> list[Pause]:
    """Return the pauses with the one that begins or ends at ``event``; times of systems may go backwards."""
    last = pauses[-1] if pauses else None
    if event.clock is PermitClock.STOPPED and (last is None or last.end is not None):
        earliest = last.end if last and last.end else started
        return [*pauses, Pause(max(event.at, earliest), None)]
    if event.clock is PermitClock.RUNNING and last and last.end is None:
        return [*pauses[:-1], Pause(last.start, max(event.at, last.start))]
    return pauses
