"""What is refused before anything is executed, and that judging it never takes long."""

from __future__ import annotations

import time
from typing import Any

import pytest
from graphql import GraphQLError, parse

from hub.web.cost import Estimate
from hub.web.gate import Gate, Refused
from hub.web.limits import Limits, depth
from hub.web.prices import Prices
from tests.web.conftest import SCHEMA, build, client_of

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


def gate(*, introspection: bool = True, **limits: int) -> Gate:
    return Gate(GRAPH, Limits(**limits), introspection=introspection)


def refused(query: str, variables: dict[str, Any] | None = None, **limits: Any) -> GraphQLError:
    with pytest.raises(Refused) as caught:
        gate(**limits).admit(query, variables or {}, None)
    return caught.value.errors[0]


@pytest.mark.parametrize(
    ("query", "variables", "cost"),
    [
        ("{ echo __typename }", {}, 0),
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
    assert gate().admit(query, variables, None).cost == cost


def test_cost_of_the_operation_that_is_named() -> None:
    document = parse("query A { complaints { totalCount } } query B { echo }")
    prices = Prices(GRAPH)
    assert [Estimate(prices, document, {}, name).total for name in ("A", "B")] == [1, 0]
    with pytest.raises(KeyError):
        Estimate(prices, document, {}, "C")


def test_a_hundred_of_each_on_four_levels_is_refused_and_the_desk_is_far_below() -> None:
    error = refused(FOUR_LEVELS, depth=20)
    assert error.extensions is not None
    assert error.extensions["code"] == "QUERY_TOO_COMPLEX"
    assert error.extensions["limit"] == 25_000
    assert error.extensions["actual"] > 100**4
    assert "25000" in error.message
    assert gate().admit(DESK, {}, None).cost * 10 < Limits().cost


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
        (
            "{ complaints(first: 101) { totalCount } }",
            {},
            {"code": "PAGE_TOO_LARGE", "limit": 100, "actual": 101},
        ),
        ("{ complaints(last: 9) { totalCount } }", {"page": 8}, {"code": "PAGE_TOO_LARGE", "limit": 8, "actual": 9}),
        (nested(2), {"cost": 100}, {"code": "QUERY_TOO_COMPLEX", "limit": 100, "actual": 861}),
    ],
)
def test_each_refusal_says_what_is_allowed(query: str, limits: dict[str, int], extensions: dict[str, Any]) -> None:
    error = refused(query, **limits)
    assert error.extensions == extensions
    assert str(extensions["limit"]) in error.message


@pytest.mark.parametrize(
    "query",
    [
        nested(3),
        "{ " + " ".join(f"a{n}: echo" for n in range(30)) + " }",
        "{ nodes(ids: [" + '"1" ' * 1988 + "]) { id } }",
        "{ complaints(first: 100) { totalCount } }",
    ],
)
def test_what_just_fits_is_admitted(query: str) -> None:
    gate().admit(query, {}, None)


def test_a_text_that_ends_within_a_token_counts_up_to_there() -> None:
    error = refused("{ " + "echo " * 2000 + '"')
    assert error.extensions == {"code": "TOO_MANY_TOKENS", "limit": 2000, "actual": 2001}


def test_comments_are_bounded_too() -> None:
    error = refused("# \n" * 3000 + "{ echo }")
    assert error.extensions == {"code": "GRAPHQL_PARSE_FAILED"}


def test_depth_goes_through_fragments_and_leaves_introspection_out() -> None:
    assert depth(parse("{ a { ...F } } fragment F on A { b { ... on B { c } } }")) == 3
    assert depth(parse("{ __schema { types { fields { type { ofType { name } } } } } }")) == 0


def bomb(fields: str) -> str:
    """Ten fragments, each of which spreads the next one several times."""
    body = "".join(f"fragment F{n} on Complaint {{ {fields.replace('NEXT', f'...F{n + 1}')} }} " for n in range(10))
    return '{ nodes(ids: ["1"]) { ...F0 } } ' + body + "fragment F10 on Complaint { id }"


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
    began = time.perf_counter()
    error = refused(query, depth=100)
    assert time.perf_counter() - began < 2
    assert error.extensions is not None
    assert error.extensions["code"] == code


@pytest.mark.parametrize(
    "query", ["{ __schema { types { name } } }", '{ __type(name: "A") { name } }', "{ _service { sdl } }"]
)
def test_without_introspection_nothing_tells_the_schema(query: str) -> None:
    gate().admit(query, {}, None)
    error = refused(query, introspection=False)
    assert error.extensions == {"code": "GRAPHQL_VALIDATION_FAILED"}
    gate(introspection=False).admit("{ __typename echo }", {}, None)


def test_a_document_is_read_once() -> None:
    one = gate()
    assert one.admit(DESK, {}, None).document is one.admit(DESK, {"after": 2}, None).document
