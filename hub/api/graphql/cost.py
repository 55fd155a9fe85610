"""The cost model: an estimate of an operation's cost, from the document and its variables, before execution.

The unit is one object of the result. ``FieldCosts`` reads the weight of each field from the schema's ``@cost`` and
``@listSize`` directives when the schema is built: an object weighs 1 and a scalar 0 unless ``@cost`` sets a weight.
``CostEstimate`` then walks the selections of one operation:

    cost of a field = length of its list x (weight + cost of its selections) + number of input values

- The length is the greatest slicing argument (``first``, ``last``), else the assumed size of ``@listSize``. It applies
  to the field itself or, for connections, to the sized fields ``edges`` and ``nodes`` below it. It is the number of
  values for ``ids`` and ``representations``, 10 for any other list and 1 for a field that is not a list.
- Input values are the values of other lists in arguments, such as those of a filter.
- Introspection has fixed costs (``INTROSPECTION_COSTS``).

The estimate is an upper bound of the model: all types of a union or interface are added up, and ``@skip`` and
``@include`` are ignored. The result is compared with ``Limits.cost`` and charged to the client's quota.
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

from hub.api.graphql.cost_directives import FieldCost, FieldCosts
from hub.api.graphql.list_sizes import InputList, input_lists

DEFAULT_LIST_SIZE = 10
"""The assumed length of a list without a directive."""

LENGTH_ARGUMENTS = ("ids", "representations")
"""List arguments whose length is the length of the result; ``@listSize`` supports only numbers."""


INTROSPECTION_COSTS = {"__schema": 1_000, "__type": 100, "_service": 100}
"""The costs of the introspection fields, including all fields below them."""


class SizedFields(NamedTuple):
    """Names of the fields of a connection that have the length set by its slicing argument."""

    names: frozenset[str]
    length: int


class CostEstimate:
    """The estimate for one operation: ``total`` is the cost.

    ``page_sizes`` are the slicing arguments and ``input_lists`` the lists in arguments, each with its field, for the
    caller to check. ``document`` must be valid and ``variables`` coerced. Raises ``KeyError`` if no operation has the
    name.
    """

    def __init__(
        self, costs: FieldCosts, document: DocumentNode, variables: Mapping[str, Any], operation_name: str | None
    ) -> None:
        self._costs, self._schema, self._variables = costs, costs.schema, variables
        self._fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
        self._fragment_costs: dict[tuple[str, SizedFields | None], int] = {}
        self.page_sizes: list[tuple[int, FieldNode]] = []
        self.input_lists: list[tuple[InputList, FieldNode]] = []
        operation = get_operation_ast(document, operation_name)
        if operation is None:
            raise KeyError(operation_name)
        root = cast(GraphQLObjectType, self._schema.get_root_type(operation.operation))
        self.total = self._selection_set(operation.selection_set, root, None)

    def _selection_set(self, node: SelectionSetNode, parent: GraphQLNamedType, sized: SizedFields | None) -> int:
        """Return the cost of a selection on ``parent``; ``sized`` are its fields whose length is known already."""
        return sum(self._selection(selection, parent, sized) for selection in node.selections)

    def _selection(self, node: SelectionNode, parent: GraphQLNamedType, sized: SizedFields | None) -> int:
        match node:
            case FieldNode():
                return self._field(node, parent, sized)
            case InlineFragmentNode():
                condition = node.type_condition
                on = self._schema.type_map[condition.name.value] if condition else parent
                return self._selection_set(node.selection_set, on, sized)
            case FragmentSpreadNode():
                return self._fragment(node.name.value, sized)
        raise AssertionError(f"no such selection: {node}")

    def _fragment(self, name: str, sized: SizedFields | None) -> int:
        """Return the cost of a fragment, cached for each page size, so that nested fragments do not make this slow."""
        if (name, sized) not in self._fragment_costs:
            fragment = self._fragments[name]
            on = self._schema.type_map[fragment.type_condition.name.value]
            self._fragment_costs[name, sized] = self._selection_set(fragment.selection_set, on, sized)
        return self._fragment_costs[name, sized]

    def _field(self, node: FieldNode, parent: GraphQLNamedType, sized: SizedFields | None) -> int:
        name = node.name.value
        if name.startswith("__") or (name in INTROSPECTION_COSTS and parent is self._schema.query_type):
            return INTROSPECTION_COSTS.get(name, 0)
        field = cast("GraphQLObjectType | GraphQLInterfaceType", parent).fields[name]
        field_cost = self._costs.field_cost(parent.name, name)
        length = self._length(node, field, field_cost)
        inner = SizedFields(field_cost.sized_fields, length) if field_cost.sized_fields else None
        below = self._selection_set(node.selection_set, get_named_type(field.type), inner) if node.selection_set else 0
        if sized and name in sized.names:
            length = sized.length
        elif not is_list_type(get_nullable_type(field.type)):
            length = 1
        return length * (field_cost.weight + below) + self._input_cost(node, field)

    def _input_cost(self, node: FieldNode, field: GraphQLField) -> int:
        """Return the number of values in the field's list arguments, and collect the lists."""
        cost = 0
        for argument in node.arguments or ():
            name = argument.name.value
            value = value_from_ast_untyped(argument.value, dict(self._variables))
            for each in input_lists(field.args[name].type, value):
                self.input_lists.append((each, node))
                cost += 0 if name in LENGTH_ARGUMENTS else each.size
        return cost

    def _length(self, node: FieldNode, field: GraphQLField, field_cost: FieldCost) -> int:
        """Return the maximum length of the list, and collect the page sizes."""
        for name in LENGTH_ARGUMENTS:
            value = self._argument(node, field, name)
            if isinstance(value, list):
                return len(value)
        sizes = [
            size for name in field_cost.slicing_arguments if isinstance(size := self._argument(node, field, name), int)
        ]
        self.page_sizes += [(size, node) for size in sizes]
        return (
            max(0, *sizes)
            if sizes
            else DEFAULT_LIST_SIZE
            if field_cost.assumed_size is None
            else field_cost.assumed_size
        )

    def _argument(self, node: FieldNode, field: GraphQLField, name: str) -> Any:
        """Return the value of an argument, or its default; None if there is none."""
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
