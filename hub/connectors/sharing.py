"""Fields that a complaint here and a record there both hold: who has the say, and what holds when both spoke. Pure.

Each side's word is a register: the latest it said, by its own time. Two registers of one side join to
the later one, so what is joined again, late, or in another order comes to the same; the authority then
decides between the two sides, and decides the same whoever spoke last.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Self

from hub.kinds import Code

_NOTHING: Mapping[str, Collection[str]] = MappingProxyType({})


class Authority(Code):
    """Which side owns a field."""

    SYSTEM = "SYSTEM", "Sistem asal", "The other system", "What the other system says holds."
    HUB = "HUB", "Hub", "The hub", "What was decided here holds."
    LATEST = "LATEST", "Yang terbaru", "The latest", "What was said last holds; at the same instant, the other system."
    BOTH = "BOTH", "Keduanya", "Both", "Where the two differ both are kept, and a person decides."


@dataclass(frozen=True, slots=True)
class Shared:
    """One field both sides hold: its name in the complaint, who has the say, and why (both languages).

    ``leaves`` are values of theirs that say less than ours can: value of theirs → values of ours it leaves as
    they are, because the other side has no word for them or only repeats what went before.
    """

    field: str
    authority: Authority
    why_id: str
    why_en: str
    leaves: Mapping[str, Collection[str]] = dataclasses.field(default_factory=dict, hash=False)

    def declared(self) -> dict[str, Any]:
        """As it is registered with its system, for those who have no connector at hand; JSON values."""
        leaves = {theirs: sorted(ours) for theirs, ours in self.leaves.items()}
        words = {"why_id": self.why_id, "why_en": self.why_en}
        return {"field": self.field, "authority": self.authority.value, **words, "leaves": leaves}

    @classmethod
    def read(cls, declared: Mapping[str, Any]) -> Self:
        """What ``declared`` gave."""
        return cls(**{**declared, "authority": Authority(declared["authority"])})


@dataclass(frozen=True, slots=True, order=True)
class Told:
    """What one side says of a field, and since when. ``value`` is in the complaint's words; None is "nothing"."""

    at: datetime
    value: str = ""


def later(one: Told | None, other: Told | None) -> Told | None:
    """The join of two words of one side: the later; of the same instant the greater, so that order does not matter."""
    return max((told for told in (one, other) if told is not None), default=None)


@dataclass(frozen=True, slots=True)
class Merged:
    """What holds after a merge; ``conflict`` says that both are kept and a person has to decide."""

    value: str | None
    conflict: bool = False


def merge(
    authority: Authority, ours: Told | None, theirs: Told | None, leaves: Mapping[str, Collection[str]] = _NOTHING
) -> Merged:
    """What holds between the two sides; a side that said nothing has no say. ``leaves`` as in ``Shared``."""
    if ours is None or theirs is None or ours.value == theirs.value or ours.value in leaves.get(theirs.value, ()):
        only = ours or theirs
        return Merged(only.value if only else None)
    if authority is Authority.BOTH:
        return Merged(ours.value, conflict=True)
    if authority is Authority.LATEST:
        return Merged((theirs if theirs.at >= ours.at else ours).value)
    return Merged((ours if authority is Authority.HUB else theirs).value)
