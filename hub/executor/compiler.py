"""Compiles an operation to a plan. The document has to be valid.

graphql-core's own functions collect the fields of a selection, so that fragments, conditions and the merging of fields
follow the specification (GraphQL, section 6.3.2) as they do there.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from graphql import (
    DirectiveNode,
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    VariableNode,
    Visitor,
    get_operation_ast,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    visit,
)
from graphql.execution.collect_fields import (
    CollectedFields,
    FieldDetails,
    FragmentDetails,
    collect_fields,
    collect_subfields,
)
from graphql.execution.values import VariableValues
from graphql.pyutils import Path

from hub.executor.leaves import complete_types, serializer
from hub.executor.plan import (
    AbstractShape,
    FieldPlan,
    LeafShape,
    ListShape,
    ObjectPlan,
    ObjectShape,
    Plan,
    Shape,
    Unsupported,
    field_arguments,
)
from hub.executor.resolvers import Batch, FieldResolver, ResolverOf

TYPENAME = "__typename"


def condition_variables(document: DocumentNode) -> tuple[str, ...]:
    """Return the names of the variables in ``@skip`` and ``@include``, sorted."""
    finder = _ConditionFinder()
    visit(document, finder)
    return tuple(sorted(finder.names))


class _ConditionFinder(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_directive(self, node: DirectiveNode, *_: object) -> None:
        if node.name.value in ("skip", "include"):
            self.names |= {
                each.value.name.value for each in node.arguments or () if isinstance(each.value, VariableNode)
            }


def compile_operation(
    schema: GraphQLSchema,
    resolver_of: ResolverOf,
    document: DocumentNode,
    operation_name: str | None,
    conditions: VariableValues,
) -> Plan:
    """Return the plan of an operation; ``conditions`` has the variables that ``condition_variables`` names.

    Raises ``Unsupported`` for a subscription, for introspection and for ``@defer``.
    """
    operation = get_operation_ast(document, operation_name)
    if operation is None or operation.operation is OperationType.SUBSCRIPTION:
        raise Unsupported("Only queries and mutations are compiled.")
    return _Compiler(schema, resolver_of, document, operation, conditions).plan()


def _specialized(resolver: FieldResolver, shape: Shape) -> FieldResolver:
    """Return the resolver for the fields that are selected below its field."""
    match resolver.source:
        case Batch(_, convert, specialize) if specialize:
            return replace(resolver, source=Batch(specialize(shape), convert))
    return resolver


class _Compiler:
    def __init__(
        self,
        schema: GraphQLSchema,
        resolver_of: ResolverOf,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        conditions: VariableValues,
    ) -> None:
        self._schema, self._resolver_of = schema, resolver_of
        self._operation, self._conditions = operation, conditions
        self._definitions = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
        self._fragments = {name: FragmentDetails(each) for name, each in self._definitions.items()}

    def plan(self) -> Plan:
        root = self._schema.get_root_type(self._operation.operation)
        assert root is not None, "a valid document has no operation of a kind the schema lacks"
        collected = collect_fields(self._schema, self._fragments, self._conditions, root, self._operation)
        return Plan(
            self._schema,
            self._operation,
            self._definitions,
            self._object(root, collected, None),
            serial=self._operation.operation is OperationType.MUTATION,
        )

    def _object(self, type_: GraphQLObjectType, collected: CollectedFields, path: Path | None) -> ObjectPlan:
        if collected.new_defer_usages:
            raise Unsupported("@defer is not compiled.")
        plan = ObjectPlan(type_)
        for key, details in collected.grouped_field_set.items():
            if details[0].node.name.value == TYPENAME:
                plan.template[key] = type_.name
            else:
                plan.template[key] = None
                plan.fields.append(self._field(type_, key, details, Path(path, key, type_.name)))
        return plan

    def _field(self, parent: GraphQLObjectType, key: str, details: list[FieldDetails], path: Path) -> FieldPlan:
        node = details[0].node
        name = node.name.value
        if name.startswith("__"):
            raise Unsupported("Introspection is not compiled.")
        definition = parent.fields[name]
        shape = self._shape(definition.type, details, path)
        resolver = _specialized(self._resolver_of(parent, name, definition), shape)
        convert = resolver.source.convert if isinstance(resolver.source, Batch) else None
        return FieldPlan(
            key=key,
            name=name,
            nodes=[each.node for each in details],
            definition=definition,
            resolver=resolver,
            shape=shape,
            path=path,
            parent=parent,
            arguments=field_arguments(self._schema, definition, node, convert),
        )

    def _shape(self, type_: GraphQLOutputType, details: list[FieldDetails], path: Path) -> Shape:
        nullable = not is_non_null_type(type_)
        inner: Any = type_ if nullable else type_.of_type  # type: ignore[union-attr]
        if is_list_type(inner):
            return ListShape(nullable, self._shape(inner.of_type, details, path))
        if is_leaf_type(inner):
            return LeafShape(nullable, serializer(inner), complete_types(inner, nullable=nullable))
        if is_abstract_type(inner):
            plans: dict[str, ObjectPlan] = {}

            def plan_of(type_: GraphQLObjectType) -> ObjectPlan:
                if type_.name not in plans:
                    plans[type_.name] = self._selection(type_, details, path)
                return plans[type_.name]

            return AbstractShape(nullable, inner, plan_of)
        return ObjectShape(nullable, self._selection(inner, details, path))

    def _selection(self, type_: GraphQLObjectType, details: list[FieldDetails], path: Path) -> ObjectPlan:
        collected = collect_subfields(
            self._schema, self._fragments, self._conditions, self._operation, type_, details, True
        )
        return self._object(type_, collected, path)
