"""Finds the type of an object in the graph once for its class, not for each object."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphql import GraphQLInterfaceType, GraphQLObjectType, GraphQLSchema, GraphQLUnionType


def decide_types_by_class(schema: GraphQLSchema) -> None:
    """Cache the results of Strawberry's functions, which compare each object with every type that it may have."""
    for type_ in schema.type_map.values():
        if isinstance(type_, GraphQLObjectType) and type_.is_type_of:
            type_.is_type_of = _once_for_class(type_.is_type_of)
        elif isinstance(type_, GraphQLInterfaceType | GraphQLUnionType) and type_.resolve_type:
            type_.resolve_type = _once_for_class(type_.resolve_type)


def _once_for_class(decide: Callable[..., Any]) -> Callable[..., Any]:
    decided: dict[type, Any] = {}

    def decide_once(value: Any, *more: Any) -> Any:
        if (kind := type(value)) not in decided:
            decided[kind] = decide(value, *more)
        return decided[kind]

    return decide_once
