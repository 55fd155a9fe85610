"""A text that PostgreSQL cannot store, in any argument of any field, is refused or matches nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any, NamedTuple

import httpx
import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLObjectType,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_required_argument,
    is_required_input_field,
)

from hub.app import build
from hub.schema.graph import schema
from tests.schema.harness import TOKEN, Stage

TYPES = schema()._schema.type_map
NUL = "a\0b"
TEXTS = ("String", "ID")
VALUES = {"Int": 1, "Float": 1.0, "Boolean": True, "DateTime": "2026-01-01T00:00:00Z", "Date": "2026-01-01"}
"""A value of each other scalar; of one that is not here a text."""


class Place(NamedTuple):
    """A place for a text: an argument of a field of ``Query`` or ``Mutation``, or a field of an input argument."""

    owner: str
    field: str
    argument: str
    inside: str = ""


def places() -> Iterator[Place]:
    for owner in ("Query", "Mutation"):
        found = TYPES[owner]
        assert isinstance(found, GraphQLObjectType)
        for field, definition in found.fields.items():
            for name, argument in definition.args.items():
                kind = get_named_type(argument.type)
                if kind.name in TEXTS:
                    yield Place(owner, field, name)
                elif isinstance(kind, GraphQLInputObjectType):
                    inner = kind.fields.items()
                    yield from (Place(owner, field, name, each) for each, of in inner if _is_text(of.type))


def _is_text(kind: GraphQLInputType) -> bool:
    return get_named_type(kind).name in TEXTS


def value_of(kind: GraphQLInputType, text: str = "abcdefgh") -> Any:
    """Return a value of a type with its required fields alone; ``text`` for each text."""
    if is_non_null_type(kind):
        return value_of(kind.of_type, text)
    if is_list_type(kind):
        return [value_of(kind.of_type, text)]
    if isinstance(kind, GraphQLEnumType):
        return next(iter(kind.values))
    if isinstance(kind, GraphQLInputObjectType):
        return {name: value_of(of.type) for name, of in kind.fields.items() if is_required_input_field(of)}
    return VALUES.get(get_named_type(kind).name, text)


def operation(place: Place) -> tuple[str, dict[str, Any]]:
    """Return a call of the field, and its variables with the text at ``place``."""
    owner = TYPES[place.owner]
    assert isinstance(owner, GraphQLObjectType)
    definition = owner.fields[place.field]
    given: dict[str, Any] = {}
    for name, argument in definition.args.items():
        if name == place.argument and not place.inside:
            given[name] = value_of(argument.type, NUL)
        elif name == place.argument:
            kind = get_named_type(argument.type)
            assert isinstance(kind, GraphQLInputObjectType)
            inner = value_of(kind) | {place.inside: value_of(kind.fields[place.inside].type, NUL)}
            given[name] = [inner] if is_list_type(get_nullable_type(argument.type)) else inner
        elif is_required_argument(argument):
            given[name] = value_of(argument.type)
    heads = ", ".join(f"${name}: {definition.args[name].type}" for name in given)
    arguments = ", ".join(f"{name}: ${name}" for name in given)
    below = "" if is_leaf_type(get_named_type(definition.type)) else " { __typename }"
    kind_of = "mutation" if place.owner == "Mutation" else "query"
    return f"{kind_of}({heads}) {{ {place.field}({arguments}){below} }}", given


@pytest.fixture(scope="module")
async def hub(shared: Stage) -> AsyncIterator[httpx.AsyncClient]:
    """The app for a viewer that has every scope."""
    app = build(shared.settings)
    headers = {"authorization": f"Bearer {TOKEN}", "hub-purpose": "handling", "accept-language": "en"}
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers) as client:
            yield client


@pytest.mark.parametrize("place", [*places()], ids=".".join)
async def test_a_text_with_nul_is_no_internal_error(hub: httpx.AsyncClient, place: Place) -> None:
    query, variables = operation(place)
    response = await hub.post("/graphql", json={"query": query, "variables": variables})
    codes = [error["extensions"]["code"] for error in response.json().get("errors", [])]
    assert set(codes) <= {"BAD_INPUT", "NOT_FOUND", "CURSOR_EXPIRED", "FORBIDDEN"}, response.text
