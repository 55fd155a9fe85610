"""When each step of a complaint is due, from its timeline, the policies and the working calendar. Pure.

The clocks stand still while the reporter owes an answer (RETURNED) and go on after; what is reopened starts a new
round with new clocks. So do 41, 42 and 44 of OSS (contract D.5). Times are aware and given in UTC.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from hub.complaints.calendar import JAKARTA, NATIONAL, WorkingCalendar
from hub.complaints.clock import Pause, runs_out
from hub.complaints.codes import ComplaintClass
from hub.complaints.codes import ComplaintStatus as Status
from hub.complaints.policies import POLICIES, Policy, Step, Unit, policy_for


class Reached(NamedTuple):
    """One entry of a timeline: the status a complaint reached, and when."""

    status: Status
    at: datetime


@dataclass(frozen=True, slots=True)
class Deadline:
    """One step's clock. ``met_at`` is when the step was done, None while it is open.

    ``due_at`` is None when the clock stands still: it then depends on when the reporter answers.
    ``estimated``: it was counted over an Islamic holiday that nobody decreed yet.
    """

    step: Step
    policy: Policy
    started_at: datetime
    due_at: datetime | None
    met_at: datetime | None
    estimated: bool

    def overdue(self, now: datetime) -> bool:
        """Whether it was due before ``now`` and is still open."""
        return self.met_at is None and self.due_at is not None and self.due_at < now

    @property
    def late(self) -> bool:
        """Whether the step was done, but after it was due."""
        return self.met_at is not None and self.due_at is not None and self.due_at < self.met_at


@dataclass(frozen=True, slots=True)
class Deadlines:
    """The clocks of a complaint's latest round, in the order in which they usually begin, and the round's pauses."""

    steps: tuple[Deadline, ...]
    pauses: tuple[Pause, ...]

    def of(self, step: Step) -> Deadline | None:
        """The clock of ``step``; None if it did not begin."""
        return next((deadline for deadline in self.steps if deadline.step is step), None)

    @property
    def current(self) -> Deadline | None:
        """What is due next. While the reporter is asked, that is their reply; None when all is done."""
        waiting = [deadline for deadline in self.steps if deadline.met_at is None]
        reply = next((deadline for deadline in waiting if deadline.step is Step.AUTO_CLOSE), None)
        running = [(deadline.due_at, deadline) for deadline in waiting if deadline.due_at is not None]
        return reply or (min(running, key=lambda pair: pair[0])[1] if running else None)

    @property
    def due_at(self) -> datetime | None:
        """When the final answer is, or was, due; None while the clock stands still."""
        answer = self.of(Step.ANSWER)
        return answer.due_at if answer else None

    def overdue(self, now: datetime) -> bool:
        """Whether the final answer is missing though it was due before ``now``."""
        answer = self.of(Step.ANSWER)
        return answer is not None and answer.overdue(now)


class _Window(NamedTuple):
    """Which statuses begin a step's clock and which end it; ``again``: the last beginning counts, not the first."""

    step: Step
    begins: frozenset[Status]
    ends: frozenset[Status]
    again: bool = False


_FINISHED = frozenset({Status.ANSWERED, Status.CLOSED, Status.REJECTED})
_STARTED = _FINISHED | {Status.IN_PROGRESS}
_REOPENED = frozenset({Status.RECEIVED, Status.ASSIGNED, Status.IN_PROGRESS})
_RECEIVED = frozenset({Status.RECEIVED})
_ASSIGNED = frozenset({Status.ASSIGNED})
_REPORTERS_TURN = frozenset({Status.ANSWERED, Status.RETURNED})

_WINDOWS = (
    _Window(Step.FIRST_RESPONSE, _RECEIVED, frozenset(Status) - _RECEIVED),
    _Window(Step.VERIFY, _RECEIVED, _STARTED | _ASSIGNED),
    # An agency that gets a complaint from another one has its own time.
    _Window(Step.FOLLOW_UP, _ASSIGNED, _STARTED, again=True),
    _Window(Step.ANSWER, _REOPENED, _FINISHED),
    _Window(Step.AUTO_CLOSE, _REPORTERS_TURN, frozenset(Status) - _REPORTERS_TURN, again=True),
)


def deadlines(
    timeline: Sequence[Reached],
    klass: ComplaintClass,
    inspection: bool,
    calendar: WorkingCalendar = NATIONAL,
    policies: Sequence[Policy] = POLICIES,
) -> Deadlines:
    """The clocks of a complaint whose ``timeline`` begins with RECEIVED and is in the order of time.

    Raises ValueError for a timeline that is empty or holds a time without zone.
    """
    if not timeline or any(entry.at.tzinfo is None for entry in timeline):
        raise ValueError("A timeline has one entry or more, each with an aware time.")
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


def _latest_round(timeline: Sequence[Reached]) -> Sequence[Reached]:
    """The entries from the last time the complaint came in or was opened again."""
    reopened = (
        index
        for index in range(len(timeline) - 1, 0, -1)
        if timeline[index - 1].status in _FINISHED and timeline[index].status in _REOPENED
    )
    return timeline[next(reopened, 0) :]


def _pauses(latest: Sequence[Reached]) -> tuple[Pause, ...]:
    ended = tuple(Pause(one.at, after.at) for one, after in pairwise(latest) if one.status is Status.RETURNED)
    return (*ended, Pause(latest[-1].at, None)) if latest[-1].status is Status.RETURNED else ended


def _start(window: _Window, latest: Sequence[Reached]) -> int | None:
    """Where the window begins. A complaint that comes back from the reporter goes on, and begins nothing."""
    starts = [
        index
        for index, entry in enumerate(latest)
        if entry.status in window.begins and (index == 0 or latest[index - 1].status is not Status.RETURNED)
    ]
    return starts[-1 if window.again else 0] if starts else None


def _deadline(
    window: _Window, policy: Policy, since: Sequence[Reached], pauses: Sequence[Pause], calendar: WorkingCalendar
) -> Deadline:
    started = since[0].at
    met = next((entry.at for entry in since[1:] if entry.status in window.ends), None)
    # The reporter's own time does not stand still because it is the reporter's turn.
    stops = [] if window.step is Step.AUTO_CLOSE else _within(pauses, started, met)
    due = runs_out(policy, started, stops, calendar)
    estimated = due is not None and _estimated(policy, started, due, calendar)
    return Deadline(window.step, policy, started, due, met, estimated)


def _estimated(policy: Policy, started: datetime, due: datetime, calendar: WorkingCalendar) -> bool:
    # From the day itself and not from day 0, which an estimated holiday may have put off.
    first, last = (at.astimezone(JAKARTA).date() for at in (started, due))
    return policy.unit is Unit.WORKING_DAYS and calendar.estimated(first, last)


def _within(pauses: Sequence[Pause], started: datetime, met: datetime | None) -> list[Pause]:
    return [pause for pause in pauses if started <= pause.start and (met is None or pause.start < met)]
