"""The matrix: every field and filter × every kind of viewer, in every query. A field without a line fails."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, GraphQLNonNull, get_named_type, is_leaf_type

from hub.schema.complaints.complaint import Complaint
from hub.schema.complaints.deliveries import Delivery
from hub.schema.graph import schema
from hub.store.queries.visibility import Detail
from hub.viewer import Viewer, ViewerKind
from tests.schema.harness import ANONYMOUS, OFFICER, WORKER, Stage
from tests.schema.test_fields import FIELDS, ROWS, fields, forbidden
from tests.schema.visibility_cases import (
    AT_THE_DESK,
    CASES,
    KNOWS_REPORTERS,
    PLACE,
    SEEN,
    SEES_PAYMENTS,
    SEES_READS,
    VIEWERS,
    Tickets,
    create_cases,
    tickets_shown_to,
    viewer,
)

BARE = """id ticket status statusLabel secret receivedAt verifiedAt answeredAt closedAt dueAt dueEstimated overdue
    updatedAt"""
OF_THE_PUBLIC = "category categoryLabel title location agency area"
FULL = """channel channelLabel class classLabel inspection anonymous rating text attachments timeline references
    accessLog procurementOrders reporter centralReport claims payments permits deliveries sharedFields
    conflicts personalData agreement"""
OTHERS = {"Agreement", "Complaint", "Delivery"}
"""Types with tests of their own for every viewer; see tests/schema/agreement/test_viewers.py for agreements."""
DEPTHS: Mapping[str, Detail] = {
    **dict.fromkeys(BARE.split(), Detail.MINIMAL),
    **dict.fromkeys(OF_THE_PUBLIC.split(), Detail.PUBLIC),
    **dict.fromkeys(FULL.split(), Detail.FULL),
}
"""The detail of a complaint that each field requires; required scopes are in ``test_fields``."""

FILTERS: Mapping[str, tuple[Detail, str, Any]] = {
    "ticket": (Detail.MINIMAL, "", None),
    "status": (Detail.MINIMAL, "", ["RECEIVED", "RETURNED", "REJECTED", "ASSIGNED"]),
    "receivedFrom": (Detail.MINIMAL, "", "2000-01-01T00:00:00+00:00"),
    "receivedTo": (Detail.MINIMAL, "", "2999-01-01T00:00:00+00:00"),
    "overdue": (Detail.MINIMAL, "", False),
    "category": (Detail.PUBLIC, "", ["PUBLIC_TRANSPORT"]),
    "agency": (Detail.PUBLIC, "", ["DISHUB"]),
    "area": (Detail.PUBLIC, "", ["33.74"]),
    "channel": (Detail.FULL, "complaints:read", ["WHATSAPP"]),
    "class": (Detail.FULL, "complaints:read", ["COMPLAINT"]),
    "paymentReference": (Detail.FULL, "complaints:read", [f"P-{case}" for case in CASES]),
    "orderId": (Detail.FULL, "complaints:read", [f"O-{case}" for case in CASES]),
    "trackingId": (Detail.FULL, "complaints:read", [str(number) for number in range(1, len(CASES) + 1)]),
    "permitNumber": (Detail.FULL, "complaints:read", [f"I-{case}" for case in CASES]),
}
"""Each filter with a value that every case has: a viewer who finds a row by a value learns the value."""

NODES = "query($ids: [ID!]!) {nodes(ids: $ids) {... on Complaint {%s}}}"
ENTITIES = "query($r: [_Any!]!) {_entities(representations: $r) {... on Complaint {%s}}}"
LISTED = "{complaints(first: 100) {edges {node {%s}}}}"
LINKED = '{agency(code: "DISHUB") {complaints(first: 100) {edges {node {%s}}}}}'


@pytest.fixture(scope="module")
async def tickets(shared: Stage) -> Tickets:
    """A complaint of each case, whose reporter has been read."""
    made = await create_cases(shared)
    # The public counts months that have ended.
    await shared.run("update complaints set received_at = received_at - interval '40 days'")
    await shared.got(VIEWERS["officer"], "{complaints(first: 100) {edges {node {reporter {name}}}}}")
    return made


@pytest.fixture(scope="module")
async def whole(shared: Stage, tickets: Tickets) -> Mapping[str, Any]:
    """Each complaint as the worker sees it."""
    return {row["ticket"]: row for row in in_list((await shared.got(WORKER, LISTED % SELECTED))["complaints"])}


@pytest.fixture(scope="module")
async def some_ids(shared: Stage, tickets: Tickets) -> Mapping[str, str]:
    """The id of a row of each type."""
    found = {type_name: (await shared.got(WORKER, query))["found"] for type_name, query in ANY.items()}
    return {type_name: first_leaf(row) for type_name, row in found.items()}


def first_leaf(found: Any) -> str:
    while isinstance(found, dict | list):
        found = found[0] if isinstance(found, list) else next(iter(found.values()))
    return str(found)


def in_list(connection: Any) -> list[Any]:
    return [edge["node"] for edge in connection["edges"]]


def selection() -> str:
    """Return a selection of all fields of a complaint."""
    inner = {"location": "{latitude longitude}", "timeline": "{action at role note}", "accessLog": "{__typename}"}
    return " ".join(
        name if is_leaf_type(get_named_type(field.type)) else f"{name} {inner.get(name, '{__typename}')}"
        for name, field in fields("Complaint").items()
    )


SELECTED = selection()


def test_every_field_of_a_complaint_has_its_line() -> None:
    assert sorted(DEPTHS) == sorted(fields("Complaint"))
    never_null = {name for name, field in fields("Complaint").items() if isinstance(field.type, GraphQLNonNull)}
    assert {DEPTHS[name] for name in never_null} == {Detail.MINIMAL}


def test_every_filter_of_complaints_has_its_line() -> None:
    filter_ = schema()._schema.type_map["ComplaintFilter"]
    assert isinstance(filter_, GraphQLInputObjectType)
    assert sorted([*FILTERS, "search"]) == sorted(filter_.fields)


def test_every_kind_of_viewer_is_in_the_matrix() -> None:
    assert {each.kind for each in VIEWERS.values()} == set(ViewerKind)


def expected(name: str, case: str, depth: Detail, refused: Mapping[str, str], row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what viewer ``name`` sees, at that detail, of a case that the worker sees as ``row``."""
    shown = {field: row[field] if depth >= DEPTHS[field] else withheld(row[field]) for field in row}
    if depth is Detail.PUBLIC:
        shown["location"] = {axis: round(PLACE[axis], 2) for axis in PLACE}
    if name not in KNOWS_REPORTERS:
        shown["reporter"] = None
    if case not in SEES_PAYMENTS.get(name, ()):
        shown["payments"] = []
    if name not in AT_THE_DESK:
        shown["claims"] = []
    if name not in SEES_READS:
        shown["accessLog"] = None
    return {**shown, **dict.fromkeys(refused)}


LINKED_MANY = ("Payment", "ProcurementOrder", "Delivery", "CentralReport", "Permit")


def withheld(value: Any) -> Any:
    """Return the value of a hidden field: an empty list for a link to several rows, else null."""
    is_link = isinstance(value, list) and value and value[0].get("__typename") in LINKED_MANY
    return [] if is_link else None


def check(name: str, answer: Any, rows: list[Any], whole: Mapping[str, Any], tickets: Tickets) -> None:
    """Check that every field of every row is as in the matrix, and each forbidden field has an error with its scope."""
    refused = forbidden("Complaint", viewer(name, tickets))
    cases = {ticket: case for case, ticket in tickets.items()}
    for row in rows:
        case = cases[row["ticket"]]
        depth = SEEN[name][case]
        assert steady(row) == steady(expected(name, case, depth, refused, whole[row["ticket"]])), (name, depth)
    assert {error["extensions"]["code"] for error in answer.errors} <= {"FORBIDDEN"}
    assert {error["path"][-1]: error["extensions"]["scope"] for error in answer.errors} == (refused if rows else {})


def steady(row: Mapping[str, Any]) -> dict[str, Any]:
    """Remove the number of reads, which each read changes."""
    return {**row, "accessLog": row["accessLog"][:1] if row["accessLog"] else row["accessLog"]}


@pytest.mark.parametrize("name", VIEWERS)
async def test_every_field_by_list(shared: Stage, tickets: Tickets, whole: Mapping[str, Any], name: str) -> None:
    answer = await shared.ask(viewer(name, tickets), LISTED % SELECTED)
    rows = in_list(answer.data["complaints"])
    assert {row["ticket"] for row in rows} == tickets_shown_to(name, tickets)
    check(name, answer, rows, whole, tickets)


@pytest.mark.parametrize("name", VIEWERS)
async def test_every_field_by_link(shared: Stage, tickets: Tickets, whole: Mapping[str, Any], name: str) -> None:
    answer = await shared.ask(viewer(name, tickets), LINKED % SELECTED)
    rows = in_list(answer.data["agency"]["complaints"])
    assert {row["ticket"] for row in rows} == tickets_shown_to(name, tickets, Detail.PUBLIC)
    check(name, answer, rows, whole, tickets)


@pytest.mark.parametrize("name", VIEWERS)
async def test_every_field_by_node_and_entity(
    shared: Stage, tickets: Tickets, whole: Mapping[str, Any], name: str
) -> None:
    ids = [Complaint.id_of(("hub", ticket)) for ticket in tickets.values()]
    by_id = [{"__typename": "Complaint", "id": id_} for id_ in ids]
    by_ticket = [{"__typename": "Complaint", "ticket": ticket} for ticket in tickets.values()]
    for query, variables in ((NODES, {"ids": ids}), (ENTITIES, {"r": by_id}), (ENTITIES, {"r": by_ticket})):
        answer = await shared.ask(viewer(name, tickets), query % SELECTED, **variables)
        ((_, rows),) = answer.data.items()
        assert {case for case, row in zip(CASES, rows, strict=True) if row} == SEEN[name].keys()
        check(name, answer, [row for row in rows if row], whole, tickets)


@pytest.mark.parametrize("name", VIEWERS)
async def test_a_filter_matches_only_values_its_viewer_may_see(shared: Stage, tickets: Tickets, name: str) -> None:
    who = viewer(name, tickets)
    # As many at once as an answer names errors.
    for some in batched(FILTERS, 5):
        found, errors = await filtered(shared, who, tickets, some)
        refused = []
        for filter_ in some:
            depth, scope, _ = FILTERS[filter_]
            for way, least in (("listed", depth), ("linked", max(depth, Detail.PUBLIC))):
                rows = found[way][filter_]
                if scope and not who.may(scope):
                    assert rows is None, (way, filter_)
                    refused.append({"code": "FORBIDDEN", "scope": scope})
                    continue
                assert {row["ticket"] for row in in_list(rows)} == tickets_shown_to(name, tickets, least), (
                    way,
                    filter_,
                )
                assert rows["totalCount"] == len(rows["edges"]), (way, filter_)
        assert sorted(errors, key=str) == sorted(refused, key=str)


async def filtered(
    shared: Stage, who: Viewer, tickets: Tickets, some: Iterable[str]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the complaints that each filter finds, listed and by the link of their agency, and the errors."""
    conditions: dict[str, Any] = {
        each: {each: list(tickets.values()) if FILTERS[each][2] is None else FILTERS[each][2]} for each in some
    }
    variables = ", ".join(f"${each}: ComplaintFilter" for each in conditions)
    lists = " ".join(
        f"{each}: complaints(first: 100, filter: ${each}) {{totalCount edges {{node {{ticket}}}}}}"
        for each in conditions
    )
    answer = await shared.ask(
        who, f'query({variables}) {{ {lists} linked: agency(code: "DISHUB") {{ {lists} }} }}', **conditions
    )
    linked = answer.data.pop("linked")
    return {"listed": answer.data, "linked": linked}, [error["extensions"] for error in answer.errors or []]


def batched(names: Iterable[str], size: int) -> Iterator[list[str]]:
    """Return ``names`` in batches."""
    rest = iter(names)
    while some := list(islice(rest, size)):
        yield some


@pytest.mark.parametrize("name", VIEWERS)
async def test_a_search_matches_only_text_its_viewer_may_see(shared: Stage, tickets: Tickets, name: str) -> None:
    query = """{title: complaints(first: 100, filter: {search: "tidak"}) {totalCount edges {node {ticket}}}
        text: complaints(first: 100, filter: {search: "melewati"}) {totalCount edges {node {ticket}}}}"""
    secret = {ticket for (ticket,) in await shared.rows("select ticket from complaints where secret")}
    data = await shared.got(viewer(name, tickets), query)
    for where, least in (("title", Detail.PUBLIC), ("text", Detail.FULL)):
        assert {row["ticket"] for row in in_list(data[where])} == tickets_shown_to(name, tickets, least) - secret
        assert data[where]["totalCount"] == len(data[where]["edges"])


@pytest.mark.parametrize("by", ["MONTH", "CHANNEL", "STATUS", "AGENCY"])
@pytest.mark.parametrize("name", VIEWERS)
async def test_totals_count_own_complaints_for_officers_else_public(
    shared: Stage, tickets: Tickets, name: str, by: str
) -> None:
    query = f"{{complaintTotals(groupBy: {by}) {{group count}}}}"
    found = (await shared.got(viewer(name, tickets), query))["complaintTotals"]
    if viewer(name, tickets).kind in (ViewerKind.OFFICER, ViewerKind.WORKER) and name != "officer without scopes":
        assert sum(row["count"] for row in found) == len(tickets_shown_to(name, tickets))
    else:
        assert found == (await shared.got(ANONYMOUS, query))["complaintTotals"]
        assert {row["count"] for row in found} == {None}


# Here are no registers that could agree: tests/schema/agreement/test_agreement.py has who sees an agreement.
@pytest.mark.parametrize("type_name", sorted(FIELDS.keys() - OTHERS))
@pytest.mark.parametrize("name", VIEWERS)
async def test_every_field_of_every_other_type(
    shared: Stage, tickets: Tickets, some_ids: Mapping[str, str], name: str, type_name: str
) -> None:
    who = viewer(name, tickets)
    selected = " ".join(
        field if is_leaf_type(get_named_type(kind.type)) else f"{field} {{__typename}}"
        for field, kind in fields(type_name).items()
    )
    query = f"query($id: ID!) {{node(id: $id) {{... on {type_name} {{{selected}}}}}}}"
    answer = await shared.ask(who, query, id=some_ids[type_name])
    scope = ROWS.get(type_name)
    visible = (scope is None or who.may(scope)) and (type_name != "Payment" or name in SEES_PAYMENTS)
    assert bool(answer.data["node"]) is visible
    refused = {error["path"][-1]: error["extensions"]["scope"] for error in answer.errors}
    assert refused == (forbidden(type_name, who) if visible else {})
    if visible:
        assert all(answer.data["node"][field] is None for field in refused)


OPERATORS = {
    "operator": Viewer(ViewerKind.OFFICER, "operator", frozenset({"hub:operate"})),
    "operator of the desk": Viewer(ViewerKind.OFFICER, "operator", OFFICER.scopes | {"hub:operate"}),
}
"""Operators need not handle complaints."""


@pytest.mark.parametrize("name", [*VIEWERS, *OPERATORS])
async def test_a_delivery_is_for_full_viewers_and_operators(shared: Stage, tickets: Tickets, name: str) -> None:
    who = OPERATORS.get(name) or viewer(name, tickets)
    whole = {case for case, depth in SEEN.get(name, SEEN["officer"]).items() if depth is Detail.FULL}
    seen = set(CASES) - {"secret"} if name == "operator" else whole
    ids = [Delivery.id_of(("hub", f"{ticket}/1")) for ticket in tickets.values()]
    query = "query($ids: [ID!]!) {nodes(ids: $ids) {... on Delivery {ticket complaint {ticket} system {name}}}}"
    rows = (await shared.got(who, query, ids=ids))["nodes"]
    assert {case for case, row in zip(CASES, rows, strict=True) if row} == seen
    visible = {case for case, row in zip(CASES, rows, strict=True) if row and row["complaint"]}
    assert visible == (whole if name != "operator" else set())
    listed = await shared.ask(who, "{deliveries(first: 100) {totalCount edges {node {ticket attempts {outcome}}}}}")
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
    "Permit": "{found: permits(first: 1) {edges {node {id}}}}",
    "Business": "{found: businesses(first: 1) {edges {node {id}}}}",
    "System": "{found: systems {id}}",
}
"""A query for a row of each type."""


@pytest.mark.parametrize("name", VIEWERS)
async def test_conflicts_are_for_assigners_who_see_the_full_complaint(
    shared: Stage, tickets: Tickets, name: str
) -> None:
    who = viewer(name, tickets)
    answer = await shared.ask(
        who, "{complaintsWithConflicts(first: 100) {totalCount edges {node {ticket conflicts {field}}}}}"
    )
    if not who.may("complaints:assign"):
        assert (answer.data["complaintsWithConflicts"], answer.codes) == (None, ["FORBIDDEN"])
        return
    rows = in_list(answer.data["complaintsWithConflicts"])
    assert {row["ticket"] for row in rows} == tickets_shown_to(name, tickets, Detail.FULL)
    assert answer.data["complaintsWithConflicts"]["totalCount"] == len(rows)
    assert all(row["conflicts"] == [{"field": "AGENCY"}] for row in rows)


@pytest.mark.parametrize("name", VIEWERS)
async def test_claims_are_for_the_desk_that_sees_the_full_complaint(shared: Stage, tickets: Tickets, name: str) -> None:
    who = viewer(name, tickets)
    answer = await shared.ask(
        who, "{complaintsWithClaims(first: 100) {totalCount edges {node {ticket claims {trackingId}}}}}"
    )
    if not (who.may("complaints:verify") and who.may("reports:read")):
        assert (answer.data["complaintsWithClaims"], answer.codes) == (None, ["FORBIDDEN"])
        return
    found = {row["ticket"]: row["claims"] for row in in_list(answer.data["complaintsWithClaims"])}
    claims = {tickets[case]: [{"trackingId": f"claim of {case}"}] for case in CASES}
    with_claims = tickets_shown_to(name, tickets, Detail.FULL) if name in AT_THE_DESK else set()
    assert found == {ticket: claims[ticket] for ticket in with_claims}
    assert answer.data["complaintsWithClaims"]["totalCount"] == len(with_claims)
