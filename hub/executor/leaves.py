"""Serializes the values of scalars and enums."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any

from graphql import GraphQLBoolean, GraphQLEnumType, GraphQLID, GraphQLInt, GraphQLLeafType, GraphQLString, Undefined

_UNCHANGED: dict[Any, type] = {GraphQLString: str, GraphQLID: str, GraphQLBoolean: bool}
_INT_BOUND = 2**31


def complete_types(leaf: GraphQLLeafType, *, nullable: bool) -> frozenset[type]:
    """Return the types whose values are in the answer as they are."""
    kind = _UNCHANGED.get(leaf)
    return frozenset(each for each in (kind, type(None) if nullable and kind else None) if each)


def serializer(leaf: GraphQLLeafType) -> Callable[[Any], Any]:
    """Return the function that serializes values of ``leaf``; it raises for a value that the type cannot represent."""
    slow = _checked(leaf)
    if leaf is GraphQLInt:
        return lambda value: value if type(value) is int and -_INT_BOUND <= value < _INT_BOUND else slow(value)
    if isinstance(leaf, GraphQLEnumType):
        return _cached(slow)
    kind = _UNCHANGED.get(leaf)
    return (lambda value: value if type(value) is kind else slow(value)) if kind else slow


def _cached(slow: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a function that serializes each member of an enum of Python once."""
    serialized: dict[Enum, Any] = {}

    def serialize(value: Any) -> Any:
        if not isinstance(value, Enum):
            return slow(value)
        if value not in serialized:
            serialized[value] = slow(value)
        return serialized[value]

    return serialize


def _checked(leaf: GraphQLLeafType) -> Callable[[Any], Any]:
    coerce = leaf.coerce_output_value

    def serialize(value: Any) -> Any:
        serialized = coerce(value)
        if serialized is None or serialized is Undefined:
            # The value itself may be personal.
            raise TypeError(f"{leaf} serialized a value to null.")
        return serialized

    return serialize
