"""The course of a complaint: the steps from receipt to where it stands, at believable times, none in the future."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from hub.complaints.codes import ComplaintStatus as Status
from hub.demo.shapes import Step

_WAY = (Status.RECEIVED, Status.VERIFIED, Status.ASSIGNED, Status.IN_PROGRESS, Status.ANSWERED, Status.CLOSED)
_DETOUR = (Status.RETURNED, Status.IN_PROGRESS)
# Mean hours until a status is reached from the one before it.
_HOURS: dict[Status, float] = {
    Status.VERIFIED: 16,
    Status.ASSIGNED: 20,
    Status.IN_PROGRESS: 40,
    Status.ANSWERED: 130,
    Status.CLOSED: 170,
    Status.RETURNED: 30,
    Status.REJECTED: 24,
}
_BY: dict[str, str] = {
    Status.RECEIVED: "REPORTER",
    Status.IN_PROGRESS: "AGENCY",
    Status.ANSWERED: "AGENCY",
}


def course(
    status: Status, received: datetime, now: datetime, rng: Random, *, not_before: datetime | None = None
) -> tuple[Step, ...]:
    """The steps of a complaint that stands at ``status`` now; the last one is not before ``not_before``."""
    way = _way(status, rng)
    hours = [rng.gammavariate(2.0, _HOURS[reached] / 2) + 0.05 for reached in way[1:]]
    room = (now - received) / timedelta(hours=1)
    if (total := sum(hours)) > room:
        hours = [part * room * 0.97 / total for part in hours]
    at = received
    steps = [Step(Status.RECEIVED.value, at, "REPORTER")]
    for reached, part in zip(way[1:], hours, strict=True):
        at = (at + timedelta(hours=part)).replace(microsecond=0)
        steps.append(Step(reached.value, at, _by(reached, steps[-1].status)))
    if not_before and steps[-1].at < not_before:
        late = not_before + (now - not_before) * rng.uniform(0.01, 0.3)
        steps[-1] = Step(steps[-1].status, late.replace(microsecond=0), steps[-1].by)
    return tuple(steps)


def _way(status: Status, rng: Random) -> tuple[Status, ...]:
    if status is Status.REJECTED:
        return (*_WAY[: rng.choice((1, 1, 1, 2))], status)
    if status is Status.RETURNED:
        return (*_WAY[: rng.choice((1, 1, 4))], status)
    way = _WAY[: _WAY.index(status) + 1]
    if len(way) >= 4 and rng.random() < 0.08:
        return (*way[:4], *_DETOUR, *way[4:])
    return way


def _by(reached: Status, before: str) -> str:
    if before == Status.RETURNED:
        return "REPORTER"
    if reached is Status.RETURNED:
        return "AGENCY" if before == Status.IN_PROGRESS else "DESK"
    return _BY.get(reached, "DESK")
