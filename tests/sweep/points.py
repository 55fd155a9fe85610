"""Points at which a process can be killed, and which of those that a run passed are worth it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple


class Point(NamedTuple):
    """The ``ordinal``-th time, from 1, that a process is at ``place`` since the run began or went on after a kill."""

    place: str
    ordinal: int = 1

    def __str__(self) -> str:
        return f"{self.place} #{self.ordinal}"


Plan = tuple[Point, ...]
"""Where to kill, one after the other: the second is one that is passed only when somebody goes on after the first."""


FEW = 6
"""So often at most a place is passed as the work has it; more often also as time goes by, and never twice the same."""


def worth_it(passed: Iterable[str]) -> list[Point]:
    """Of each place the first time, the second and the last; of those passed often, one late instead of the last.

    Calls that only read are worth two: the second differs in nothing from the first.
    """
    counts = Counter(passed)
    return [Point(place, ordinal) for place, count in counts.items() for ordinal in sorted(_ordinals(place, count))]


def _ordinals(place: str, count: int) -> set[int]:
    late = count if count <= FEW else 2 * count // 3
    return {1, late} if " GET " in place else {1, min(2, count), late}
