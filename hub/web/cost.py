"""What an operation may cost, estimated from the document and its variables before anything is executed.

Each object costs one, leaves and introspection nothing, and what is below a list counts as often
as the list may be long: a connection's ``first`` or ``last`` (20 where none is given), the number
of references or ids handed in, and ten for any other list. The types of a union or interface are
added up and ``@skip``/``@include`` are not looked at, so the estimate is never too low for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionSetNode,
    Undefined,
    get_named_type,
    get_nullable_type,
    get_operation_ast,
    is_leaf_type,
    is_list_type,
    value_from_ast_untyped,
)
from graphql.language import SelectionNode

CONNECTION_SIZE = 20
LIST_SIZE = 10
SIZES = ("first", "last")
HANDED_IN = ("ids", "representations")
"""Arguments whose length is the length of the list they ask for."""


def estimate(
    schema: GraphQLSchema, document: DocumentNode, variables: Mapping[str, Any], operation_name: str | None
) -> int:
    """The cost of one operation of a valid document; ``variables`` are coerced."""
    return Estimate(schema, document, variables, operation_name).total


class Estimate:
    """``total`` is the cost; ``pages`` are the sizes asked for, each with the field that asks."""

    def __init__(
        self, schema: GraphQLSchema, document: DocumentNode, variables: Mapping[str, Any], operation_name: str | None
    ) -> None:
        self._schema, self._variables = schema, variables
        self._fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
        self._known: dict[tuple[str, int | None], int] = {}
        self.pages: list[tuple[int, FieldNode]] = []
        operation = get_operation_ast(document, operation_name)
        if operation is None:
            raise KeyError(operation_name)
        root = cast(GraphQLObjectType, schema.get_root_type(operation.operation))
        self.total = self._all(operation.selection_set, root, None)

    def _all(self, node: SelectionSetNode, parent: GraphQLNamedType, page: int | None) -> int:
        """Cost of a selection on ``parent``; ``page`` is the size asked for when that is a connection."""
        return sum(self._one(selection, parent, page) for selection in node.selections)

    def _one(self, node: SelectionNode, parent: GraphQLNamedType, page: int | None) -> int:
        match node:
            case FieldNode():
                return self._field(node, parent, page)
            case InlineFragmentNode():
                condition = node.type_condition
                on = self._schema.type_map[condition.name.value] if condition else parent
                return self._all(node.selection_set, on, page)
            case FragmentSpreadNode():
                return self._fragment(node.name.value, page)
        raise AssertionError(f"no such selection: {node}")

    def _fragment(self, name: str, page: int | None) -> int:
        """Measured once for each page size it is used with, so that no nesting of fragments makes this slow."""
        if (name, page) not in self._known:
            fragment = self._fragments[name]
            on = self._schema.type_map[fragment.type_condition.name.value]
            self._known[name, page] = self._all(fragment.selection_set, on, page)
        return self._known[name, page]

    def _field(self, node: FieldNode, parent: GraphQLNamedType, page: int | None) -> int:
        name = node.name.value
        if name.startswith("__"):
            return 0
        field = cast("GraphQLObjectType | GraphQLInterfaceType", parent).fields[name]
        of = get_named_type(field.type)
        asked = self._asked(node, field)
        if is_leaf_type(of) or node.selection_set is None:
            return 0
        if of.name.endswith("Connection"):
            return 1 + self._all(node.selection_set, of, CONNECTION_SIZE if asked is None else asked)
        times = self._length(asked, page) if is_list_type(get_nullable_type(field.type)) else 1
        return times * (1 + self._all(node.selection_set, of, None))

    @staticmethod
    def _length(asked: int | None, page: int | None) -> int:
        """A list in a connection (its edges, its nodes) is as long as the page."""
        if asked is not None:
            return asked
        return LIST_SIZE if page is None else page

    def _asked(self, node: FieldNode, field: GraphQLField) -> int | None:
        """How many items the arguments ask for; remembers page sizes for the caller to judge."""
        for name in SIZES:
            size = self._argument(node, field, name)
            if isinstance(size, int):
                self.pages.append((size, node))
                return max(0, size)
        for name in HANDED_IN:
            given = self._argument(node, field, name)
            if isinstance(given, list):
                return len(given)
        return None

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
