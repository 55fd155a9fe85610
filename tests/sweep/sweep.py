"""Sweeps one life: runs it once to find its points, then once for each of them, killed there.

What is passed only when somebody goes on after a kill is found in those runs, and swept as well.
"""

from __future__ import annotations

import asyncio
import traceback
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from tests.sweep.attempt import Attempt, attempted
from tests.sweep.ground import Ground
from tests.sweep.lives.life import Life
from tests.sweep.points import Plan, Point, worth_it

WITHIN = 150.0
"""Seconds an attempt may take."""
TRIES = 4
"""How often a point is tried that a run did not come by this time."""


@dataclass
class Sweep:
    """``found`` are the places that any run passed, ``swept`` the points at which a run was killed and came through."""

    ground: Ground
    life: Life
    template: str
    room: asyncio.Semaphore
    found: set[str] = field(default_factory=set)
    planned: set[Point] = field(default_factory=set)
    swept: set[Point] = field(default_factory=set)
    missed: set[Point] = field(default_factory=set)
    failures: list[str] = field(default_factory=list)
    recorded: list[str] = field(default_factory=list)

    @property
    def places(self) -> set[str]:
        """The places at which a run was killed and came through."""
        return {point.place for point in self.swept}

    async def run(self) -> None:
        """Record, then sweep what was found, until nothing new is."""
        attempt = await self._attempt(())
        if attempt is None:
            return
        self.recorded = attempt.kills.passed[0]
        points = worth_it(self.recorded)
        self.found |= {point.place for point in points}
        self.planned |= {*points}
        await asyncio.gather(*(self._sweep((point,)) for point in points))

    async def _sweep(self, plan: Plan) -> None:
        """Kill at the last point of ``plan``, and then at what only this run came by."""
        wanted = plan[-1]
        for _ in range(TRIES):
            attempt = await self._attempt(plan)
            if attempt is None:
                return
            if attempt.kills.done == len(plan):
                # A run may come by a place less often than the recorded one did: its last time is then meant.
                self.planned.discard(wanted)
                self.planned.add(plan[-1])
                self.swept.add(plan[-1])
                await self._go_on(plan, attempt)
                return
            plan = _nearer(plan, attempt)
        self.missed.add(plan[-1])

    async def _go_on(self, plan: Plan, attempt: Attempt) -> None:
        new = [place for place in dict.fromkeys(attempt.kills.passed[-1]) if place not in self.found]
        self.found |= {*new}
        self.planned |= {Point(place) for place in new}
        await asyncio.gather(*(self._sweep((*plan, Point(place))) for place in new))

    def _begun(self, plan: Plan) -> AbstractAsyncContextManager[Attempt]:
        return attempted(self.ground, self.template, plan, self.life.speaks_to)

    async def _attempt(self, plan: Plan) -> Attempt | None:
        """One attempt, held to what must be; None where it failed."""
        async with self.room:
            try:
                async with self._begun(plan) as attempt, asyncio.timeout(WITHIN):
                    await self.life.live(attempt)
                    await self.life.check(attempt)
                    return attempt
            # Whatever goes wrong says which kill led to it, and the other points are tried all the same.
            except Exception:
                killed = " then ".join(map(str, plan)) or "nothing"
                self.failures.append(f"{self.life.name}, killed at {killed}:\n{traceback.format_exc()[-3000:]}")
                return None


def _nearer(plan: Plan, attempt: Attempt) -> Plan:
    """``plan`` with the last time that this run came by its unreached point, where it came by at all."""
    at = attempt.kills.done
    seen = attempt.kills.passed[at].count(plan[at].place)
    return (*plan[:at], Point(plan[at].place, max(1, min(seen, plan[at].ordinal))), *plan[at + 1 :])
