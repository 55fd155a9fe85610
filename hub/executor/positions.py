"""The positions of values in the answer, which give an error its path and a null its place.

A level of the answer is a vector: the values of one field for all objects of a type that have the same path but for
the positions in lists. Each vector knows the vector above it; paths are made only for errors.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol


class Positions(Protocol):
    """The places of the values of one vector."""

    nullable: bool

    def path(self, index: int) -> list[str | int]:
        """Return the path of the value at ``index``."""

    def set_null(self, index: int) -> None:
        """Put null in its place."""

    def above(self, index: int) -> tuple[Positions | None, int]:
        """Return the vector of the list or object that it is in, and the index there; None at the top."""


class FieldPositions:
    """The values of a field: ``outputs`` are the objects that have it, ``owners`` where those are in ``parent``."""

    __slots__ = ("_key", "_outputs", "_owners", "_parent", "nullable")

    def __init__(
        self,
        parent: Positions | None,
        owners: Sequence[int] | None,
        outputs: Sequence[dict[str, Any]],
        key: str,
        nullable: bool,
    ) -> None:
        self._parent, self._owners, self._outputs, self._key, self.nullable = parent, owners, outputs, key, nullable

    def path(self, index: int) -> list[str | int]:
        """Return the path of the object, and the key."""
        above, at = self.above(index)
        return [*(above.path(at) if above else ()), self._key]

    def set_null(self, index: int) -> None:
        """Put null in its place."""
        self._outputs[index][self._key] = None

    def above(self, index: int) -> tuple[Positions | None, int]:
        """Return the object."""
        return self._parent, index if self._owners is None else self._owners[index]


class ItemPositions:
    """The items of lists: ``owners`` and ``places`` say for each item which of ``lists`` it is in, and where."""

    __slots__ = ("_lists", "_owners", "_parent", "_places", "nullable")

    def __init__(
        self,
        parent: Positions,
        owners: Sequence[int],
        places: Sequence[int],
        lists: Sequence[list[Any] | None],
        nullable: bool,
    ) -> None:
        self._parent, self._owners, self._places, self._lists = parent, owners, places, lists
        self.nullable = nullable

    def path(self, index: int) -> list[str | int]:
        """Return the path of the list, and the place in it."""
        return [*self._parent.path(self._owners[index]), self._places[index]]

    def set_null(self, index: int) -> None:
        """Put null in its place."""
        items = self._lists[self._owners[index]]
        if items is not None:
            items[self._places[index]] = None

    def above(self, index: int) -> tuple[Positions | None, int]:
        """Return the list."""
        return self._parent, self._owners[index]
