"""Every statement has the conditions of visibility: with all of them closed, no field of the graph finds a row.

The fields come from the schema, so that a field added later is asked as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeGuard

import pytest
from graphql import (
    GraphQLField,
    GraphQLObjectType,
    GraphQLOutputType,
    get_named_type,
    is_required_argument,
)
from sqlalchemy import ColumnElement, false

from hub.auth.scopes import NAMES
from hub.schema.graph import schema
from hub.store.queries import agreement_entity, compiled, delivery_entity, record_visibility, visibility
from hub.viewer import Viewer, ViewerKind
from tests.fake_connector import order, payment, report
from tests.schema.harness import MATTERS, Stage
from tests.schema.visibility_cases import create_cases

pytestmark = pytest.mark.whole

GRAPH = schema()._schema
ALL_SCOPES = Viewer(ViewerKind.OFFICER, "of-all-scopes", NAMES)


def closed(*_: Any) -> ColumnElement[bool]:
    """Return a condition for no row."""
    return false()


COMPLAINTS = frozenset({"Complaint", "Delivery"})
RECORDS = frozenset({"Payment", "CentralReport", "ProcurementOrder", "Supplier", "Permit", "Business"})
EVERYTHING = COMPLAINTS | RECORDS | {"Agreement"}
RULES: Mapping[str, tuple[frozenset[str], set[str], Mapping[str, Any]]] = {
    "complaints": (
        COMPLAINTS,
        {"complaints"},
        {"fully_visible": closed, "public": closed, "_submitted_by": closed, "OPERATE": "no scope"},
    ),
    "records": (RECORDS, {"payments", "orders", "permits"}, {"in_open_systems": closed}),
}
"""The rules from which every condition is built: the types and totals they open, and what closes them."""
MODULES = (visibility, record_visibility, agreement_entity, delivery_entity)
TOTALS = """{
  complaints: complaintTotals(groupBy: STATUS) { count }
  payments: paymentTotals(groupBy: DAY, range: {start: "2025-12-31", end: "2026-01-03"}) { count }
  orders: orderTotals(groupBy: AGENCY, range: {start: "2025-12-31", end: "2026-01-03"}) { count }
  permits: permitTotals(by: AUTHORITY) { permits }
  agreements: agreementTotals(by: PAIR) { matters }
}"""
BY_ID = """query($ids: [ID!]!, $entities: [_Any!]!) {
  nodes(ids: $ids) { __typename id }
  _entities(representations: $entities) { __typename ... on Node { id } }
}"""
Place = tuple[str, str]
"""A type and its field."""


def object_type(name: str) -> GraphQLObjectType:
    type_ = GRAPH.get_type(name)
    assert isinstance(type_, GraphQLObjectType)
    return type_


def is_connection(type_: Any) -> TypeGuard[GraphQLObjectType]:
    return isinstance(type_, GraphQLObjectType) and type_.name.endswith("Connection") and "nodes" in type_.fields


def row_type(type_: GraphQLOutputType) -> str | None:
    """Return the type of the rows of a field: of a connection its nodes'."""
    named: Any = get_named_type(type_)
    if is_connection(named):
        named = get_named_type(named.fields["nodes"].type)
    is_node = isinstance(named, GraphQLObjectType) and any(each.name == "Node" for each in named.interfaces)
    return named.name if is_node else None


def fields(parent: GraphQLObjectType) -> Iterator[tuple[str, GraphQLField]]:
    """Yield the fields that return rows and need no argument."""
    for name, field in parent.fields.items():
        if row_type(field.type) and not any(map(is_required_argument, field.args.values())):
            yield name, field


def selection(name: str, field: GraphQLField, inner: str) -> str:
    if not is_connection(get_named_type(field.type)):
        return f"{name} {{ {inner} }}"
    return f"{name}(first: 100) {{ totalCount nodes {{ {inner} }} }}"


def links(type_: str) -> str:
    """Return the selection of all fields of a type that return rows."""
    return " ".join(selection(name, each, "__typename id") for name, each in fields(object_type(type_)))


def document(root: str, field: GraphQLField) -> str:
    """Return an operation that asks for a root field, and for all fields of its rows that return rows."""
    return f"{{ {selection(root, field, f'__typename id {links(row_type(field.type) or str())}')} }}"


def rows(value: Any, parent: str = "Query", field: str = "") -> Iterator[tuple[Place, str, str]]:
    """Yield of each row in an answer its parent's type and field, its own type and its id; a count is a row as well."""
    if isinstance(value, list):
        for each in value:
            yield from rows(each, parent, field)
    if not isinstance(value, dict):
        return
    if value.get("totalCount"):
        yield (parent, field), "a count", ""
    if "__typename" in value:
        yield (parent, field), value["__typename"], value["id"]
        parent = value["__typename"]
    for name, each in value.items():
        yield from rows(each, parent, field if name == "nodes" else name)


async def walk(stage: Stage) -> tuple[set[tuple[Place, str]], dict[str, str]]:
    """Return in which fields rows were found, with their types, and an id of each type."""
    found, ids = set[tuple[Place, str]](), dict[str, str]()

    async def ask(query: str) -> None:
        for place, type_, id_ in rows(await stage.got(ALL_SCOPES, query)):
            found.add((place, type_))
            if id_:
                ids[type_] = id_

    for root, field in fields(object_type("Query")):
        await ask(document(root, field))
    for type_ in sorted(ids.keys() - {row_type(field.type) for _, field in fields(object_type("Query"))}):
        await ask(f'{{ node(id: "{ids[type_]}") {{ __typename id ... on {type_} {{ {links(type_)} }} }} }}')
    return found, ids


async def by_id(stage: Stage, ids: dict[str, str]) -> set[str]:
    """Return the types of the rows that ``nodes`` and ``_entities`` both find."""
    entities = [{"__typename": type_, "id": id_} for type_, id_ in ids.items()]
    data = await stage.got(ALL_SCOPES, BY_ID, ids=list(ids.values()), entities=entities)
    nodes, others = ({row["__typename"] for row in data[name] if row} for name in ("nodes", "_entities"))
    assert nodes == others
    return nodes


async def counted(stage: Stage) -> set[str]:
    return {name for name, groups in (await stage.got(ALL_SCOPES, TOTALS)).items() if groups}


def close(monkeypatch: pytest.MonkeyPatch, values: Mapping[str, Any]) -> None:
    """Replace what has these names, for statements that are compiled anew."""
    for module in MODULES:
        for name, value in values.items():
            if hasattr(module, name):
                monkeypatch.setattr(module, name, value)
    monkeypatch.setattr(compiled, "STATEMENTS", compiled.Statements())


@pytest.fixture(scope="module")
async def filled(shared: Stage) -> Stage:
    await create_cases(shared)
    taxpayer = {"keys": [["npwp", "000000000000000"]]}
    await shared.records(payment("P-tax", **taxpayer), order("O-tax", **taxpayer), report("located", area="33.74"))
    await shared.run(MATTERS)
    return shared


async def test_every_field_that_returns_rows_finds_some(filled: Stage) -> None:
    found, ids = await walk(filled)
    asked = {(parent, name) for parent in ("Query", *ids) for name, _ in fields(object_type(parent))}
    assert asked - {place for place, _ in found} == set()


@pytest.mark.parametrize("rules", [("complaints",), ("records",), ("complaints", "records")], ids="+".join)
async def test_no_field_finds_rows_of_closed_rules(
    filled: Stage, monkeypatch: pytest.MonkeyPatch, rules: tuple[str, ...]
) -> None:
    before, ids = await walk(filled)
    totals = await counted(filled)
    assert await by_id(filled, ids) == ids.keys() >= EVERYTHING
    types = EVERYTHING if len(rules) == len(RULES) else RULES[rules[0]][0]
    for rule in rules:
        close(monkeypatch, RULES[rule][2])
    after, _ = await walk(filled)
    of_types = {place for place, type_ in before if type_ in types}
    assert {place for place, _ in after} & of_types == set()
    assert await by_id(filled, ids) & types == set()
    assert await counted(filled) & set().union(*(RULES[rule][1] for rule in rules)) == set()
    assert totals == {"complaints", "payments", "orders", "permits", "agreements"}
