"""The cost of each field, from the directives ``@cost`` and ``@listSize`` that are printed in the SDL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from graphql import GraphQLField, GraphQLInterfaceType, GraphQLObjectType, GraphQLSchema, get_named_type, is_leaf_type
from strawberry.federation.schema_directives import Cost, ListSize
from strawberry.schema.schema_converter import GraphQLCoreConverter

DirectiveT = TypeVar("DirectiveT")


@dataclass(frozen=True, slots=True)
class FieldCost:
    """``weight`` is the cost of one value of the field, without its selections.

    ``assumed_size`` is the length of its list if none of ``slicing_arguments`` is set. The list is the field itself,
    or the fields ``sized_fields`` of its object.
    """

    weight: int
    assumed_size: int | None = None
    slicing_arguments: tuple[str, ...] = ()
    sized_fields: frozenset[str] = frozenset()


class FieldCosts:
    """The costs of the fields of ``schema``, which must be built by Strawberry."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self.schema = schema
        self._costs = _field_costs(schema)

    def field_cost(self, type_name: str, field_name: str) -> FieldCost:
        """Return the cost of a field; raises ``KeyError`` if it does not exist."""
        return self._costs[type_name, field_name]


@cache
def _field_costs(schema: GraphQLSchema) -> Mapping[tuple[str, str], FieldCost]:
    """Return the cost of each field by the names of its type and itself, once for all apps with the same schema."""
    return {
        (each.name, name): _field_cost(field)
        for each in schema.type_map.values()
        if isinstance(each, GraphQLObjectType | GraphQLInterfaceType)
        for name, field in each.fields.items()
    }


def _field_cost(field: GraphQLField) -> FieldCost:
    cost, size = _directive(field, Cost), _directive(field, ListSize)
    weight = cost.weight if cost else int(not is_leaf_type(get_named_type(field.type)))
    if size is None:
        return FieldCost(weight)
    return FieldCost(weight, size.assumed_size, tuple(size.slicing_arguments or ()), frozenset(size.sized_fields or ()))


def _directive(field: GraphQLField, kind: type[DirectiveT]) -> DirectiveT | None:
    definition: Any = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    found = (each for each in getattr(definition, "directives", ()) if isinstance(each, kind))
    return next(found, None)
