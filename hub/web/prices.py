"""What each field of a schema costs, read from the ``@cost`` and ``@listSize`` its SDL is printed with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

from graphql import GraphQLField, GraphQLInterfaceType, GraphQLObjectType, GraphQLSchema, get_named_type, is_leaf_type
from strawberry.federation.schema_directives import Cost, ListSize
from strawberry.schema.schema_converter import GraphQLCoreConverter

DirectiveT = TypeVar("DirectiveT")


@dataclass(frozen=True, slots=True)
class Price:
    """``weight`` is what one instance costs without what is below it.

    ``assumed`` is how long its list is where none of the arguments ``slicing`` says so. The list is
    the field itself, or the fields called ``sized`` of the object it gives.
    """

    weight: int
    assumed: int | None = None
    slicing: tuple[str, ...] = ()
    sized: frozenset[str] = frozenset()


class Prices:
    """The prices of ``schema``, which Strawberry has built."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self.schema = schema
        self._prices = {
            (each.name, name): _price(field)
            for each in schema.type_map.values()
            if isinstance(each, GraphQLObjectType | GraphQLInterfaceType)
            for name, field in each.fields.items()
        }

    def of(self, type_name: str, field_name: str) -> Price:
        """The price of a field; ``KeyError`` where there is no such field."""
        return self._prices[type_name, field_name]


def _price(field: GraphQLField) -> Price:
    cost, size = _directive(field, Cost), _directive(field, ListSize)
    weight = cost.weight if cost else int(not is_leaf_type(get_named_type(field.type)))
    if size is None:
        return Price(weight)
    return Price(weight, size.assumed_size, tuple(size.slicing_arguments or ()), frozenset(size.sized_fields or ()))


def _directive(field: GraphQLField, kind: type[DirectiveT]) -> DirectiveT | None:
    definition: Any = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    found = (each for each in getattr(definition, "directives", ()) if isinstance(each, kind))
    return next(found, None)
