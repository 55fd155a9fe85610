"""The data of a compiled operation: the fields of each object type, and for each field how its values are completed.

A plan holds no values of a request. It depends on the document, the name of the operation, and the values of the
variables in its ``@skip`` and ``@include``; so a field is either in a plan or it is not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLAbstractType,
    GraphQLError,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    VariableNode,
    Visitor,
    get_argument_values,
    visit,
)
from graphql.execution.values import VariableValues
from graphql.pyutils import Path

from hub.executor.resolvers import Arguments, Convert, FieldResolver


@dataclass(frozen=True, slots=True)
class LeafShape:
    """A scalar or an enum; ``serialize`` raises for a value that the type cannot represent, and never returns None.

    Values of the types in ``complete`` are in the answer as they are.
    """

    nullable: bool
    serialize: Callable[[Any], Any]
    complete: frozenset[type]

    def serialized(self, values: list[Any]) -> list[Any] | None:
        """Return the values of the answer; None if there is an error among them."""
        types = set(map(type, values))
        if types <= self.complete:
            return values
        if any(issubclass(each, Exception) for each in types):
            return None
        try:
            found = [None if value is None else self.serialize(value) for value in values]
        except Exception:
            return None
        return found if self.nullable or None not in found else None


@dataclass(frozen=True, slots=True)
class ListShape:
    """A list of ``item``."""

    nullable: bool
    item: Shape


@dataclass(frozen=True, slots=True)
class ObjectShape:
    """An object of one type."""

    nullable: bool
    plan: ObjectPlan


@dataclass(frozen=True, slots=True)
class AbstractShape:
    """An object of an interface or a union; ``plan_of`` compiles the selection for one of its types."""

    nullable: bool
    type: GraphQLAbstractType
    plan_of: Callable[[GraphQLObjectType], ObjectPlan]


Shape = LeafShape | ListShape | ObjectShape | AbstractShape


@dataclass(frozen=True, slots=True)
class FieldArguments:
    """The arguments of a field: ``constants``, and those of ``variable``, a definition that has no others."""

    constants: Arguments
    variable: GraphQLField
    node: FieldNode
    convert: Convert | None

    def values(self, schema: GraphQLSchema, variables: VariableValues) -> Arguments:
        """Return all arguments, coerced and converted; raise ``GraphQLError`` for a value that the type refuses."""
        if not self.variable.args:
            return self.constants
        given: Arguments = get_argument_values(self.variable, self.node, variables, None, True)
        return {**self.constants, **(self.convert(schema, given) if self.convert else given)}


@dataclass(frozen=True, slots=True, eq=False)
class FieldPlan:
    """One field of the answer. ``path`` has the response keys that lead to it, without positions in lists."""

    key: str
    name: str
    nodes: list[FieldNode]
    definition: GraphQLField
    resolver: FieldResolver
    shape: Shape
    path: Path
    parent: GraphQLObjectType
    arguments: FieldArguments


@dataclass(slots=True)
class ObjectPlan:
    """The fields of one object type. ``template`` has their keys in order, and the type's name for ``__typename``."""

    type: GraphQLObjectType
    fields: list[FieldPlan] = field(default_factory=list)
    template: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """A compiled operation. ``serial``: its root fields run one after the other, as those of a mutation must."""

    schema: GraphQLSchema
    operation: OperationDefinitionNode
    fragments: dict[str, FragmentDefinitionNode]
    root: ObjectPlan
    serial: bool


class Unsupported(GraphQLError):
    """The operation has something that is not compiled; another executor has to run it."""


def field_arguments(
    schema: GraphQLSchema, definition: GraphQLField, node: FieldNode, convert: Convert | None
) -> FieldArguments:
    """Return the arguments of a field; those that use no variable are coerced and converted here, once."""
    changing = {each.name.value for each in node.arguments or () if _uses_variables(each.value)}
    variable = {name: each for name, each in definition.args.items() if name in changing}
    constant = {name: each for name, each in definition.args.items() if name not in changing}
    try:
        constants: Arguments = get_argument_values(GraphQLField(definition.type, constant), node, None, None, True)
        converted = convert(schema, constants) if convert else constants
        return FieldArguments(converted, GraphQLField(definition.type, variable), node, convert)
    except Exception:
        # A value is refused: each execution reports it.
        return FieldArguments({}, definition, node, convert)


def _uses_variables(value: Any) -> bool:
    finder = _VariableFinder()
    visit(value, finder)
    return finder.found


class _VariableFinder(Visitor):
    found = False

    def enter_variable(self, node: VariableNode, *_: object) -> None:
        self.found = True
