"""Sweeps one scenario: runs it once to find its crash points, then once for each of them with a kill there.

Points that are passed only after a kill are found in those runs, and swept as well.
"""

from __future__ import annotations

import asyncio
import traceback
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from hub.runtime.embedded_postgres import EmbeddedPostgres
from tests.sweep.attempt import Attempt, started_attempt
from tests.sweep.crash_points import Plan, Point, points_to_try, same_everywhere
from tests.sweep.scenarios.scenario import Scenario
from tests.sweep.setup import SweepSetup
from tests.waits import HANGS_AFTER

WITHIN = 2 * HANGS_AFTER
"""Seconds after which an attempt hangs."""
TRIES = 4
"""How often a point is tried that a run did not reach."""


@dataclass
class Sweep:
    """``found`` are the places that any run passed, ``swept`` the points at which a run was killed and succeeded."""

    setup: SweepSetup
    scenario: Scenario
    template: str
    room: asyncio.Semaphore
    found: set[str] = field(default_factory=set)
    planned: set[Point] = field(default_factory=set)
    swept: set[Point] = field(default_factory=set)
    missed: set[Point] = field(default_factory=set)
    failures: list[str] = field(default_factory=list)
    recorded: list[str] = field(default_factory=list)
    after: defaultdict[str, list[Plan]] = field(default_factory=lambda: defaultdict(list))
    """The kills after which a run passed a place that the recorded run did not."""
    server: EmbeddedPostgres | None = None
    """The database's server, if that is killed instead of the hub's processes."""
    choose: Callable[[Iterable[str]], list[Point]] = points_to_try
    """Chooses the points to kill at from those that a run passed."""
    elsewhere: dict[str, Sweep] = field(default_factory=dict)
    """The sweep that tries a place at which each scenario does the same; all sweeps share it."""

    @property
    def places(self) -> set[str]:
        """Return the places at which a run was killed and succeeded."""
        return {point.place for point in self.swept}

    @property
    def by_chance(self) -> set[str]:
        """Return the places that one run passed, the recorded ones did not, and no later run did.

        Work by the clock, such as once an hour, is no part of the scenario.
        """
        return {point.place for point in self.missed} - {*self.recorded}

    async def record(self) -> None:
        """Record a run that is not killed."""
        attempt = await self._attempt(())
        if attempt is not None:
            self.recorded = attempt.kills.passed[0]

    async def run(self) -> None:
        """Sweep the points of the recorded run, and those that are found after a kill, until there are no new ones."""
        points = self.choose(place for place in self.recorded if self._tries(place))
        self.found |= {point.place for point in points}
        self.planned |= {*points}
        await asyncio.gather(*(self._sweep((point,)) for point in points))
        await self._sweep_after_other_kills()
        await self._record_again()

    async def _record_again(self) -> None:
        """Record another run if points of the first were missed; only what both passed is part of the scenario.

        On a busy machine the first may pass a place for which one answer has to come later than another.
        """
        if any(point.place in self.recorded for point in self.missed):
            attempt = await self._attempt(())
            passed = {*attempt.kills.passed[0]} if attempt else {*self.recorded}
            self.recorded = [place for place in self.recorded if place in passed]

    def _tries(self, place: str) -> bool:
        """Return whether this sweep tries the place: each does, or it is the first that may."""
        return not same_everywhere(place) or self.elsewhere.setdefault(place, self) is self

    async def _sweep(self, plan: Plan) -> None:
        """Kill at the last point of ``plan``, and then at those that only this run passed."""
        target = plan[-1]
        for _ in range(TRIES):
            attempt = await self._attempt(plan)
            if attempt is None:
                return
            if attempt.kills.done == len(plan):
                # A run may come by a place less often than the recorded one did: its last time is then meant.
                self.planned.discard(target)
                self.planned.add(plan[-1])
                self.swept.add(plan[-1])
                self.missed.discard(plan[-1])
                await self._go_on(plan, attempt)
                return
            plan = _nearer(plan, attempt)
        self.missed.add(plan[-1])

    async def _go_on(self, plan: Plan, attempt: Attempt) -> None:
        if self.server:
            return
        passed = dict.fromkeys(attempt.kills.passed[-1])
        for place in passed.keys() - {*self.recorded}:
            self.after[place].append(plan)
        new = [place for place in passed if place not in self.found and self._tries(place)]
        self.found |= {*new}
        self.planned |= {Point(place) for place in new}
        await asyncio.gather(*(self._sweep((*plan, Point(place))) for place in new))

    async def _sweep_after_other_kills(self) -> None:
        """Try the points that were missed after the other kills that led to their places.

        After a kill among concurrent work the first run may come by a place and the next ones not; after another kill
        each run does.
        """
        for point in [*self.missed]:
            for plan in self.after[point.place]:
                if point in self.missed:
                    await self._sweep((*plan, point))

    def _begun(self, plan: Plan) -> AbstractAsyncContextManager[Attempt]:
        return started_attempt(self.setup, self.template, plan, self.scenario.speaks_to, self.server)

    async def _attempt(self, plan: Plan) -> Attempt | None:
        """Make one attempt and check it; return None if it failed."""
        async with self.room:
            try:
                async with self._begun(plan) as attempt, asyncio.timeout(WITHIN):
                    await self.scenario.run(attempt)
                    await self.scenario.check(attempt)
                    return attempt
            # A failure names the kill that caused it, and the other points are still tried.
            except Exception:
                killed = " then ".join(map(str, plan)) or "nothing"
                self.failures.append(f"{self.scenario.name}, killed at {killed}:\n{traceback.format_exc()[-3000:]}")
                return None


def _nearer(plan: Plan, attempt: Attempt) -> Plan:
    """Return ``plan`` with the last pass of its unreached point in this run, if there was one."""
    at = attempt.kills.done
    seen = attempt.kills.passed[at].count(plan[at].place)
    return (*plan[:at], Point(plan[at].place, max(1, min(seen, plan[at].ordinal))), *plan[at + 1 :])
