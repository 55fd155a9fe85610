"""Reduces an operation with different results in two executors to a small one whose results still differ."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator

from graphql import (
    REMOVE,
    SKIP,
    ArgumentNode,
    DirectiveNode,
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLSchema,
    NoUnusedFragmentsRule,
    NoUnusedVariablesRule,
    SelectionNode,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    specified_rules,
    validate,
    visit,
)
from graphql.language.ast import Node

REMOVABLE = (SelectionNode, DirectiveNode, ArgumentNode, FragmentDefinitionNode)
RULES = [rule for rule in specified_rules if rule not in (NoUnusedFragmentsRule, NoUnusedVariablesRule)]


async def reduce_document(
    schema: GraphQLSchema, document: DocumentNode, differs: Callable[[DocumentNode], Awaitable[bool]]
) -> DocumentNode:
    """Return ``document`` without every part that can be removed while it is valid and ``differs`` returns true."""
    for smaller in _without_one_part(document):
        if not validate(schema, smaller, RULES) and await differs(smaller):
            return await reduce_document(schema, smaller, differs)
    return document


def without_unused_variables(document: DocumentNode) -> DocumentNode:
    """Return ``document`` without definitions of variables that it does not use, as a server validates it."""
    used = _Variables()
    visit(document, used)
    left: DocumentNode = visit(document, _WithoutDefinitions(used.found))
    return left


def _without_one_part(document: DocumentNode) -> Iterator[DocumentNode]:
    parts = _Parts()
    visit(document, parts)
    for part in parts.found:
        yield visit(document, _Without(part))


class _Parts(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Node] = []

    def enter(self, node: Node, *_: object) -> None:
        if isinstance(node, REMOVABLE):
            self.found.append(node)


class _Without(Visitor):
    def __init__(self, part: Node) -> None:
        super().__init__()
        self._part = part

    def enter(self, node: Node, *_: object) -> object:
        return REMOVE if node is self._part else None


class _Variables(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def enter_variable_definition(self, *_: object) -> object:
        return SKIP

    def enter_variable(self, node: VariableNode, *_: object) -> None:
        self.found.add(node.name.value)


class _WithoutDefinitions(Visitor):
    def __init__(self, used: set[str]) -> None:
        super().__init__()
        self._used = used

    def enter_variable_definition(self, node: VariableDefinitionNode, *_: object) -> object:
        return None if node.variable.name.value in self._used else REMOVE
