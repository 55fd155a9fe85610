"""What an operation may cost, estimated from the document and its variables before anything is executed.

A field costs its weight and what is below it, as often as its list may be long: what a slicing
argument asks for, else the assumed size, both as ``@listSize`` says; the number of references or
ids handed in; and ten for any other list. Introspection is free. The types of a union or interface
are added up and ``@skip``/``@include`` are not looked at, so the estimate is never too low for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, cast

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    InlineFragmentNode,
    SelectionSetNode,
    Undefined,
    get_named_type,
    get_nullable_type,
    get_operation_ast,
    is_list_type,
    value_from_ast_untyped,
)
from graphql.language import SelectionNode

from hub.web.prices import Price, Prices

LIST_SIZE = 10
"""How long a list is that nothing is said of."""

HANDED_IN = ("ids", "representations")
"""Arguments whose length is the length of the list they ask for; ``@listSize`` knows numbers only."""


class Sized(NamedTuple):
    """The fields of an object whose lists are as long as a slicing argument above them says."""

    names: frozenset[str]
    length: int


class Estimate:
    """``total`` is the cost; ``pages`` are the sizes asked for, each with the field that asks.

    ``document`` is valid and ``variables`` are coerced; ``KeyError`` where no operation has the name.
    """

    def __init__(
        self, prices: Prices, document: DocumentNode, variables: Mapping[str, Any], operation_name: str | None
    ) -> None:
        self._prices, self._schema, self._variables = prices, prices.schema, variables
        self._fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
        self._known: dict[tuple[str, Sized | None], int] = {}
        self.pages: list[tuple[int, FieldNode]] = []
        operation = get_operation_ast(document, operation_name)
        if operation is None:
            raise KeyError(operation_name)
        root = cast(GraphQLObjectType, self._schema.get_root_type(operation.operation))
        self.total = self._all(operation.selection_set, root, None)

    def _all(self, node: SelectionSetNode, parent: GraphQLNamedType, sized: Sized | None) -> int:
        """Cost of a selection on ``parent``; ``sized`` are those of its lists whose length is known already."""
        return sum(self._one(selection, parent, sized) for selection in node.selections)

    def _one(self, node: SelectionNode, parent: GraphQLNamedType, sized: Sized | None) -> int:
        match node:
            case FieldNode():
                return self._field(node, parent, sized)
            case InlineFragmentNode():
                condition = node.type_condition
                on = self._schema.type_map[condition.name.value] if condition else parent
                return self._all(node.selection_set, on, sized)
            case FragmentSpreadNode():
                return self._fragment(node.name.value, sized)
        raise AssertionError(f"no such selection: {node}")

    def _fragment(self, name: str, sized: Sized | None) -> int:
        """Measured once for each page size it is used with, so that no nesting of fragments makes this slow."""
        if (name, sized) not in self._known:
            fragment = self._fragments[name]
            on = self._schema.type_map[fragment.type_condition.name.value]
            self._known[name, sized] = self._all(fragment.selection_set, on, sized)
        return self._known[name, sized]

    def _field(self, node: FieldNode, parent: GraphQLNamedType, sized: Sized | None) -> int:
        name = node.name.value
        if name.startswith("__"):
            return 0
        field = cast("GraphQLObjectType | GraphQLInterfaceType", parent).fields[name]
        price = self._prices.of(parent.name, name)
        length = self._length(node, field, price)
        inner = Sized(price.sized, length) if price.sized else None
        below = self._all(node.selection_set, get_named_type(field.type), inner) if node.selection_set else 0
        if sized and name in sized.names:
            return sized.length * (price.weight + below)
        return (length if is_list_type(get_nullable_type(field.type)) else 1) * (price.weight + below)

    def _length(self, node: FieldNode, field: GraphQLField, price: Price) -> int:
        """How long the list may be; remembers page sizes for the caller to judge."""
        for name in HANDED_IN:
            given = self._argument(node, field, name)
            if isinstance(given, list):
                return len(given)
        sizes = [size for name in price.slicing if isinstance(size := self._argument(node, field, name), int)]
        self.pages += [(size, node) for size in sizes]
        return max(0, *sizes) if sizes else LIST_SIZE if price.assumed is None else price.assumed

    def _argument(self, node: FieldNode, field: GraphQLField, name: str) -> Any:
        """The value an argument will have; None when it has none."""
        if name not in field.args:
            return None
        for argument in node.arguments or ():
            if argument.name.value == name:
                value = value_from_ast_untyped(argument.value, dict(self._variables))
                if value is not Undefined:
                    return value
        default = field.args[name].default
        if default is not None:
            return default.value if default.literal is None else value_from_ast_untyped(default.literal)
        return field.args[name].default_value
