"""The errors of an execution and the nulls they cause (GraphQL, section 6.4.4), settled after all fields."""

from __future__ import annotations

from typing import Any

from graphql import GraphQLError, located_error

from hub.executor.plan import FieldPlan
from hub.executor.positions import Positions

Place = tuple[str | int, ...]


class _Failed:
    """Stands for a value whose error is recorded."""


FAILED: Any = _Failed()


class Errors:
    """The errors of one execution, with the position of each."""

    def __init__(self) -> None:
        self._failed: list[tuple[FieldPlan, Positions, int, Exception]] = []

    def add(self, field: FieldPlan, positions: Positions, index: int, error: Exception) -> None:
        """Record that the value at ``index`` failed; until ``settle`` the caller treats it as null."""
        self._failed.append((field, positions, index, error))

    def replace(self, field: FieldPlan, positions: Positions, values: list[Any]) -> list[Any]:
        """Record each exception among ``values``, and return them with ``FAILED`` in its place."""
        if not any(issubclass(kind, Exception) for kind in set(map(type, values))):
            return values
        for index, value in enumerate(values):
            if isinstance(value, Exception):
                self.add(field, positions, index, value)
        return [FAILED if isinstance(value, Exception) else value for value in values]

    def settle(self) -> tuple[list[GraphQLError], bool]:
        """Put each null in the nearest nullable position; return the errors, and whether the whole answer is null.

        A position has one error, and positions below a null have none, as in graphql-core.
        """
        located: dict[Place, GraphQLError] = {}
        for field, positions, index, error in self._failed:
            place = _nullify(positions, index)
            if place not in located:
                located[place] = located_error(error, field.nodes, positions.path(index))
        nulled = {place for place in located if not any(place[:length] in located for length in range(len(place)))}
        return [error for place, error in located.items() if place in nulled], () in located


def _nullify(positions: Positions, index: int) -> Place:
    """Put null in the nearest nullable position, and return its path; ``()`` if the whole answer becomes null."""
    vector: Positions | None = positions
    while vector is not None and not vector.nullable:
        vector, index = vector.above(index)
    if vector is None:
        return ()
    vector.set_null(index)
    return tuple(vector.path(index))
