"""The course of a complaint: the steps from receipt to where it stands, as the workflow allows, none in the future.

Desk and agencies work from 08:00 to 17:00 in Jakarta on weekdays, unless the time until now is too short for that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hub.complaints.enums import ComplaintStatus as Status
from hub.demo.dice import Dice
from hub.demo.shapes import Step


@dataclass(frozen=True, slots=True)
class Leg:
    """A step of a course: the new status, the actor, mean and least hours before it, and the note."""

    status: Status
    by: str
    hours: float
    note: str
    least: float = 0.1


RECEIVE = Leg(Status.RECEIVED, "REPORTER", 0, "")
VERIFY = Leg(Status.VERIFIED, "DESK", 10, "VERIFY")
ASSIGN = Leg(Status.ASSIGNED, "DESK", 12, "ASSIGN")
START = Leg(Status.IN_PROGRESS, "AGENCY", 30, "START")
ANSWER = Leg(Status.ANSWERED, "AGENCY", 110, "ANSWER")
CLOSE = Leg(Status.CLOSED, "REPORTER", 60, "CLOSE")
# Ten working days without a reply, and a week of public holidays.
LAPSE = Leg(Status.CLOSED, "DESK", 24, "LAPSE", least=21 * 24)
SEND_BACK = Leg(Status.RETURNED, "DESK", 14, "RETURN")
ASK_MORE = Leg(Status.RETURNED, "AGENCY", 40, "RETURN")
COMPLETE = Leg(Status.RECEIVED, "REPORTER", 30, "RESUME")
RESUME = Leg(Status.IN_PROGRESS, "REPORTER", 30, "RESUME")
REOPEN = Leg(Status.IN_PROGRESS, "REPORTER", 40, "REOPEN")
REJECT = Leg(Status.REJECTED, "DESK", 20, "REJECT")

_STRAIGHT = (RECEIVE, VERIFY, ASSIGN, START, ANSWER)
_HOUR = 3_600
_LAPSES_AFTER = timedelta(days=75)


def course(
    status: Status, received: datetime, now: datetime, note: Callable[[str], str], reason: str | None, rng: Dice
) -> tuple[Step, ...]:
    """Return the steps of a complaint that has ``status`` now.

    ``note`` returns the text of a note; ``reason`` is why the complaint is rejected, if it is.
    """
    way = _way(status, now - received > _LAPSES_AFTER, rng)
    times = _times(way, received, now, rng)
    return tuple(
        Step(leg.status.value, at, leg.by, note(leg.note) if leg.note else None, reason if leg is REJECT else None)
        for leg, at in zip(way, times, strict=True)
    )


def office_time(at: float, rng: Dice) -> float:
    """Return ``at`` if in office hours, else a time early on the next working day; epoch seconds."""
    # Jakarta is seven hours ahead all year; the epoch began on a Thursday.
    day, second = divmod(int(at) + 7 * _HOUR, 24 * _HOUR)
    weekday = (day + 3) % 7
    if weekday < 5 and 8 * _HOUR <= second < 17 * _HOUR:
        return at
    if second >= 8 * _HOUR:
        day, weekday = day + 1, (weekday + 1) % 7
    day += 7 - weekday if weekday >= 5 else 0
    return day * 24 * _HOUR + _HOUR + rng.random() * 1.5 * _HOUR


def _times(way: Sequence[Leg], received: datetime, now: datetime, rng: Dice) -> list[datetime]:
    """Return when each leg ends; they share the time until now if they would take longer."""
    hours = [leg.least + leg.hours / 2 * (rng.expovariate(1.0) + rng.expovariate(1.0)) for leg in way[1:]]
    times, rest = [received], sum(hours)
    at, end = received.timestamp(), now.timestamp()
    for leg, part in zip(way[1:], hours, strict=True):
        left = end - at
        done = at + min(part * _HOUR, left * 0.95 * part / rest)
        working = done if leg.by == "REPORTER" else office_time(done, rng)
        at = working if working < at + left * 0.8 else done
        times.append(datetime.fromtimestamp(int(at), UTC))
        rest -= part
    return times


def _way(status: Status, lapses: bool, rng: Dice) -> tuple[Leg, ...]:
    luck = rng.random()
    if status is Status.REJECTED:
        return (*_STRAIGHT[: 1 if luck < 0.7 else 2], REJECT)
    if status is Status.RETURNED:
        return (RECEIVE, SEND_BACK) if luck < 0.6 else (*_STRAIGHT[:4], ASK_MORE)
    if status is not Status.CLOSED:
        straight = _STRAIGHT[: 1 + next(n for n, leg in enumerate(_STRAIGHT) if leg.status is status)]
        return (*straight, ASK_MORE, RESUME) if status is Status.IN_PROGRESS and luck < 0.08 else straight
    return (*_finished(luck), LAPSE if lapses and rng.random() < 0.6 else CLOSE)


def _finished(luck: float) -> tuple[Leg, ...]:
    """Return the way to the last answer, now and then with a return or a reopening."""
    if luck < 0.05:
        return (RECEIVE, SEND_BACK, COMPLETE, *_STRAIGHT[1:])
    if luck < 0.09:
        return (*_STRAIGHT[:4], ASK_MORE, RESUME, ANSWER)
    if luck < 0.12:
        return (*_STRAIGHT, REOPEN, ANSWER)
    return _STRAIGHT
