"""Crash points, and the selection of those that a run has passed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple


class Point(NamedTuple):
    """The ``ordinal``-th time, from 1, that a process is at ``place`` since the run began or resumed after a kill."""

    place: str
    ordinal: int = 1

    def __str__(self) -> str:
        return f"{self.place} #{self.ordinal}"


Plan = tuple[Point, ...]
"""The points to kill at, one after the other: the second is passed only after the first kill."""


FEW = 6
"""Maximum passes of a place that the work determines; places with more depend on time and differ between runs."""

SAME_EVERYWHERE = (
    "runtime/database_access.py",
    "store/session_lock.py",
    "sync/compare_again.py",
    "sync/jobs.py",
    "sync/sequencer.py",
    "sync/worker.py",
)
"""Modules whose work does not depend on the scenario: how a process starts, what it does by the clock."""


def same_everywhere(place: str) -> bool:
    """Return whether a kill at ``place`` says the same in each scenario that passes it."""
    _command, _, rest = place.partition(": ")
    return rest.startswith(SAME_EVERYWHERE)


def points_to_try(passed: Iterable[str]) -> list[Point]:
    """Return of each place the first, second and last pass; of frequent ones a late pass instead of the last.

    Calls that only read get two points, because the second does not differ from the first.
    """
    counts = Counter(passed)
    return [Point(place, ordinal) for place, count in counts.items() for ordinal in sorted(_ordinals(place, count))]


def _ordinals(place: str, count: int) -> set[int]:
    late = count if count <= FEW else 2 * count // 3
    return {1, late} if " GET " in place else {1, min(2, count), late}
