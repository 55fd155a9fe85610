"""The estimate against the SDL: the same cost, worked out from nothing but what the SDL prints."""

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
    NonNullTypeNode,
    ObjectTypeDefinitionNode,
    OperationDefinitionNode,
    SelectionSetNode,
    TypeNode,
    parse,
    value_from_ast_untyped,
)

from hub.schema.graph import PARTS, schema
from hub.web.gate import Gate
from hub.web.limits import Limits
from hub.web.page import STATIC

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
    return node.name.value if not isinstance(node, ListTypeNode | NonNullTypeNode) else named(node.type)  # type: ignore[union-attr]


class Reader:
    """Apollo's static cost of an operation, by what its documentation says of the two directives."""

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
        said = {d.name.value: arguments(d, {}) for d in definition.directives or ()}
        of = named(definition.type)
        size = self.size(node, definition, said.get("listSize", {}))
        below = dict.fromkeys(said.get("listSize", {}).get("sizedFields") or (), size)
        weight = said["cost"]["weight"] if "cost" in said else int(of in self.objects)
        inside = self.selection(node.selection_set, of, below) if node.selection_set else 0
        shape = definition.type.type if isinstance(definition.type, NonNullTypeNode) else definition.type
        times = sizes.get(node.name.value, size) if isinstance(shape, ListTypeNode) else 1
        return times * (weight + inside)

    def size(self, node: FieldNode, definition: FieldDefinitionNode, said: dict[str, Any]) -> int:
        given = arguments(node, self.variables)
        for argument in definition.arguments or ():
            if argument.name.value not in given and argument.default_value:
                given[argument.name.value] = value_from_ast_untyped(argument.default_value)
        asked = [given[name] for name in said.get("slicingArguments") or () if given.get(name) is not None]
        return max(asked) if asked else said.get("assumedSize", 10)


OPERATIONS = {
    **{name: (text, VARIABLES.get(name, {})) for name, text in EXAMPLES.items()},
    "totals": ("{ complaintTotals(by: STATUS) { group count } systems { name asOf } }", {}),
    "counted links": (
        "query ($n: Int!) { agencies(first: $n) { totalCount edges { node { complaints { totalCount edges { node"
        " { ticket payments { system { name } } } } } } } } }",
        {"n": 7},
    ),
    "fragments": (
        "{ complaints(first: 3) { ...Page } } fragment Page on ComplaintConnection { edges { ...Row } }"
        " fragment Row on ComplaintEdge { node { orders { supplier { orders { edges { cursor } } } } } }",
        {},
    ),
    "two changes": (
        "mutation ($t: String!) { a: verifyComplaint(input: {ticket: $t, verdict: VERIFIED}) { __typename }"
        " b: verifyComplaint(input: {ticket: $t, verdict: VERIFIED}) { __typename } }",
        {"t": "LG-2026-000001"},
    ),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_estimate_is_what_the_sdl_says(name: str) -> None:
    text, variables = OPERATIONS[name]
    gate = Gate(MERGED._schema, Limits(), introspection=False)
    cost = gate.admit(text, variables, None).cost
    assert cost == Reader(MERGED.as_str(), parse(text), variables).total
    assert cost > 0


def test_the_desk_costs_a_tenth_of_the_limit_at_most() -> None:
    gate = Gate(MERGED._schema, Limits(), introspection=False)
    assert 500 < gate.admit(EXAMPLES["desk"], {}, None).cost <= Limits().cost / 10


def test_every_connection_and_every_mutation_says_its_cost() -> None:
    unsaid = []
    for (on, name), field in fields_of(MERGED.as_str()).items():
        said = {directive.name.value for directive in field.directives or ()}
        if (named(field.type).endswith("Connection") and "listSize" not in said) or (
            on == "Mutation" and "cost" not in said
        ):
            unsaid.append(f"{on}.{name}")
    assert unsaid == []


@pytest.mark.parametrize("part", [part.name for part in PARTS])
def test_a_subgraph_says_the_same_of_its_fields(part: str) -> None:
    def said(fields: Fields) -> dict[tuple[str, str], list[tuple[str, dict[str, Any]]]]:
        costs = {
            where: [(d.name.value, arguments(d, {})) for d in field.directives or () if d.name.value in COSTS]
            for where, field in fields.items()
        }
        return {where: each for where, each in costs.items() if each}

    of_part, of_merged = said(fields_of(schema(part).as_str())), said(fields_of(MERGED.as_str()))
    assert of_part.items() <= of_merged.items()
    assert of_part


COSTS = ("cost", "listSize")
