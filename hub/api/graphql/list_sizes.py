"""The sizes of the lists in the arguments and input objects of an operation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from graphql import (
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNamedType,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
)

SELF_LIMITED = frozenset({"_Any", "JSON"})
"""Element types of lists whose fields have limits of their own: ``_entities`` and ``putRecords``."""


class InputList(NamedTuple):
    """The name of a list's element type, and its number of values."""

    type_name: str
    size: int


def input_lists(kind: GraphQLInputType, value: Any) -> Iterator[InputList]:
    """Yield each list in ``value``, the outer one first. A value of a wrong type is rejected elsewhere."""
    inner = get_nullable_type(kind)
    if isinstance(inner, GraphQLList) and value is not None:
        values = value if isinstance(value, list) else [value]
        named: GraphQLNamedType = get_named_type(inner)
        yield InputList(named.name, len(values))
        if not is_leaf_type(get_nullable_type(inner.of_type)):
            for each in values:
                yield from input_lists(inner.of_type, each)
    elif isinstance(inner, GraphQLInputObjectType) and isinstance(value, dict):
        for name in inner.fields.keys() & value.keys():
            yield from input_lists(inner.fields[name].type, value[name])
