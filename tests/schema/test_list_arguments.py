"""List arguments: at most a hundred values, each with a cost, bound as one array."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLNamedType,
    GraphQLObjectType,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
    is_required_argument,
)

from hub.api.graphql.limits import Limits
from hub.api.graphql.list_sizes import SELF_LIMITED
from hub.api.graphql.validation import OperationRejected, OperationValidator
from hub.schema.graph import schema
from hub.store.database import record_statements
from tests.schema.harness import OFFICER, WORKER, Stage

GRAPH = schema()
VALIDATOR = OperationValidator(GRAPH._schema, Limits(), introspection=False)


class Place(NamedTuple):
    """A place for a list: an argument of a field, or a field of an input argument."""

    owner: str
    field: str
    argument: str
    inside: str = ""


def places() -> Iterator[Place]:
    """Return every list argument of the schema."""
    for owner in ("Query", "Mutation", *sorted(GRAPH.node_types)):
        found = GRAPH._schema.type_map[owner]
        assert isinstance(found, GraphQLObjectType)
        for field, definition in found.fields.items():
            for name, argument in definition.args.items():
                kind = get_named_type(argument.type)
                if is_list_type(get_nullable_type(argument.type)):
                    yield Place(owner, field, name)
                elif isinstance(kind, GraphQLInputObjectType):
                    for inner, each in kind.fields.items():
                        if is_list_type(get_nullable_type(each.type)):
                            yield Place(owner, field, name, inner)


def _definition(place: Place) -> GraphQLField:
    owner = GRAPH._schema.type_map[place.owner]
    assert isinstance(owner, GraphQLObjectType)
    field: GraphQLField = owner.fields[place.field]
    return field


def _kind(place: Place) -> GraphQLInputType:
    """Return the type of the list."""
    argument: GraphQLArgument = _definition(place).args[place.argument]
    of = get_named_type(argument.type)
    return of.fields[place.inside].type if isinstance(of, GraphQLInputObjectType) and place.inside else argument.type


def operation(place: Place) -> str:
    """Return the field with the variable ``$v`` as the argument; other required arguments have any value."""
    definition = _definition(place)
    needed = " ".join(
        f"{name}: {_any(get_named_type(each.type))}"
        for name, each in definition.args.items()
        if name != place.argument and is_required_argument(each)
    )
    below = "" if is_leaf_type(get_named_type(definition.type)) else "{ __typename }"
    selection = f"{place.field}({place.argument}: $v {needed}) {below}"
    head = f"{'mutation' if place.owner == 'Mutation' else 'query'}($v: {definition.args[place.argument].type})"
    if place.owner in ("Query", "Mutation"):
        return f"{head} {{ {selection} }}"
    return f'{head} {{ node(id: "x") {{ ... on {place.owner} {{ {selection} }} }} }}'


def _any(kind: GraphQLNamedType) -> str:
    """Return a value of an enum, or a text."""
    return next(iter(kind.values)) if isinstance(kind, GraphQLEnumType) else '"x"'


def values(place: Place, number: int) -> Any:
    """Return the value of the variable: ``count`` values in the list."""
    kind = get_named_type(_kind(place))
    one: Any = next(iter(kind.values)) if isinstance(kind, GraphQLEnumType) else "x"
    # Different ones, as far as there are.
    items = [one if isinstance(kind, GraphQLEnumType) else f"{one}{index}" for index in range(number)]
    return {place.inside: items} if place.inside else items


LISTS = list(places())
BOUNDED = [place for place in LISTS if get_named_type(_kind(place)).name not in SELF_LIMITED]
FILTERS = [place for place in BOUNDED if place.argument == "filter"]


def test_lists_come_in_at_many_places() -> None:
    assert len(FILTERS) >= 25
    assert {place.field for place in set(LISTS) - set(BOUNDED)} == {"_entities", "putRecords"}


@pytest.mark.parametrize("place", BOUNDED, ids=".".join)
def test_a_list_has_a_hundred_values_at_most(place: Place) -> None:
    with pytest.raises(OperationRejected) as refused:
        VALIDATOR.validate(operation(place), {"v": values(place, 101)}, None)
    assert refused.value.errors[0].extensions == {"code": "BAD_INPUT", "limit": 100, "actual": 101}
    assert refused.value.errors[0].message == "A list may have 100 values; this one has 101."


@pytest.mark.parametrize("place", FILTERS, ids=".".join)
def test_each_value_of_a_filter_has_a_cost(place: Place) -> None:
    some, more = (VALIDATOR.validate(operation(place), {"v": values(place, number)}, None).cost for number in (3, 100))
    assert more - some == 97


@pytest.mark.parametrize(
    "query",
    [
        "query($v: [String!]) { complaints(filter: {area: $v}) { totalCount } }",
        "query($f: ComplaintFilter) { complaints(filter: $f) { totalCount } }",
    ],
)
def test_a_list_that_is_far_too_long_is_not_looked_through(monkeypatch: pytest.MonkeyPatch, query: str) -> None:
    read: list[object] = []
    monkeypatch.setattr(
        "hub.api.graphql.validation.get_variable_values", lambda *arguments, **more: read.append(arguments)
    )
    items = ["x"] * 60_000
    with pytest.raises(OperationRejected):
        VALIDATOR.validate(query, {"v": items, "f": {"area": items}}, None)
    assert read == []


@pytest.mark.parametrize("place", [place for place in FILTERS if place.owner == "Query"], ids=".".join)
async def test_any_number_of_values_is_one_array(shared: Stage, place: Place) -> None:
    if place.inside in ("supplier",):
        pytest.skip("ids are read first")
    connection = get_named_type(_definition(place).type)
    assert isinstance(connection, GraphQLObjectType)
    counts = "totalCount " if "totalCount" in connection.fields else ""
    query = operation(place).replace("__typename", f"{counts}edges {{ cursor }}")
    logs = []
    for number in (2, 100):
        with record_statements() as noted:
            answer = await shared.ask(WORKER, query, v=values(place, number))
        assert answer.errors == []
        logs.append(list(noted))
    assert logs[0] == logs[1] != []


async def test_all_callers_are_limited(shared: Stage) -> None:
    query = "query($v: [String!]) { agencies(filter: {code: $v}) { edges { cursor } } }"
    for number, codes in ((100, []), (101, ["BAD_INPUT"])):
        assert (await shared.ask(OFFICER, query, v=["DISHUB"] * number)).codes == codes
