"""The permits of the demo: each with its course at the side that decides it, and how far the other side is behind."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from hub.demo.dice import Dice
from hub.demo.months import JAKARTA
from hub.demo.permit_stages import Stage, has_number
from hub.demo.permit_types import CENTRE, PermitType

_DAY = 86_400
_OPEN_SHARE, _BEHIND_SHARE, _ABSENT_SHARE, _SUSPENDED_SHARE = 0.25, 0.02, 0.01, 0.03
_OUTCOMES = {Stage.ISSUED: 82, Stage.REFUSED: 10, Stage.PROVISIONAL: 4, Stage.SILENT_APPROVAL: 4}


@dataclass(frozen=True, slots=True)
class PermitStep:
    """One step of a permit: the stage and its time."""

    stage: Stage
    at: datetime


@dataclass(frozen=True, slots=True)
class Permit:
    """One permit.

    ``steps`` are those of the side that decides; the other side lacks the last ``behind`` of them, and the regional
    app has none if the permit is ``absent`` there. ``number`` counts the permits of the world from 0.
    """

    number: int
    id: str
    project_id: str
    type: PermitType
    authority: str
    steps: tuple[PermitStep, ...]
    behind: int
    absent: bool

    @property
    def applied_at(self) -> datetime:
        """The time of the application."""
        return self.steps[0].at

    def steps_at(self, *, centre: bool) -> tuple[PermitStep, ...]:
        """Return the steps that the centre, or the regional app, knows of."""
        decides = centre == (self.authority == CENTRE)
        return self.steps if decides else self.steps[: len(self.steps) - self.behind]

    def licence(self, *, centre: bool) -> Licence | None:
        """Return what was issued, as far as one side knows; None if it knows of none."""
        known = self.steps_at(centre=centre)
        if not has_number(step.stage for step in known):
            return None
        return licence(self.number, next(step.at for step in known if has_number([step.stage])))


@dataclass(frozen=True, slots=True)
class Licence:
    """What an applicant gets: number, day, and last day."""

    number: str
    issued_on: date
    valid_until: date


def licence(permit: int, at: datetime) -> Licence:
    """Return the licence of the permit of that number, issued at ``at``: valid for one to five years."""
    day = at.astimezone(JAKARTA).date()
    return Licence(f"503/{permit:06}/DPMPTSP/{day.year}", day, day + timedelta(days=365 * (1 + permit % 5)))


def course(first: datetime, now: datetime, rng: Dice) -> tuple[PermitStep, ...]:
    """Return the steps of an application made at ``first``, as far as they are before ``now``."""
    step, steps = first, []
    for stage in _way(rng):
        if step >= now:
            break
        steps.append(PermitStep(stage, step))
        step += timedelta(seconds=int(_DAY * (0.1 + rng.expovariate(1 / 3))))
    return tuple(steps)


def application_time(now: datetime, rng: Dice) -> datetime:
    """Return when an application was made: recently for a quarter of them, so that many of those are open."""
    days = 0.5 + rng.random() * 14 if rng.random() < _OPEN_SHARE else 20 + rng.random() * 1_000
    return (now - timedelta(days=days)).replace(microsecond=0)


def steps_behind(steps: tuple[PermitStep, ...], rng: Dice) -> int:
    """Return how many steps the other side lacks: mostly none."""
    return min(len(steps) - 1, 1 + (rng.random() < 0.3)) if rng.random() < _BEHIND_SHARE else 0


def is_absent(rng: Dice) -> bool:
    """Return whether the regional app does not have a permit."""
    return rng.random() < _ABSENT_SHARE


def _way(rng: Dice) -> list[Stage]:
    way = [Stage.RECEIVED, Stage.CHECKING]
    if rng.random() < 0.4:
        way += (Stage.ASKED, Stage.ANSWERED)
        while rng.random() < 0.35:
            way += (Stage.ASKED_AGAIN, Stage.ANSWERED_AGAIN)
    if rng.random() < 0.3:
        way.append(Stage.SURVEY)
    if rng.random() < 0.25:
        way.append(Stage.PAYMENT)
    outcome = rng.choices(list(_OUTCOMES), list(_OUTCOMES.values()))[0]
    way += (Stage.APPROVAL, outcome)
    if outcome is Stage.ISSUED and rng.random() < _SUSPENDED_SHARE:
        way.append(Stage.SUSPENDED)
    return way
