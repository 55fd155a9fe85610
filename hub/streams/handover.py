"""The rule by which a reader neither misses nor repeats a change, wherever the changes come from.

A reader knows its position in each system. Changes come to it in windows: pages that it reads itself, and windows that
the broadcaster hands to it. Both may overlap, and a window of the broadcaster may be lost because the reader was slow.
Positions alone decide: what is not behind the reader is new, and a window that does not begin at or before the
reader's position shows that something is missing. This module is pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from hub.store.feed.cursors import Positions


class Positioned(Protocol):
    """A change with its position in the feed of its system."""

    @property
    def system(self) -> str:
        """The name of the system."""

    @property
    def position(self) -> int:
        """The number of the change."""


ChangeT = TypeVar("ChangeT", bound=Positioned)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which changes a reader wants; None means all."""

    systems: frozenset[str] | None = None
    kinds: frozenset[str] | None = None
    subjects: frozenset[str] | None = None

    def wants(self, system: str, kind: str, subject: str) -> bool:
        """Return whether a change of this subject is wanted."""
        chosen = (self.systems, system), (self.kinds, kind), (self.subjects, subject)
        return all(values is None or value in values for values, value in chosen)


def is_missing(positions: Positions, start: Positions) -> bool:
    """Return whether changes are missing between a reader at ``positions`` and a window that begins at ``start``."""
    return any(positions.get(name, 0) < first for name, first in start.items())


def only_new(positions: Positions, changes: Iterable[ChangeT]) -> Sequence[ChangeT]:
    """Return the changes that are not behind a reader at ``positions``."""
    return [each for each in changes if each.position > positions.get(each.system, 0)]


def advance(positions: Positions, end: Positions) -> Positions:
    """Return the positions of a reader that has read a window up to ``end``; it never moves back."""
    return {name: max(position, end.get(name, 0)) for name, position in {**end, **positions}.items()}


def behind(positions: Positions, head: Positions) -> int:
    """Return how many positions a reader is behind ``head``, in the systems that it follows."""
    return sum(max(0, head[name] - position) for name, position in positions.items() if name in head)
