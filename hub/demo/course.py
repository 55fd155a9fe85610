"""The course of a complaint: the steps from receipt to where it stands, as the workflow allows, none in the future.

Desk and agencies work from 08:00 to 17:00 in Jakarta on weekdays, unless the time until now is too short for that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from hub.complaints.codes import ComplaintStatus as Status
from hub.demo.shapes import Step


@dataclass(frozen=True, slots=True)
class Leg:
    """A part of the way: the status it leads to, who goes it, mean and least hours it takes, what is noted."""

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
# Ten working days without a reply, with room for a week of public holidays.
LAPSE = Leg(Status.CLOSED, "DESK", 24, "LAPSE", least=21 * 24)
SEND_BACK = Leg(Status.RETURNED, "DESK", 14, "RETURN")
ASK_MORE = Leg(Status.RETURNED, "AGENCY", 40, "RETURN")
COMPLETE = Leg(Status.RECEIVED, "REPORTER", 30, "RESUME")
RESUME = Leg(Status.IN_PROGRESS, "REPORTER", 30, "RESUME")
REOPEN = Leg(Status.IN_PROGRESS, "REPORTER", 40, "REOPEN")
REJECT = Leg(Status.REJECTED, "DESK", 20, "REJECT")

_STRAIGHT = (RECEIVE, VERIFY, ASSIGN, START, ANSWER)
_LAPSES_AFTER = timedelta(days=75)


def course(
    status: Status, received: datetime, now: datetime, note: Callable[[str], str], reason: str | None, rng: Random
) -> tuple[Step, ...]:
    """The steps of a complaint that stands at ``status`` now.

    ``note`` words what a leg notes; ``reason`` is why the complaint is rejected, if it is.
    """
    way = _way(status, now - received > _LAPSES_AFTER, rng)
    times = _times(way, received, now, rng)
    return tuple(
        Step(leg.status.value, at, leg.by, note(leg.note) if leg.note else None, reason if leg is REJECT else None)
        for leg, at in zip(way, times, strict=True)
    )


def office_time(at: datetime, rng: Random) -> datetime:
    """``at`` itself if it is in office hours, else in the first ninety minutes of the next working day."""
    # 08:00 to 17:00 in Jakarta is 01:00 to 10:00 UTC of the same day.
    if 1 <= at.hour < 10 and at.weekday() < 5:
        return at
    day = at + timedelta(days=1 if at.hour >= 1 else 0)
    day += timedelta(days=max(0, 7 - day.weekday()) if day.weekday() >= 5 else 0)
    return day.replace(hour=1, minute=0, second=0, microsecond=0) + timedelta(seconds=int(rng.random() * 5400))


def _times(way: Sequence[Leg], received: datetime, now: datetime, rng: Random) -> list[datetime]:
    """When each leg ends. What is left until now is shared out when the legs would take longer."""
    hours = [leg.least + rng.gammavariate(2.0, leg.hours / 2) for leg in way[1:]]
    rest, times = sum(hours), [received]
    for leg, part in zip(way[1:], hours, strict=True):
        left = now - times[-1]
        at = times[-1] + min(timedelta(hours=part), left * (0.95 * part / rest))
        working = at if leg.by == "REPORTER" else office_time(at, rng)
        times.append((working if working < times[-1] + left * 0.8 else at).replace(microsecond=0))
        rest -= part
    return times


def _way(status: Status, lapses: bool, rng: Random) -> tuple[Leg, ...]:
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
    """The way to the last answer, now and then with a return or a reopening."""
    if luck < 0.05:
        return (RECEIVE, SEND_BACK, COMPLETE, *_STRAIGHT[1:])
    if luck < 0.09:
        return (*_STRAIGHT[:4], ASK_MORE, RESUME, ANSWER)
    if luck < 0.12:
        return (*_STRAIGHT, REOPEN, ANSWER)
    return _STRAIGHT
