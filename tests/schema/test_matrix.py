"""The matrix: every field and every filter × every kind of viewer, by every way; no line, no field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, GraphQLNonNull, get_named_type, is_leaf_type

from hub.schema.complaints.complaint import Complaint
from hub.schema.complaints.deliveries import Delivery
from hub.schema.graph import schema
from hub.store.reading.sight import Depth
from hub.viewer import Viewer, ViewerKind
from tests.schema.cases import (
    CASES,
    KNOWS_REPORTERS,
    PLACE,
    SEEN,
    SEES_READS,
    VIEWERS,
    Tickets,
    prepared,
    told,
    viewer,
)
from tests.schema.stage import ANONYMOUS, OFFICER, WORKER, Stage
from tests.schema.test_fields import FIELDS, ROWS, fields, forbidden

BARE = """id ticket status statusLabel secret receivedAt verifiedAt answeredAt closedAt dueAt dueEstimated overdue
    updatedAt"""
OF_THE_PUBLIC = "category categoryLabel title place agency area"
FULL = """channel channelLabel class classLabel inspection anonymous rating text attachments timeline references
    accessLog orders reporter centralReport payments deliveries shared conflicts"""
DEPTHS: Mapping[str, Depth] = {
    **dict.fromkeys(BARE.split(), Depth.BARE),
    **dict.fromkeys(OF_THE_PUBLIC.split(), Depth.PUBLIC),
    **dict.fromkeys(FULL.split(), Depth.FULL),
}
"""How much of a complaint one must be told to be told a field; the scopes besides are in ``test_fields``."""

FILTERS: Mapping[str, tuple[Depth, str, Any]] = {
    "ticket": (Depth.BARE, "", None),
    "status": (Depth.BARE, "", ["RECEIVED", "RETURNED", "REJECTED", "ASSIGNED"]),
    "receivedFrom": (Depth.BARE, "", "2000-01-01T00:00:00+00:00"),
    "receivedTo": (Depth.BARE, "", "2999-01-01T00:00:00+00:00"),
    "overdue": (Depth.BARE, "", False),
    "category": (Depth.PUBLIC, "", ["PUBLIC_TRANSPORT"]),
    "agency": (Depth.PUBLIC, "", ["DISHUB"]),
    "area": (Depth.PUBLIC, "", ["33.74"]),
    "channel": (Depth.FULL, "complaints:read", ["WHATSAPP"]),
    "class": (Depth.FULL, "complaints:read", ["COMPLAINT"]),
}
"""Each with a value that every case has: who finds a row by it is told the value."""

NODES = "query($ids: [ID!]!) {nodes(ids: $ids) {... on Complaint {%s}}}"
ENTITIES = "query($r: [_Any!]!) {_entities(representations: $r) {... on Complaint {%s}}}"
LISTED = "{complaints(first: 100) {edges {node {%s}}}}"
LINKED = '{agency(code: "DISHUB") {complaints(first: 100) {edges {node {%s}}}}}'


@pytest.fixture(scope="module")
async def tickets(shared: Stage) -> Tickets:
    """A complaint of each case, of whose reporter somebody has read before."""
    made = await prepared(shared)
    await shared.got(VIEWERS["officer"], "{complaints(first: 100) {edges {node {reporter {name}}}}}")
    return made


@pytest.fixture(scope="module")
async def whole(shared: Stage, tickets: Tickets) -> Mapping[str, Any]:
    """Each complaint as the worker sees it."""
    return {row["ticket"]: row for row in in_list((await shared.got(WORKER, LISTED % SELECTED))["complaints"])}


def in_list(connection: Any) -> list[Any]:
    return [edge["node"] for edge in connection["edges"]]


def selection() -> str:
    """Every field of a complaint."""
    inner = {"place": "{latitude longitude}", "timeline": "{action at role note}", "accessLog": "{__typename}"}
    return " ".join(
        name if is_leaf_type(get_named_type(field.type)) else f"{name} {inner.get(name, '{__typename}')}"
        for name, field in fields("Complaint").items()
    )


SELECTED = selection()


def test_every_field_of_a_complaint_has_its_line() -> None:
    assert sorted(DEPTHS) == sorted(fields("Complaint"))
    never_null = {name for name, field in fields("Complaint").items() if isinstance(field.type, GraphQLNonNull)}
    assert {DEPTHS[name] for name in never_null} == {Depth.BARE}


def test_every_filter_of_complaints_has_its_line() -> None:
    filter_ = schema()._schema.type_map["ComplaintFilter"]
    assert isinstance(filter_, GraphQLInputObjectType)
    assert sorted(FILTERS) == sorted(filter_.fields)


def test_every_kind_of_viewer_is_in_the_matrix() -> None:
    assert {each.kind for each in VIEWERS.values()} == set(ViewerKind)


def expected(name: str, depth: Depth, refused: Mapping[str, str], row: Mapping[str, Any]) -> dict[str, Any]:
    """What the viewer called ``name`` is told of a row the worker sees as ``row``, at that depth."""
    shown = {field: row[field] if depth >= DEPTHS[field] else withheld(row[field]) for field in row}
    if depth is Depth.PUBLIC:
        shown["place"] = {axis: round(PLACE[axis], 2) for axis in PLACE}
    if name not in KNOWS_REPORTERS:
        shown["reporter"] = None
    if name not in SEES_READS:
        shown["accessLog"] = None
    return {**shown, **dict.fromkeys(refused)}


LINKED_MANY = ("Payment", "ProcurementOrder", "Delivery")


def withheld(value: Any) -> Any:
    """A link to several leads to none; everything else is null."""
    is_link = isinstance(value, list) and value and value[0].get("__typename") in LINKED_MANY
    return [] if is_link else None


def check(name: str, answer: Any, rows: list[Any], whole: Mapping[str, Any], tickets: Tickets) -> None:
    """Every field of every row is as the matrix says, and each refused field is told of with its scope."""
    refused = forbidden("Complaint", viewer(name, tickets))
    cases = {ticket: case for case, ticket in tickets.items()}
    for row in rows:
        depth = SEEN[name][cases[row["ticket"]]]
        assert steady(row) == steady(expected(name, depth, refused, whole[row["ticket"]])), (name, depth)
    assert {error["extensions"]["code"] for error in answer.errors} <= {"FORBIDDEN"}
    assert {error["path"][-1]: error["extensions"]["scope"] for error in answer.errors} == (refused if rows else {})


def steady(row: Mapping[str, Any]) -> dict[str, Any]:
    """Without how many reads there are, as reading makes more."""
    return {**row, "accessLog": row["accessLog"][:1] if row["accessLog"] else row["accessLog"]}


@pytest.mark.parametrize("name", VIEWERS)
async def test_every_field_by_list(shared: Stage, tickets: Tickets, whole: Mapping[str, Any], name: str) -> None:
    answer = await shared.ask(viewer(name, tickets), LISTED % SELECTED)
    rows = in_list(answer.data["complaints"])
    assert {row["ticket"] for row in rows} == told(name, tickets)
    check(name, answer, rows, whole, tickets)


@pytest.mark.parametrize("name", VIEWERS)
async def test_every_field_by_link(shared: Stage, tickets: Tickets, whole: Mapping[str, Any], name: str) -> None:
    answer = await shared.ask(viewer(name, tickets), LINKED % SELECTED)
    rows = in_list(answer.data["agency"]["complaints"])
    assert {row["ticket"] for row in rows} == told(name, tickets, Depth.PUBLIC)
    check(name, answer, rows, whole, tickets)


@pytest.mark.parametrize("name", VIEWERS)
async def test_every_field_by_node_and_entity(
    shared: Stage, tickets: Tickets, whole: Mapping[str, Any], name: str
) -> None:
    ids = [Complaint.id_of(("hub", ticket)) for ticket in tickets.values()]
    by_id = [{"__typename": "Complaint", "id": id_} for id_ in ids]
    by_ticket = [{"__typename": "Complaint", "ticket": ticket} for ticket in tickets.values()]
    for query, given in ((NODES, {"ids": ids}), (ENTITIES, {"r": by_id}), (ENTITIES, {"r": by_ticket})):
        answer = await shared.ask(viewer(name, tickets), query % SELECTED, **given)
        ((_, rows),) = answer.data.items()
        assert {case for case, row in zip(CASES, rows, strict=True) if row} == SEEN[name].keys()
        check(name, answer, [row for row in rows if row], whole, tickets)


@pytest.mark.parametrize("filter_", FILTERS)
@pytest.mark.parametrize("name", VIEWERS)
async def test_a_filter_finds_the_rows_of_which_its_viewer_is_told_the_value(
    shared: Stage, tickets: Tickets, name: str, filter_: str
) -> None:
    depth, scope, value = FILTERS[filter_]
    who = viewer(name, tickets)
    given = {filter_: value if value is not None else list(tickets.values())}
    query = """query($f: ComplaintFilter) {complaints(first: 100, filter: $f) {totalCount edges {node {ticket}}}
        agency(code: "DISHUB") {complaints(first: 100, filter: $f) {totalCount edges {node {ticket}}}}}"""
    answer = await shared.ask(who, query, f=given)
    listed, linked = answer.data["complaints"], answer.data["agency"]["complaints"]
    if scope and not who.may(scope):
        assert (listed, linked) == (None, None)
        assert [error["extensions"] for error in answer.errors] == [{"code": "FORBIDDEN", "scope": scope}] * 2
        return
    for found, least in ((listed, depth), (linked, max(depth, Depth.PUBLIC))):
        assert {row["ticket"] for row in in_list(found)} == told(name, tickets, least)
        assert found["totalCount"] == len(found["edges"])


@pytest.mark.parametrize("by", ["MONTH", "CHANNEL", "STATUS", "AGENCY"])
@pytest.mark.parametrize("name", VIEWERS)
async def test_totals_tell_officers_of_theirs_and_others_of_what_the_public_sees(
    shared: Stage, tickets: Tickets, name: str, by: str
) -> None:
    query = f"{{complaintTotals(by: {by}) {{group count}}}}"
    found = (await shared.got(viewer(name, tickets), query))["complaintTotals"]
    if viewer(name, tickets).kind in (ViewerKind.OFFICER, ViewerKind.WORKER) and name != "officer without scopes":
        assert sum(row["count"] for row in found) == len(told(name, tickets))
    else:
        assert found == (await shared.got(ANONYMOUS, query))["complaintTotals"]
        assert {row["count"] for row in found} == {None}


@pytest.mark.parametrize("type_name", sorted(FIELDS.keys() - {"Complaint", "Delivery"}))
@pytest.mark.parametrize("name", VIEWERS)
async def test_every_field_of_every_other_type(shared: Stage, tickets: Tickets, name: str, type_name: str) -> None:
    who = viewer(name, tickets)
    selected = " ".join(
        field if is_leaf_type(get_named_type(kind.type)) else f"{field} {{__typename}}"
        for field, kind in fields(type_name).items()
    )
    id_ = (await shared.got(WORKER, ANY[type_name]))["found"]
    while isinstance(id_, dict | list):
        id_ = id_[0] if isinstance(id_, list) else next(iter(id_.values()))
    answer = await shared.ask(who, f"query($id: ID!) {{node(id: $id) {{... on {type_name} {{{selected}}}}}}}", id=id_)
    scope = ROWS.get(type_name)
    visible = scope is None or who.may(scope)
    assert bool(answer.data["node"]) is visible
    refused = {error["path"][-1]: error["extensions"]["scope"] for error in answer.errors}
    assert refused == (forbidden(type_name, who) if visible else {})
    if visible:
        assert all(answer.data["node"][field] is None for field in refused)


OPERATORS = {
    "operator": Viewer(ViewerKind.OFFICER, "operator", frozenset({"hub:operate"})),
    "operator of the desk": Viewer(ViewerKind.OFFICER, "operator", OFFICER.scopes | {"hub:operate"}),
}
"""Who operates the hub need not handle complaints."""


@pytest.mark.parametrize("name", [*VIEWERS, *OPERATORS])
async def test_a_delivery_is_seen_by_whoever_sees_all_of_its_complaint_or_operates_the_hub(
    shared: Stage, tickets: Tickets, name: str
) -> None:
    who = OPERATORS.get(name) or viewer(name, tickets)
    whole = {case for case, depth in SEEN.get(name, SEEN["officer"]).items() if depth is Depth.FULL}
    seen = set(CASES) - {"secret"} if name == "operator" else whole
    ids = [Delivery.id_of(("hub", f"{ticket}/1")) for ticket in tickets.values()]
    query = "query($ids: [ID!]!) {nodes(ids: $ids) {... on Delivery {ticket complaint {ticket} system {name}}}}"
    rows = (await shared.got(who, query, ids=ids))["nodes"]
    assert {case for case, row in zip(CASES, rows, strict=True) if row} == seen
    told = {case for case, row in zip(CASES, rows, strict=True) if row and row["complaint"]}
    assert told == (whole if name != "operator" else set())
    listed = await shared.ask(who, "{deliveries(first: 100) {totalCount edges {node {ticket evidence {outcome}}}}}")
    if who.may("hub:operate"):
        assert {row["ticket"] for row in in_list(listed.data["deliveries"])} == {tickets[case] for case in seen}
    else:
        assert (listed.data["deliveries"], listed.codes) == (None, ["FORBIDDEN"])


ANY = {
    "Agency": '{found: agency(code: "DISHUB") {id}}',
    "Area": "{found: areas(first: 1) {edges {node {id}}}}",
    "CentralReport": "{found: centralReports(first: 1) {edges {node {id}}}}",
    "Payment": "{found: payments(first: 1) {edges {node {id}}}}",
    "ProcurementOrder": "{found: procurementOrders(first: 1) {edges {node {id}}}}",
    "Supplier": "{found: procurementOrders(first: 1) {edges {node {supplier {id}}}}}",
    "System": "{found: systems {id}}",
}
"""How to come by a row of each type."""


@pytest.mark.parametrize("name", VIEWERS)
async def test_conflicts_are_told_to_whoever_may_assign_and_sees_all_of_the_complaint(
    shared: Stage, tickets: Tickets, name: str
) -> None:
    who = viewer(name, tickets)
    answer = await shared.ask(who, "{conflicts(first: 100) {totalCount edges {node {ticket conflicts {field}}}}}")
    if not who.may("complaints:assign"):
        assert (answer.data["conflicts"], answer.codes) == (None, ["FORBIDDEN"])
        return
    rows = in_list(answer.data["conflicts"])
    assert {row["ticket"] for row in rows} == told(name, tickets, Depth.FULL)
    assert answer.data["conflicts"]["totalCount"] == len(rows)
    assert all(row["conflicts"] == [{"field": "agency"}] for row in rows)
