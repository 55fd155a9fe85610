"""Calculates the deadline of each step of a complaint from its timeline, the policies and the calendar. Pure.

Clocks are paused while the complaint is RETURNED, because the reporter has to answer. A reopened complaint starts a
new round with new clocks. Times are aware; results are in UTC.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from hub.complaints.calendar import JAKARTA, NATIONAL, WorkingCalendar
from hub.complaints.clock import Pause, calculate_due_at
from hub.complaints.enums import ComplaintClass
from hub.complaints.enums import ComplaintStatus as Status
from hub.complaints.service_levels import POLICIES, Policy, Step, Unit, policy_for


class TimelineEntry(NamedTuple):
    """One entry of a timeline: the status that a complaint reached, and when."""

    status: Status
    at: datetime


@dataclass(frozen=True, slots=True)
class Deadline:
    """The deadline of one step. ``met_at`` is when the step was done, None while it is open.

    ``due_at`` is None while the clock is paused, because it then depends on when the reporter answers.
    ``estimated``: it depends on an Islamic holiday that is not decreed yet.
    """

    step: Step
    policy: Policy
    started_at: datetime
    due_at: datetime | None
    met_at: datetime | None
    estimated: bool

    def overdue(self, now: datetime) -> bool:
        """Return whether it was due before ``now`` and is still open."""
        return self.met_at is None and self.due_at is not None and self.due_at < now

    @property
    def late(self) -> bool:
        """Whether the step was done after it was due."""
        return self.met_at is not None and self.due_at is not None and self.due_at < self.met_at


@dataclass(frozen=True, slots=True)
class Deadlines:
    """The deadlines of a complaint's latest round, in the usual order of the steps, and the round's pauses."""

    steps: tuple[Deadline, ...]
    pauses: tuple[Pause, ...]

    def of(self, step: Step) -> Deadline | None:
        """Return the deadline of ``step``; None if its clock has not started."""
        return next((deadline for deadline in self.steps if deadline.step is step), None)

    @property
    def current(self) -> Deadline | None:
        """The next deadline; the reporter's reply while the complaint is returned; None if everything is done."""
        waiting = [deadline for deadline in self.steps if deadline.met_at is None]
        reply = next((deadline for deadline in waiting if deadline.step is Step.AUTO_CLOSE), None)
        running = [(deadline.due_at, deadline) for deadline in waiting if deadline.due_at is not None]
        return reply or (min(running, key=lambda pair: pair[0])[1] if running else None)

    @property
    def due_at(self) -> datetime | None:
        """When the final answer is due; None while the clock is paused."""
        answer = self.of(Step.ANSWER)
        return answer.due_at if answer else None

    def overdue(self, now: datetime) -> bool:
        """Return whether the final answer is missing and was due before ``now``."""
        answer = self.of(Step.ANSWER)
        return answer is not None and answer.overdue(now)


class _Window(NamedTuple):
    """The statuses that start and end a step's clock. With ``restarts`` the last start counts, otherwise the first."""

    step: Step
    starts: frozenset[Status]
    ends: frozenset[Status]
    restarts: bool = False


_FINISHED = frozenset({Status.ANSWERED, Status.CLOSED, Status.REJECTED})
_STARTED = _FINISHED | {Status.IN_PROGRESS}
_REOPENED = frozenset({Status.RECEIVED, Status.ASSIGNED, Status.IN_PROGRESS})
_RECEIVED = frozenset({Status.RECEIVED})
_ASSIGNED = frozenset({Status.ASSIGNED})
_REPORTERS_TURN = frozenset({Status.ANSWERED, Status.RETURNED})

_WINDOWS = (
    _Window(Step.FIRST_RESPONSE, _RECEIVED, frozenset(Status) - _RECEIVED),
    _Window(Step.VERIFY, _RECEIVED, _STARTED | _ASSIGNED),
    # Each agency that a complaint is assigned to has the whole time.
    _Window(Step.FOLLOW_UP, _ASSIGNED, _STARTED, restarts=True),
    _Window(Step.ANSWER, _REOPENED, _FINISHED),
    _Window(Step.AUTO_CLOSE, _REPORTERS_TURN, frozenset(Status) - _REPORTERS_TURN, restarts=True),
)


def calculate_deadlines(
    timeline: Sequence[TimelineEntry],
    klass: ComplaintClass,
    inspection: bool,
    calendar: WorkingCalendar = NATIONAL,
    policies: Sequence[Policy] = POLICIES,
) -> Deadlines:
    """Return the deadlines of a complaint. Its ``timeline`` begins with RECEIVED and is in order of time.

    Raises ValueError if the timeline is empty or contains a time without a zone.
    """
    if not timeline or any(entry.at.tzinfo is None for entry in timeline):
        raise ValueError("A timeline must have one entry or more, each with an aware time.")
    latest = _latest_round(timeline)
    pauses = _pauses(latest)
    steps = []
    for window in _WINDOWS:
        if (start := _start(window, latest)) is None:
            continue
        on = latest[start].at.astimezone(JAKARTA).date()
        if policy := policy_for(window.step, klass, inspection, on, policies):
            steps.append(_deadline(window, policy, latest[start:], pauses, calendar))
    return Deadlines(tuple(steps), pauses)


def _latest_round(timeline: Sequence[TimelineEntry]) -> Sequence[TimelineEntry]:
    """Return the entries since the complaint was received or last reopened."""
    reopened = (
        index
        for index in range(len(timeline) - 1, 0, -1)
        if timeline[index - 1].status in _FINISHED and timeline[index].status in _REOPENED
    )
    return timeline[next(reopened, 0) :]


def _pauses(latest: Sequence[TimelineEntry]) -> tuple[Pause, ...]:
    ended = tuple(Pause(one.at, after.at) for one, after in pairwise(latest) if one.status is Status.RETURNED)
    return (*ended, Pause(latest[-1].at, None)) if latest[-1].status is Status.RETURNED else ended


def _start(window: _Window, latest: Sequence[TimelineEntry]) -> int | None:
    """Return the index of the entry that starts the window.

    A complaint that comes back from the reporter continues, so that entry starts no clock.
    """
    starts = [
        index
        for index, entry in enumerate(latest)
        if entry.status in window.starts and (index == 0 or latest[index - 1].status is not Status.RETURNED)
    ]
    return starts[-1 if window.restarts else 0] if starts else None


def _deadline(
    window: _Window, policy: Policy, since: Sequence[TimelineEntry], pauses: Sequence[Pause], calendar: WorkingCalendar
) -> Deadline:
    started = since[0].at
    met = next((entry.at for entry in since[1:] if entry.status in window.ends), None)
    # The clock of the reporter's reply is not paused while the hub waits for the reporter.
    relevant = [] if window.step is Step.AUTO_CLOSE else _within(pauses, started, met)
    due = calculate_due_at(policy, started, relevant, calendar)
    estimated = due is not None and _estimated(policy, started, due, calendar)
    return Deadline(window.step, policy, started, due, met, estimated)


def _estimated(policy: Policy, started: datetime, due: datetime, calendar: WorkingCalendar) -> bool:
    # From the day itself and not from day 0, because an estimated holiday may have moved day 0.
    first, last = (at.astimezone(JAKARTA).date() for at in (started, due))
    return policy.unit is Unit.WORKING_DAYS and calendar.estimated(first, last)


def _within(pauses: Sequence[Pause], started: datetime, met: datetime | None) -> list[Pause]:
    return [pause for pause in pauses if started <= pause.start and (met is None or pause.start < met)]
