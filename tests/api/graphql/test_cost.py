"""The cost estimate equals the cost that is computed from the printed SDL alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldDefinitionNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    ListTypeNode,
    NamedTypeNode,
    NonNullTypeNode,
    ObjectTypeDefinitionNode,
    OperationDefinitionNode,
    SelectionSetNode,
    TypeNode,
    parse,
    value_from_ast_untyped,
)

from hub.api.graphql.limits import Limits
from hub.api.graphql.validation import OperationValidator
from hub.api.pages import STATIC
from hub.schema.graph import PARTS, schema

MERGED = schema()
EXAMPLES = {path.stem: path.read_text() for path in sorted((STATIC / "examples").glob("*.graphql"))}
VARIABLES: dict[str, dict[str, Any]] = {"payments": {"corridor": "7"}, "area": {"area": "33.74"}}

Fields = dict[tuple[str, str], FieldDefinitionNode]


def fields_of(sdl: str) -> Fields:
    types = [d for d in parse(sdl).definitions if isinstance(d, ObjectTypeDefinitionNode)]
    return {(each.name.value, field.name.value): field for each in types for field in each.fields or ()}


def arguments(node: DirectiveNode | FieldNode, variables: dict[str, Any]) -> dict[str, Any]:
    return {a.name.value: value_from_ast_untyped(a.value, variables) for a in node.arguments or ()}


def named(node: TypeNode) -> str:
    if isinstance(node, ListTypeNode | NonNullTypeNode):
        return named(node.type)
    assert isinstance(node, NamedTypeNode)
    return node.name.value


def values(given: Any) -> int:
    """Return the number of values in the lists of an argument; no list here has ids."""
    if isinstance(given, dict):
        return sum(map(values, given.values()))
    return len(given) if isinstance(given, list) else 0


class Reader:
    """Computes Apollo's static cost of an operation by the documentation of the two directives.

    Each value of an argument costs one in addition, which the SDL does not declare.
    """

    def __init__(self, sdl: str, document: DocumentNode, variables: dict[str, Any]) -> None:
        self.fields = fields_of(sdl)
        self.objects = {name for name, _ in self.fields}
        self.fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
        (operation,) = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
        defaults = {
            v.variable.name.value: value_from_ast_untyped(v.default_value)
            for v in operation.variable_definitions or ()
            if v.default_value
        }
        self.variables = {**defaults, **variables}
        self.total = self.selection(operation.selection_set, operation.operation.value.capitalize(), {})

    def selection(self, node: SelectionSetNode, on: str, sizes: dict[str, int]) -> int:
        return sum(self.field(each, on, sizes) for each in self.flat(node))

    def flat(self, node: SelectionSetNode) -> Iterator[FieldNode]:
        for each in node.selections:
            if isinstance(each, FragmentSpreadNode):
                yield from self.flat(self.fragments[each.name.value].selection_set)
            elif isinstance(each, FieldNode) and not each.name.value.startswith("__"):
                yield each

    def field(self, node: FieldNode, on: str, sizes: dict[str, int]) -> int:
        definition = self.fields[on, node.name.value]
        declared = {d.name.value: arguments(d, {}) for d in definition.directives or ()}
        of = named(definition.type)
        size = self.size(node, definition, declared.get("listSize", {}))
        below = dict.fromkeys(declared.get("listSize", {}).get("sizedFields") or (), size)
        weight = declared["cost"]["weight"] if "cost" in declared else int(of in self.objects)
        inside = self.selection(node.selection_set, of, below) if node.selection_set else 0
        shape = definition.type.type if isinstance(definition.type, NonNullTypeNode) else definition.type
        times = sizes.get(node.name.value, size) if isinstance(shape, ListTypeNode) else 1
        return times * (weight + inside) + sum(map(values, arguments(node, self.variables).values()))

    def size(self, node: FieldNode, definition: FieldDefinitionNode, declared: dict[str, Any]) -> int:
        sliced = arguments(node, self.variables)
        for argument in definition.arguments or ():
            if argument.name.value not in sliced and argument.default_value:
                sliced[argument.name.value] = value_from_ast_untyped(argument.default_value)
        sizes = [sliced[name] for name in declared.get("slicingArguments") or () if sliced.get(name) is not None]
        return int(max(sizes) if sizes else declared.get("assumedSize", 10))


OPERATIONS = {
    **{name: (text, VARIABLES.get(name, {})) for name, text in EXAMPLES.items()},
    "totals": ("{ complaintTotals(groupBy: STATUS) { group count } systems { name asOf } }", {}),
    "counted links": (
        "query ($n: Int!) { agencies(first: $n) { totalCount edges { node { complaints { totalCount edges { node"
        " { ticket payments { system { name } } } } } } } } }",
        {"n": 7},
    ),
    "fragments": (
        "{ complaints(first: 3) { ...Page } } fragment Page on ComplaintConnection { edges { ...Row } }"
        " fragment Row on ComplaintEdge { node { procurementOrders { supplier"
        " { procurementOrders { edges { cursor } } } } } }",
        {},
    ),
    "two changes": (
        "mutation ($t: String!) { a: verifyComplaint(input: {ticket: $t, verdict: VERIFIED}) { __typename }"
        " b: verifyComplaint(input: {ticket: $t, verdict: VERIFIED}) { __typename } }",
        {"t": "LG-2026-000001"},
    ),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_estimate_equals_that_of_the_sdl(name: str) -> None:
    text, variables = OPERATIONS[name]
    validator = OperationValidator(MERGED._schema, Limits(), introspection=False)
    cost = validator.validate(text, variables, None).cost
    assert cost == Reader(MERGED.as_str(), parse(text), variables).total
    assert cost > 0


def test_the_desk_costs_a_tenth_of_the_limit_at_most() -> None:
    validator = OperationValidator(MERGED._schema, Limits(), introspection=False)
    assert 500 < validator.validate(EXAMPLES["desk"], {}, None).cost <= Limits().cost / 10


def test_every_connection_and_mutation_declares_its_cost() -> None:
    unsaid = []
    for (on, name), field in fields_of(MERGED.as_str()).items():
        declared = {directive.name.value for directive in field.directives or ()}
        if (named(field.type).endswith("Connection") and "listSize" not in declared) or (
            on == "Mutation" and "cost" not in declared
        ):
            unsaid.append(f"{on}.{name}")
    assert unsaid == []


@pytest.mark.parametrize("part", [part.name for part in PARTS])
def test_a_subgraph_declares_the_same_costs(part: str) -> None:
    def declared(fields: Fields) -> dict[tuple[str, str], list[tuple[str, dict[str, Any]]]]:
        costs = {
            where: [(d.name.value, arguments(d, {})) for d in field.directives or () if d.name.value in COSTS]
            for where, field in fields.items()
        }
        return {where: each for where, each in costs.items() if each}

    of_part, of_merged = declared(fields_of(schema(part).as_str())), declared(fields_of(MERGED.as_str()))
    assert of_part.items() <= of_merged.items()
    assert of_part


COSTS = ("cost", "listSize")
