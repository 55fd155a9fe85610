"""Operations that are refused before execution, and the time that the checks take."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from graphql import GraphQLError, parse
from graphql.validation.rules import overlapping_fields_can_be_merged

from hub.api.graphql.cost import CostEstimate
from hub.api.graphql.cost_directives import FieldCosts
from hub.api.graphql.limits import Limits, depth
from hub.api.graphql.validation import OperationRejected, OperationValidator
from tests.api.graph_app import SCHEMA, build, client_of

GRAPH = SCHEMA._schema

DESK = """
query Desk($after: Int) {
  complaints(first: 20, last: $after) {
    totalCount
    pageInfo { hasNextPage endCursor }
    edges { node {
      id title
      agency { name head { name }
        procurementOrders(first: 3) { edges { node { orderId value { amount currency } supplier { name } } } } }
      payments { reference amount { amount currency } }
    } }
  }
}
"""

FOUR_LEVELS = """
query Deep($n: Int = 100) { complaints(first: $n) { edges { node { complaints(first: $n) { edges { node {
  complaints(first: $n) { edges { node { complaints(first: $n) { edges { node { id } } } } } } } } } } } } }
"""


def operation_validator(*, introspection: bool = True, **limits: int) -> OperationValidator:
    return OperationValidator(GRAPH, Limits(**limits), introspection=introspection)


def refused(query: str, variables: dict[str, Any] | None = None, **limits: Any) -> GraphQLError:
    with pytest.raises(OperationRejected) as caught:
        operation_validator(**limits).validate(query, variables or {}, None)
    return caught.value.errors[0]


@pytest.mark.parametrize(
    ("query", "variables", "cost"),
    [
        ("{ echo __typename }", {}, 0),
        ("{ __schema { types { fields { name } } } a: __schema { queryType { name } } }", {}, 2_000),
        ('{ __type(name: "Query") { fields { name } } }', {}, 100),
        ("{ _service { sdl } }", {}, 100),
        ("{ complaints { totalCount } }", {}, 1),
        ("{ complaints(first: 3) { edges { node { id } } } }", {}, 1 + 3 * 2),
        ("{ complaints { edges { node { id } } } }", {}, 1 + 20 * 2),
        ("{ complaints(first: null) { edges { node { id } } } }", {}, 1 + 20 * 2),
        ("query ($n: Int) { complaints(last: $n) { edges { node { id } } } }", {"n": 7}, 1 + 7 * 2),
        ("query ($n: Int) { complaints(first: $n) { edges { node { id } } } }", {}, 1 + 20 * 2),
        ("query ($n: Int = 2) { complaints(first: $n) { edges { node { id } } } }", {}, 1 + 2 * 2),
        ('{ nodes(ids: ["1", "2"]) { payments { reference } } }', {}, 2 * (1 + 10)),
        ("query ($ids: [ID!]!) { nodes(ids: $ids) { agency { name } } }", {"ids": ["1"] * 5}, 5 * 2),
        (
            "query ($r: [_Any!]!) { _entities(representations: $r) { ... on Complaint { agency { name } } } }",
            {"r": [{"__typename": "Complaint", "id": "1"}] * 1000},
            2000,
        ),
        ("{ complaints(first: 4) { ...C } } fragment C on ComplaintConnection { edges { node { id } } }", {}, 9),
        ("{ ... { complaints(first: 4) { ... on ComplaintConnection { edges { node { id } } } } } }", {}, 9),
        ("{ complaints(first: 0) { edges { node { id } } } }", {}, 1),
        ("{ complaints(first: 4, last: 6) { edges { node { id } } } }", {}, 1 + 6 * 2),
        ("mutation { a: touch b: touch }", {}, 20),
        (DESK, {}, 1 + 1 + 20 * (1 + 1 + (1 + 1 + (1 + 3 * 4)) + 10 * 2)),
    ],
)
def test_cost_is_the_product_of_list_sizes(query: str, variables: dict[str, Any], cost: int) -> None:
    assert operation_validator().validate(query, variables, None).cost == cost


def test_cost_of_a_repeated_document_follows_its_variables() -> None:
    validator = operation_validator()
    query = (
        "query ($n: Int, $ids: [ID!] = []) { complaints(first: $n) { edges { node { id } } } nodes(ids: $ids) { id } }"
    )
    for n, ids in ((2, []), (7, []), (2, ["1"]), (2, ["1", "2"]), (None, []), (2, [])):
        variables = {"n": n, "ids": ids}
        assert (
            validator.validate(query, variables, None).cost
            == operation_validator().validate(query, variables, None).cost
        )
    with pytest.raises(OperationRejected):
        validator.validate(query, {"n": 1_000, "ids": []}, None)


def test_cost_of_the_operation_that_is_named() -> None:
    document = parse("query A { complaints { totalCount } } query B { echo }")
    costs = FieldCosts(GRAPH)
    assert [CostEstimate(costs, document, {}, name).total for name in ("A", "B")] == [1, 0]
    with pytest.raises(KeyError):
        CostEstimate(costs, document, {}, "C")


def test_four_levels_of_a_hundred_are_refused_and_the_desk_fits() -> None:
    error = refused(FOUR_LEVELS, depth=20)
    assert error.extensions is not None
    assert error.extensions["code"] == "QUERY_TOO_COMPLEX"
    assert error.extensions["limit"] == 25_000
    assert error.extensions["actual"] > 100**4
    assert "25000" in error.message
    assert operation_validator().validate(DESK, {}, None).cost * 10 < Limits().cost


async def test_a_refused_operation_reaches_no_resolver() -> None:
    async with client_of(build(depth=20)) as hub:
        response = await hub.post("/graphql", json={"query": FOUR_LEVELS.replace("node { id }", "node { title }")})
    assert "data" not in response.json()
    assert response.json()["errors"][0]["extensions"]["code"] == "QUERY_TOO_COMPLEX"


def nested(levels: int) -> str:
    return "{ complaints { edges { node " * levels + "{ id }" + " } } }" * levels


@pytest.mark.parametrize(
    ("query", "limits", "extensions"),
    [
        (nested(4), {}, {"code": "QUERY_TOO_DEEP", "limit": 12, "actual": 13}),
        (
            "{ " + " ".join(f"a{n}: echo" for n in range(31)) + " }",
            {},
            {"code": "TOO_MANY_ALIASES", "limit": 30, "actual": 31},
        ),
        (
            "{ " + "echo @skip(if: false) @include(if: true) " * 26 + "}",
            {},
            {"code": "TOO_MANY_DIRECTIVES", "limit": 50, "actual": 52},
        ),
        ("{ " + "echo " * 2000 + "}", {}, {"code": "TOO_MANY_TOKENS", "limit": 2000, "actual": 2002}),
        ("{ " + "a " * 9000 + "}", {}, {"code": "TOO_MANY_TOKENS", "limit": 2000, "actual": 4000}),
        (
            "{ echo }" + "\n" * 49_993,
            {},
            {"code": "DOCUMENT_TOO_LONG", "limit": 50_000, "actual": 50_001},
        ),
        (
            "{ complaints(first: 101) { totalCount } }",
            {},
            {"code": "PAGE_TOO_LARGE", "limit": 100, "actual": 101},
        ),
        (
            "{ nodes(ids: [" + '"1" ' * 101 + "]) { id } }",
            {},
            {"code": "BAD_INPUT", "limit": 100, "actual": 101},
        ),
        ("{ complaints(last: 9) { totalCount } }", {"page": 8}, {"code": "PAGE_TOO_LARGE", "limit": 8, "actual": 9}),
        (nested(2), {"cost": 100}, {"code": "QUERY_TOO_COMPLEX", "limit": 100, "actual": 861}),
    ],
)
def test_each_refusal_names_the_limit(query: str, limits: dict[str, Any], extensions: dict[str, Any]) -> None:
    error = refused(query, **limits)
    assert error.extensions == extensions
    assert str(extensions["limit"]) in error.message


@pytest.mark.parametrize(
    "query",
    [
        nested(3),
        "{ " + " ".join(f"a{n}: echo" for n in range(30)) + " }",
        "{ nodes(ids: [" + '"1" ' * 100 + "]) { id } }",
        "{ " + "echo " * 130 + "}",
        "{ complaints(first: 100) { totalCount } }",
    ],
)
def test_what_just_fits_is_admitted(query: str) -> None:
    operation_validator().validate(query, {}, None)


TANGLED = [
    "{ " + "echo " * 400 + "}",
    "{ " + "complaints(first: 1) { totalCount } " * 200 + "}",
    "{ " + "... { complaints { edges { node { id } } } } " * 130 + "}",
    "query A { ...F0 } "
    + " ".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 2} complaints {{ totalCount }} }}" for n in range(90))
    + " fragment F90 on Query { echo } fragment F91 on Query { echo }",
]


@pytest.mark.parametrize("query", TANGLED)
def test_validation_does_a_bounded_number_of_comparisons(monkeypatch: pytest.MonkeyPatch, query: str) -> None:
    compared = [0]
    spend = overlapping_fields_can_be_merged.spend_complexity_budget

    def counted(context: Any, cost: int) -> None:
        compared[0] += cost
        spend(context, cost)

    monkeypatch.setattr(overlapping_fields_can_be_merged, "spend_complexity_budget", counted)
    error = refused(query, cost=10**9, depth=10**6)
    assert compared[0] <= 20_010
    assert error.extensions == {"code": "GRAPHQL_VALIDATION_FAILED"}
    assert "ask for less at a time" in error.message


def test_a_text_that_ends_within_a_token_counts_up_to_there() -> None:
    error = refused("{ " + "echo " * 2000 + '"')
    assert error.extensions == {"code": "TOO_MANY_TOKENS", "limit": 2000, "actual": 2001}


def test_comments_are_bounded_too() -> None:
    error = refused("# \n" * 3000 + "{ echo }")
    assert error.extensions == {"code": "GRAPHQL_PARSE_FAILED"}


def test_depth_counts_fragments_and_skips_introspection() -> None:
    assert depth(parse("{ a { ...F } } fragment F on A { b { ... on B { c } } }")) == 3
    assert depth(parse("{ __schema { types { fields { type { ofType { name } } } } } }")) == 0


def bomb(fields: str) -> str:
    """Return ten fragments, each of which spreads the next one several times."""
    body = "".join(f"fragment F{n} on Complaint {{ {fields.replace('NEXT', f'...F{n + 1}')} }} " for n in range(10))
    return '{ nodes(ids: ["1"]) { ...F0 } } ' + body + "fragment F10 on Complaint { id }"


@contextmanager
def calls_made() -> Iterator[list[None]]:
    """Count the function calls, a measure of work that does not depend on the machine."""
    made: list[None] = []
    sys.setprofile(lambda frame, event, argument: made.append(None) if event == "call" else None)
    try:
        yield made
    finally:
        sys.setprofile(None)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{ nodes(ids: []) { ...A } } fragment A on Complaint { ...A }", "GRAPHQL_VALIDATION_FAILED"),
        (
            "{ nodes(ids: []) { ...A } } fragment A on Complaint { ...B } fragment B on Complaint { id ...A }",
            "GRAPHQL_VALIDATION_FAILED",
        ),
        ("{" * 1900, "GRAPHQL_PARSE_FAILED"),
        (
            bomb("a: complaints { edges { node { NEXT } } } b: complaints { edges { node { NEXT } } }"),
            "QUERY_TOO_COMPLEX",
        ),
    ],
)
def test_cycles_and_bombs_are_refused_at_once(query: str, code: str) -> None:
    with calls_made() as made:
        error = refused(query, depth=100)
    assert len(made) < 100_000
    assert error.extensions is not None
    assert error.extensions["code"] == code


@pytest.mark.parametrize(
    "query", ["{ __schema { types { name } } }", '{ __type(name: "A") { name } }', "{ _service { sdl } }"]
)
def test_without_introspection_nothing_reveals_the_schema(query: str) -> None:
    operation_validator().validate(query, {}, None)
    error = refused(query, introspection=False)
    assert error.extensions == {"code": "GRAPHQL_VALIDATION_FAILED"}
    operation_validator(introspection=False).validate("{ __typename echo }", {}, None)


def test_a_document_is_read_once() -> None:
    one = operation_validator()
    assert one.validate(DESK, {}, None).document is one.validate(DESK, {"after": 2}, None).document
