"""Lists and links page by page: every row once in every order, over ties; and what is no page at all."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson
import pytest
from graphql import GraphQLEnumType, GraphQLObjectType, get_named_type

from hub.complaints.workflow import Action
from hub.schema.graph import schema
from tests.fake import order, payment, report
from tests.schema.stage import DELIVERED, OFFICER, Stage

FIRST_DAY = "2026-01-01T00:00:00+00:00"


class Paged(NamedTuple):
    """A list of the graph: a connection of the query type or of an entity, in one order."""

    owner: str
    field: str
    order: str


def paged() -> Iterator[Paged]:
    """Every list there is in every order it has."""
    types = schema()._schema.type_map
    for owner in ("Query", *sorted(schema().shown)):
        found = types[owner]
        assert isinstance(found, GraphQLObjectType)
        for name, field in found.fields.items():
            if "orderBy" in field.args:
                orders = get_named_type(field.args["orderBy"].type)
                assert isinstance(orders, GraphQLEnumType)
                yield from (Paged(owner, name, order) for order in orders.values)


@pytest.fixture(scope="module")
async def filled(shared: Stage) -> Stage:
    """Rows with the same times and amounts, and some without an amount or a due time."""
    await shared.records(
        *(payment(f"P{n}", at=FIRST_DAY, amount="4000") for n in range(5)),
        *(payment(f"P{n}") for n in range(5, 7)),
        *(order(f"O{n}", at=FIRST_DAY) for n in range(5)),
        {"kind": "order", "id": "O5", "status": "PENDING", "version": 0},
        order("O6", amount="7.5"),
        *(report(f"{n}", at=FIRST_DAY, area="33.74") for n in range(5)),
        *(report(f"{n}", area="33.74") for n in range(5, 7)),
    )
    about = {"payment_reference": "P0", "order_id": "O0"}
    await shared.complaints("ASSIGNED", [about] * 7)
    waiting = await shared.complaint("ASSIGNED", **about)
    await shared.act(waiting, Action.RETURN)
    await shared.run("update complaints set received_at = :at, updated_at = :at where id <= 5", at=datetime.now(UTC))
    await shared.run(DELIVERED)
    return shared


OPERATOR = replace(OFFICER, scopes=OFFICER.scopes | {"hub:operate"})

SOURCES = {
    "Agency": '{agencies(filter: {code: ["DISHUB"]}) {edges {node {id}}}}',
    "Area": '{areas(filter: {code: ["33.74"]}) {edges {node {id}}}}',
    "Payment": "{payments(first: 100) {edges {node {id reference}}}}",
    "ProcurementOrder": "{procurementOrders(first: 100) {edges {node {id orderId}}}}",
}


async def source(stage: Stage, owner: str) -> str:
    """The id of the row that a link's list is read from."""
    if owner == "Supplier":
        found = await stage.got(OFFICER, "{procurementOrders(first: 1) {edges {node {supplier {id}}}}}")
        return str(found["procurementOrders"]["edges"][0]["node"]["supplier"]["id"])
    (listed,) = (await stage.got(OFFICER, SOURCES[owner])).values()
    rows = [edge["node"] for edge in listed["edges"]]
    return str(next(row["id"] for row in rows if set(row.values()) & {"P0", "O0"} or len(rows) == 1))


async def page(stage: Stage, of: Paged, first: int, after: str | None = None) -> Any:
    """One page of a list."""
    asked = f"{of.field}(first: $first, after: $after, orderBy: {of.order}) {{totalCount ...Page}}"
    page = "{pageInfo {hasNextPage hasPreviousPage endCursor} edges {cursor node {id}}}"
    shown = schema()._schema.type_map[of.owner].fields[of.field].type  # type: ignore[attr-defined]
    fragment = f"fragment Page on {get_named_type(shown).name} {page}"
    if of.owner == "Query":
        query = f"query($first: Int!, $after: String) {{{asked}}} {fragment}"
        viewer = OPERATOR if of.field == "deliveries" else OFFICER
        return (await stage.got(viewer, query, first=first, after=after))[of.field]
    query = (
        f"query($id: ID!, $first: Int!, $after: String) {{node(id: $id) {{... on {of.owner} {{{asked}}}}}}} {fragment}"
    )
    id_ = await source(stage, of.owner)
    return (await stage.got(OFFICER, query, id=id_, first=first, after=after))["node"][of.field]


@pytest.mark.parametrize("of", list(paged()), ids=lambda of: ".".join(of))
async def test_paging_walks_every_row_once_in_the_order_of_the_whole_list(filled: Stage, of: Paged) -> None:
    whole = await page(filled, of, 100)
    ids = [edge["node"]["id"] for edge in whole["edges"]]
    assert (whole["totalCount"], whole["pageInfo"]["hasNextPage"]) == (len(set(ids)), False)
    assert len(ids) >= 7
    walked: list[str] = []
    after = None
    step = 3 if len(ids) < 20 else 30
    while True:
        found = await page(filled, of, step, after)
        assert found["pageInfo"]["hasPreviousPage"] is (after is not None)
        walked += [edge["node"]["id"] for edge in found["edges"]]
        after = found["pageInfo"]["endCursor"]
        assert after == found["edges"][-1]["cursor"]
        if not found["pageInfo"]["hasNextPage"]:
            break
    assert walked == ids


@pytest.mark.parametrize(
    ("field", "value", "order", "ascending"),
    [
        ("complaints", "receivedAt", "RECEIVED_DESC", False),
        ("complaints", "receivedAt", "RECEIVED_ASC", True),
        ("complaints", "updatedAt", "UPDATED_DESC", False),
        ("agencies", "name", "NAME_ASC", True),
        ("areas", "code", "CODE_ASC", True),
        ("centralReports", "reportedAt", "REPORTED_DESC", False),
        ("centralReports", "reportedAt", "REPORTED_ASC", True),
        ("payments", "paidAt", "PAID_DESC", False),
        ("payments", "paidAt", "PAID_ASC", True),
        ("procurementOrders", "orderedAt", "ORDERED_DESC", False),
        ("procurementOrders", "orderedAt", "ORDERED_ASC", True),
    ],
)
async def test_a_list_is_in_the_order_its_name_says(
    filled: Stage, field: str, value: str, order: str, ascending: bool
) -> None:
    data = await filled.got(OFFICER, f"{{{field}(first: 100, orderBy: {order}) {{edges {{node {{{value}}}}}}}}}")
    found = [edge["node"][value] for edge in data[field]["edges"]]
    assert found == sorted(found, reverse=not ascending)


async def test_values_order_numbers_and_what_has_none_counts_as_nothing(filled: Stage) -> None:
    query = "query($by: ProcurementOrderBy!) {procurementOrders(orderBy: $by) {edges {node {value {amount}}}}}"
    for by, first, last in (("VALUE_DESC", "1000.00", None), ("VALUE_ASC", None, "1000.00")):
        edges = (await filled.got(OFFICER, query, by=by))["procurementOrders"]["edges"]
        amounts = [edge["node"]["value"] and edge["node"]["value"]["amount"] for edge in edges]
        assert (amounts[0], amounts[-1]) == (first, last)
        assert amounts.index("7.50") in (1, 5)
    largest = (await filled.got(OFFICER, "{payments(orderBy: AMOUNT_DESC) {edges {node {reference}}}}"))["payments"]
    assert len(largest["edges"]) == 7


async def test_what_waits_for_its_reporter_comes_last_where_the_most_urgent_come_first(filled: Stage) -> None:
    edges = (await filled.got(OFFICER, "{complaints(orderBy: DUE_ASC) {edges {node {dueAt status}}}}"))["complaints"][
        "edges"
    ]
    due = [edge["node"]["dueAt"] for edge in edges]
    assert due[:-1] == sorted(due[:-1])
    assert edges[-1]["node"] == {"dueAt": None, "status": "RETURNED"}


@pytest.mark.parametrize("first", [0, -1, 101, 2**31 - 1])
async def test_a_page_has_one_to_a_hundred_rows(filled: Stage, first: int) -> None:
    answer = await filled.ask(OFFICER, "query($n: Int!) {complaints(first: $n) {edges {cursor}}}", n=first)
    assert answer.codes in (["BAD_INPUT"], ["PAGE_TOO_LARGE"])
    assert "100" in answer.errors[0]["message"]


def forged(*told: Any) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(told)).decode().rstrip("=")


BAD_CURSORS: dict[str, str] = {
    "rubbish": "not a cursor",
    "empty": "",
    "not ascii": "é",
    "a number": forged(),
    "no time": forged("RECEIVED_DESC", "yesterday", 1),
    "no id": forged("RECEIVED_DESC", FIRST_DAY, None),
    "an id that is true": forged("RECEIVED_DESC", FIRST_DAY, True),
    "an id too large": forged("RECEIVED_DESC", FIRST_DAY, 2**63),
    "an id of text": forged("RECEIVED_DESC", FIRST_DAY, "1"),
    "a NUL": forged("RECEIVED_DESC", "\0", 1),
    "a time out of range": forged("RECEIVED_DESC", "9999999-01-01T00:00:00+00:00", 1),
    "another order": forged("RECEIVED_ASC", FIRST_DAY, 1),
    "another list": forged("OCCURRED_DESC", FIRST_DAY, 1),
}


@pytest.mark.parametrize("cursor", list(BAD_CURSORS.values()), ids=BAD_CURSORS)
async def test_a_cursor_this_list_did_not_give_out_is_bad_input(filled: Stage, cursor: str) -> None:
    answer = await filled.ask(OFFICER, "query($c: String) {complaints(after: $c) {edges {cursor}}}", c=cursor)
    assert answer.codes == ["BAD_INPUT"]
    assert "cursor" in answer.errors[0]["message"]


async def test_a_cursor_of_a_list_with_other_ids_is_bad_input(filled: Stage) -> None:
    for field, forgery in (
        ("agencies", forged("NAME_ASC", "Dinas", 1)),
        ("agencies", forged("NAME_ASC", "\0", "DISHUB")),
        ("payments", forged("AMOUNT_DESC", "much", 1)),
    ):
        order = orjson.loads(base64.urlsafe_b64decode(forgery + "==="))[0]
        query = f"query($c: String) {{{field}(after: $c, orderBy: {order}) {{edges {{cursor}}}}}}"
        answer = await filled.ask(OFFICER, query, c=forgery)
        assert answer.codes == ["BAD_INPUT"], forgery


BAD_IDS = {
    "rubbish": "xyz",
    "empty": "",
    "not ascii": "é",
    "a number": forged(1),
    "too short": forged("Complaint", "hub"),
    "a number for a name": forged("Complaint", "hub", 1),
}


@pytest.mark.parametrize("id_", list(BAD_IDS.values()), ids=BAD_IDS)
async def test_what_is_no_id_is_bad_input(filled: Stage, id_: str) -> None:
    answer = await filled.ask(OFFICER, "query($id: ID!) {node(id: $id) {id}}", id=id_)
    assert (answer.data, answer.codes) == ({"node": None}, ["BAD_INPUT"])


@pytest.mark.parametrize(
    "id_",
    [
        forged("Complaint", "hub", "LG-2026-999999"),
        forged("Complaint", "elsewhere", "LG-2026-000001"),
        forged("Complaint", "hub", "\0"),
        forged("Payment", "fake", "\0"),
        forged("Nothing", "hub", "x"),
    ],
)
async def test_an_id_of_what_is_not_there_is_null(filled: Stage, id_: str) -> None:
    data = await filled.got(OFFICER, "query($id: ID!) {node(id: $id) {id} nodes(ids: [$id, $id]) {id}}", id=id_)
    assert data == {"node": None, "nodes": [None, None]}


async def test_nodes_come_in_the_order_they_were_asked_for_and_a_hundred_at_most(filled: Stage) -> None:
    edges = (await filled.got(OFFICER, "{complaints {edges {node {id}}} payments {edges {node {id}}}}")).values()
    ids = [edge["node"]["id"] for listed in edges for edge in listed["edges"]][::-1]
    query = "query($ids: [ID!]!) {nodes(ids: $ids) {id}}"
    assert [row["id"] for row in (await filled.got(OFFICER, query, ids=ids))["nodes"]] == ids
    assert (await filled.ask(OFFICER, query, ids=ids[:1] * 101)).codes == ["BAD_INPUT"]
