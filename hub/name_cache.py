"""A cache by names from outside: neither many nor long names can fill the memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

MAX_NAMES = 4096


class NameCache(dict[str, T]):
    """Has for each name what ``make`` returns for it; names longer than ``longest`` are not kept."""

    __slots__ = ("_longest", "_make")

    def __init__(self, make: Callable[[str], T], longest: int) -> None:
        super().__init__()
        self._make, self._longest = make, longest

    def __missing__(self, name: str) -> T:
        """Return the value of a name that is not kept."""
        value = self._make(name)
        if len(name) <= self._longest:
            if len(self) == MAX_NAMES:
                self.clear()
            self[name] = value
        return value
