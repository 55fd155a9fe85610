"""Completes values (GraphQL, section 6.4.3): the values of one field, as a vector, become values of the answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from graphql import GraphQLObjectType, Undefined, default_type_resolver

from hub.executor.errors import FAILED, Errors
from hub.executor.plan import AbstractShape, FieldPlan, LeafShape, ListShape, ObjectPlan, ObjectShape, Shape
from hub.executor.positions import ItemPositions, Positions
from hub.executor.values import InfoOf


class Level(NamedTuple):
    """Objects of one type with the same path, except for positions in lists.

    ``outputs`` are the objects of the answer for ``sources``; ``owners`` are their indexes in ``parent``, None if they
    are the same there.
    """

    plan: ObjectPlan
    sources: Sequence[Any]
    outputs: Sequence[dict[str, Any]]
    parent: Positions | None = None
    owners: Sequence[int] | None = None


class Completion:
    """Completes the values of ``field``; ``levels`` are the objects among them, whose fields are executed next."""

    def __init__(self, field: FieldPlan, errors: Errors, info_of: InfoOf) -> None:
        self._field, self._errors, self._info_of = field, errors, info_of
        self.levels: list[Level] = []

    def complete(self, shape: Shape, resolved: list[Any], positions: Positions) -> list[Any]:
        """Return the completed values; objects are empty, and in ``levels``."""
        values = self._errors.replace(self._field, positions, resolved)
        match shape:
            case LeafShape():
                completed = self._leaves(shape, values, positions)
            case ListShape():
                completed = self._lists(shape, values, positions)
            case ObjectShape():
                completed = self._objects(shape, values, positions)
            case AbstractShape():
                completed = self._abstract(shape, values, positions)
        if not shape.nullable and None in completed:
            for index, value in enumerate(values):
                if value is None or value is Undefined:
                    self._add(positions, index, f"Cannot return null for non-nullable field {self._name}.")
        return completed

    @property
    def _name(self) -> str:
        return f"{self._field.parent}.{self._field.name}"

    def _add(self, positions: Positions, index: int, error: Exception | str) -> None:
        self._errors.add(self._field, positions, index, TypeError(error) if isinstance(error, str) else error)

    def _leaves(self, shape: LeafShape, values: list[Any], positions: Positions) -> list[Any]:
        serialized = None if FAILED in values else shape.serialized(values)
        if serialized is not None:
            return serialized
        return [self._leaf(shape, value, positions, index) for index, value in enumerate(values)]

    def _leaf(self, shape: LeafShape, value: Any, positions: Positions, index: int) -> Any:
        try:
            return None if _is_null(value) else shape.serialize(value)
        except Exception as error:
            self._add(positions, index, error)
            return None

    def _lists(self, shape: ListShape, values: list[Any], positions: Positions) -> list[Any]:
        lists = [self._items(value, positions, index) for index, value in enumerate(values)]
        items = [item for each in lists for item in each or ()]
        if items:
            owners = [index for index, each in enumerate(lists) for _ in each or ()]
            places = [place for each in lists for place in range(len(each or ()))]
            below = ItemPositions(positions, owners, places, lists, shape.item.nullable)
            completed = iter(self.complete(shape.item, items, below))
            for each in lists:
                if each:
                    each[:] = [next(completed) for _ in each]
        return lists

    def _items(self, value: Any, positions: Positions, index: int) -> list[Any] | None:
        if type(value) is list:
            return value[:]
        if _is_null(value):
            return None
        if isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping):
            return list(value)
        self._add(positions, index, f"Expected Iterable, but did not find one for field '{self._name}'.")
        return None

    def _objects(self, shape: ObjectShape, values: list[Any], positions: Positions) -> list[Any]:
        type_ = shape.plan.type
        owners: Sequence[int] = range(len(values))
        if not _NULLS.isdisjoint(map(type, values)):
            owners = [index for index in owners if not _is_null(values[index])]
        if type_.is_type_of and not self._are_of(type_, [values[index] for index in owners]):
            owners = [index for index in owners if self._is_of(type_, values[index], positions, index)]
        completed: list[Any] = [None] * len(values)
        self._add_level(shape.plan, owners, values, completed, positions)
        return completed

    def _abstract(self, shape: AbstractShape, values: list[Any], positions: Positions) -> list[Any]:
        completed: list[Any] = [None] * len(values)
        by_type: dict[GraphQLObjectType, list[int]] = {}
        for index, value in enumerate(values):
            type_ = None if _is_null(value) else self._type_of(shape, value, positions, index)
            if type_ is not None:
                by_type.setdefault(type_, []).append(index)
        for type_, owners in by_type.items():
            self._add_level(shape.plan_of(type_), owners, values, completed, positions)
        return completed

    def _add_level(
        self, plan: ObjectPlan, owners: Sequence[int], values: list[Any], completed: list[Any], positions: Positions
    ) -> None:
        """Put an object of the answer in the place of each value at ``owners``."""
        outputs = [plan.template.copy() for _ in owners]
        if len(owners) == len(values):
            completed[:] = outputs
            self.levels.append(Level(plan, values, outputs, positions))
        elif owners:
            for index, output in zip(owners, outputs, strict=True):
                completed[index] = output
            self.levels.append(Level(plan, [values[index] for index in owners], outputs, positions, owners))

    def _type_of(self, shape: AbstractShape, value: Any, positions: Positions, index: int) -> GraphQLObjectType | None:
        info = self._info_of(self._field)
        try:
            name = (shape.type.resolve_type or default_type_resolver)(value, info, shape.type)
            type_ = info.schema.type_map.get(name) if isinstance(name, str) else None
            if not isinstance(type_, GraphQLObjectType) or not info.schema.is_sub_type(shape.type, type_):
                raise TypeError(f"Abstract type '{shape.type}' has no type for a value of field '{self._name}'.")
        except Exception as error:
            self._add(positions, index, error)
            return None
        return type_ if self._is_of(type_, value, positions, index) else None

    def _are_of(self, type_: GraphQLObjectType, values: Sequence[Any]) -> bool:
        """Return whether all values are of the type; false if that cannot be decided for one of them."""
        info, is_of = self._info_of(self._field), type_.is_type_of
        try:
            return is_of is None or all(is_of(value, info) for value in values)
        except Exception:
            return False

    def _is_of(self, type_: GraphQLObjectType, value: Any, positions: Positions, index: int) -> bool:
        if type_.is_type_of is None:
            return True
        try:
            if type_.is_type_of(value, self._info_of(self._field)):
                return True
            raise TypeError(f"Expected value of type '{type_}' for field '{self._name}'.")
        except Exception as error:
            self._add(positions, index, error)
            return False


_NULLS = frozenset(map(type, (None, FAILED, Undefined)))


def _is_null(value: Any) -> bool:
    return value is None or value is FAILED or value is Undefined
