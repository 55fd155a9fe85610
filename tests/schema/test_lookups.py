"""Lookups by key, ``viewer``, and the lists of reference data."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import GraphQLObjectType

from hub.api.graphql.limits import Limits
from hub.api.graphql.validation import OperationValidator
from hub.complaints.categories import CATEGORIES
from hub.schema.graph import schema
from hub.store.database import record_statements
from hub.viewer import Viewer, ViewerKind
from tests.fake_connector import payment, report
from tests.schema.harness import ANONYMOUS, CLERK, OFFICER, WORKER, Stage
from tests.sync import isolated_sequencer

NAMED = {
    "payment": ("payment(reference: $name) {reference}", {"reference": "P1"}, "P1", OFFICER),
    "centralReport": ("centralReport(trackingId: $name) {trackingId}", {"trackingId": "1"}, "1", OFFICER),
    "system": ("system(name: $name) {name}", {"name": "fake"}, "fake", ANONYMOUS),
}
"""Each lookup with its type, key, and the scope that it needs."""


@pytest.fixture(scope="module")
async def filled(shared: Stage) -> Stage:
    await shared.records(payment("P1"), payment("P2"), report("1"), report("2", secret=True))
    while await isolated_sequencer.sequence(shared.database):
        pass
    return shared


@pytest.mark.parametrize("field", NAMED)
async def test_what_has_a_name_is_found_by_it(filled: Stage, field: str) -> None:
    selection, found, name, who = NAMED[field]
    assert await filled.got(who, f"query($name: String!) {{{selection}}}", name=name) == {field: found}


@pytest.mark.parametrize("name", ["nobody", "", "\0", "P" * 10_000])
@pytest.mark.parametrize("field", NAMED)
async def test_a_name_that_nothing_has_is_null(filled: Stage, field: str, name: str) -> None:
    selection, _, _, who = NAMED[field]
    assert await filled.got(who, f"query($name: String!) {{{selection}}}", name=name) == {field: None}


async def test_an_invisible_report_is_null_like_a_missing_one(filled: Stage) -> None:
    query = '{a: centralReport(trackingId: "2") {trackingId} b: centralReport(trackingId: "nobody") {trackingId}}'
    assert await filled.got(CLERK, query) == {"a": None, "b": None}
    assert (await filled.got(WORKER, query))["a"] == {"trackingId": "2"}


async def test_many_names_are_one_statement(filled: Stage) -> None:
    with record_statements() as noted:
        data = await filled.got(WORKER, '{a: payment(reference: "P1") {reference} b: payment(reference: "P2") {id}}')
    assert None not in (data["a"], data["b"])
    assert len(noted) == 1


VIEWER = "{viewer {kind name client scopes merchants ticket language agency {code}}}"
VIEWERS: dict[str, tuple[Viewer, dict[str, Any]]] = {
    "the public": (ANONYMOUS, {"kind": "ANONYMOUS", "name": "anonymous"}),
    "the desk": (
        Viewer(ViewerKind.OFFICER, "u_1", frozenset({"reports:read", "complaints:read"}), client="desk-app"),
        {"kind": "OFFICER", "name": "u_1", "client": "desk-app", "scopes": ["complaints:read", "reports:read"]},
    ),
    "an agency": (
        Viewer(ViewerKind.OFFICER, "u_2", agency="DISHUB"),
        {"kind": "OFFICER", "name": "u_2", "agency": {"code": "DISHUB"}},
    ),
    "an agency that is not there": (
        Viewer(ViewerKind.OFFICER, "u_3", agency="NASA"),
        {"kind": "OFFICER", "name": "u_3"},
    ),
    "a holder": (
        Viewer(ViewerKind.HOLDER, "holder:LG-2026-000001", ticket="LG-2026-000001"),
        {"kind": "HOLDER", "name": "holder:LG-2026-000001", "ticket": "LG-2026-000001"},
    ),
}


@pytest.mark.parametrize("case", VIEWERS)
async def test_the_viewer_field_describes_the_viewer(filled: Stage, case: str) -> None:
    who, expected = VIEWERS[case]
    nothing: dict[str, Any] = {
        "client": None,
        "scopes": [],
        "merchants": [],
        "ticket": None,
        "language": "ID",
        "agency": None,
    }
    assert await filled.got(who, VIEWER) == {"viewer": nothing | expected}


async def test_viewer_and_categories_use_the_requests_language(filled: Stage) -> None:
    query = "{viewer {language} categories {code name english: name(language: EN)}}"
    for language in ("id", "en"):
        data = await filled.got(ANONYMOUS, query, language=language)
        assert data["viewer"] == {"language": language.upper()}
        assert data["categories"] == [
            {"code": c.code, "name": getattr(c, f"label_{language}"), "english": c.label_en} for c in CATEGORIES
        ]


async def test_the_agencies_of_all_categories_are_one_statement(filled: Stage) -> None:
    with record_statements() as noted:
        data = await filled.got(WORKER, "{categories {agency {code}}}")
    assert [each["agency"]["code"] for each in data["categories"]] == [c.agency_code for c in CATEGORIES]
    assert len(noted) == 1


def test_the_categories_cost_as_many_as_there_are() -> None:
    validator = OperationValidator(schema()._schema, Limits(), introspection=False)
    assert validator.validate("{categories {code}}", {}, None).cost == len(CATEGORIES)


def test_every_connection_has_its_nodes() -> None:
    found = [kind for name, kind in schema()._schema.type_map.items() if name.endswith("Connection")]
    assert len(found) >= 8
    for kind in found:
        assert isinstance(kind, GraphQLObjectType)
        edge = kind.fields["edges"].type.of_type.of_type.of_type
        assert str(kind.fields["nodes"].type) == f"[{edge.fields['node'].type}]!"


@pytest.mark.parametrize(
    ("lists", "fields"),
    [("payments", "reference"), ("changes", "system position"), ("auditEvents", "at action")],
)
async def test_nodes_are_those_of_the_edges(filled: Stage, lists: str, fields: str) -> None:
    query = f"{{{lists}(first: 2) {{edges {{node {{{fields}}}}} nodes {{{fields}}}}}}}"
    found = (await filled.got(WORKER, query))[lists]
    assert found["nodes"] == [edge["node"] for edge in found["edges"]]
    assert lists == "auditEvents" or len(found["nodes"]) == 2


@pytest.mark.parametrize("below", ["edges {node {id}}", "nodes {id}"])
def test_nodes_have_a_cost(below: str) -> None:
    validator = OperationValidator(schema()._schema, Limits(), introspection=False)
    one, many = (validator.validate(f"{{payments(first: {n}) {{{below}}}}}", {}, None).cost for n in (1, 51))
    assert many - one == 50 * (2 if "edges" in below else 1)


@pytest.mark.parametrize("who", [ANONYMOUS, OFFICER], ids=["public", "officer"])
async def test_a_field_that_its_viewer_does_not_include_is_no_error(filled: Stage, who: Viewer) -> None:
    may = "reports:read" in (await filled.got(who, "{viewer {scopes}}"))["viewer"]["scopes"]
    assert may is (who is OFFICER)
    shared = "query($may: Boolean!) {systems {name} centralReports(first: 1) @include(if: $may) {totalCount}}"
    assert ("centralReports" in await filled.got(who, shared, may=may)) is may
