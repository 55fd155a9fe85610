"""Pages of lists and links: each row once in every order, also with equal values; invalid page arguments."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import cycle, product
from typing import Any, NamedTuple

import orjson
import pytest
from graphql import GraphQLEnumType, GraphQLObjectType, get_named_type

from hub.api.graphql.limits import Limits
from hub.api.graphql.validation import OperationValidator
from hub.complaints.workflow import Action
from hub.schema.graph import schema
from tests.fake_connector import business, order, payment, permit, report
from tests.schema.harness import DELIVERED, OFFICER, WORKER, Stage

FIRST_DAY = "2026-01-01T00:00:00+00:00"


class Paged(NamedTuple):
    """A list of the graph in one order: a connection of the query type or of an entity."""

    owner: str
    field: str
    order: str


def paged() -> Iterator[Paged]:
    """Return every list of entities in every order; reading the audit trail adds rows to it."""
    types = schema()._schema.type_map
    for owner in ("Query", *sorted(schema().node_types)):
        found = types[owner]
        assert isinstance(found, GraphQLObjectType)
        for name, field in found.fields.items():
            if "orderBy" in field.args and name != "auditEvents":
                orders = get_named_type(field.args["orderBy"].type)
                assert isinstance(orders, GraphQLEnumType)
                yield from (Paged(owner, name, order) for order in orders.values)


@pytest.fixture(scope="module")
async def filled(shared: Stage) -> Stage:
    """Rows with equal times and amounts, and some without an amount or a due time."""
    await shared.records(
        *(payment(f"P{n}", at=FIRST_DAY, amount="4000") for n in range(5)),
        *(payment(f"P{n}") for n in range(5, 7)),
        *(order(f"O{n}", at=FIRST_DAY) for n in range(5)),
        {"kind": "order", "id": "O5", "status": "PENDING", "version": 0},
        order("O6", amount="7.5"),
        *(report(f"{n}", at=FIRST_DAY, area="33.74") for n in range(5)),
        *(report(f"{n}", area="33.74") for n in range(5, 7)),
        *(permit(f"I-{n}", at=FIRST_DAY) for n in range(5)),
        *(permit(f"I-{n}") for n in range(5, 7)),
        *(business(f"339900000000{n}", at=FIRST_DAY) for n in range(5)),
        business("3399000000005"),
        business("3399000000006"),
    )
    about: dict[str, Any] = {"payment_reference": "P0", "order_id": "O0", "permit_number": "I-0"}
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
    "Permit": '{permits(filter: {number: ["I-0"]}) {edges {node {id}}}}',
    "Business": '{businesses(filter: {nib: ["3399000000001"]}) {edges {node {id}}}}',
}


async def source(stage: Stage, owner: str) -> str:
    """Return the id of the row that a link's list belongs to."""
    if owner == "Supplier":
        found = await stage.got(OFFICER, "{procurementOrders(first: 1) {edges {node {supplier {id}}}}}")
        return str(found["procurementOrders"]["edges"][0]["node"]["supplier"]["id"])
    (listed,) = (await stage.got(OFFICER, SOURCES[owner])).values()
    rows = [edge["node"] for edge in listed["edges"]]
    return str(next(row["id"] for row in rows if set(row.values()) & {"P0", "O0"} or len(rows) == 1))


ARGUMENTS = "$first: Int, $after: String, $last: Int, $before: String"


async def page(stage: Stage, of: Paged, first: int | None, after: str | None = None, **back: Any) -> Any:
    """Return one page of a list."""
    arguments = f"first: $first, after: $after, last: $last, before: $before, orderBy: {of.order}"
    selection = f"{of.field}({arguments}) {{totalCount ...Page}}"
    page = "{pageInfo {hasNextPage hasPreviousPage startCursor endCursor} edges {cursor node {id}}}"
    shown = schema()._schema.type_map[of.owner].fields[of.field].type  # type: ignore[attr-defined]
    fragment = f"fragment Page on {get_named_type(shown).name} {page}"
    if of.owner == "Query":
        query = f"query({ARGUMENTS}) {{{selection}}} {fragment}"
        viewer = OPERATOR if of.field == "deliveries" else OFFICER
        return (await stage.got(viewer, query, first=first, after=after, **back))[of.field]
    query = f"query($id: ID!, {ARGUMENTS}) {{node(id: $id) {{... on {of.owner} {{{selection}}}}}}} {fragment}"
    id_ = await source(stage, of.owner)
    return (await stage.got(OFFICER, query, id=id_, first=first, after=after, **back))["node"][of.field]


def in_first_orders() -> Iterator[Any]:
    """Return every list in its first order, and some in every order."""
    lists = set()
    for of in paged():
        later = (of.owner, of.field) in lists
        lists.add((of.owner, of.field))
        yield pytest.param(of, id=".".join(of), marks=[pytest.mark.whole] if later else [])


@pytest.mark.parametrize("of", list(in_first_orders()))
async def test_paging_visits_every_row_once_in_list_order(filled: Stage, of: Paged) -> None:
    whole = await page(filled, of, 100)
    ids = [edge["node"]["id"] for edge in whole["edges"]]
    assert (whole["totalCount"], whole["pageInfo"]["hasNextPage"]) == (len(set(ids)), False)
    assert len(ids) >= 7
    for size, more in ((len(ids), False), (len(ids) - 1, True)):
        part = await page(filled, of, size)
        assert (len(part["edges"]), part["pageInfo"]["hasNextPage"]) == (size, more)
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


@pytest.mark.whole
@pytest.mark.parametrize("of", list(paged()), ids=lambda of: ".".join(of))
async def test_paging_backwards_visits_every_row_once(filled: Stage, of: Paged) -> None:
    whole = (await page(filled, of, 100))["edges"]
    walked: list[Any] = []
    before = None
    step = 3 if len(whole) < 20 else 30
    while True:
        found = await page(filled, of, None, last=step, before=before)
        info = found["pageInfo"]
        assert info["hasNextPage"] is (before is not None)
        walked = found["edges"] + walked
        before = info["startCursor"]
        assert (before, info["endCursor"]) == (found["edges"][0]["cursor"], found["edges"][-1]["cursor"])
        if not info["hasPreviousPage"]:
            break
    assert walked == whole


@pytest.mark.parametrize(
    "of", [Paged("Query", "payments", "PAID_ASC"), Paged("Area", "centralReports", "REPORTED_DESC")]
)
async def test_two_cursors_bound_a_page_from_either_end(filled: Stage, of: Paged) -> None:
    edges = (await page(filled, of, 100))["edges"]
    between = {"after": edges[0]["cursor"], "before": edges[5]["cursor"]}
    for size, rows in (({"first": 2}, edges[1:3]), ({"first": None, "last": 2}, edges[3:5])):
        found = await page(filled, of, **size, **between)
        assert found["edges"] == rows
        assert (found["pageInfo"]["hasNextPage"], found["pageInfo"]["hasPreviousPage"]) == (True, True)


async def test_the_audit_trail_is_read_from_its_end_too(shared: Stage) -> None:
    query = "query($last: Int, $before: String) {auditEvents(last: $last, before: $before, orderBy: AT_ASC) %s}"
    whole_query = query % "{pageInfo {startCursor hasPreviousPage hasNextPage} nodes {at action}}"
    for _ in range(3):
        last = (await shared.got(WORKER, whole_query, last=1))["auditEvents"]
    newest = last["nodes"][0]["at"]
    back = (await shared.got(WORKER, whole_query, last=1, before=last["pageInfo"]["startCursor"]))["auditEvents"]
    assert back["nodes"][0]["at"] < newest
    assert back["pageInfo"]["hasNextPage"]


@pytest.mark.parametrize("last", [0, -1, 101, 2**31 - 1])
async def test_a_page_from_the_end_has_one_to_a_hundred_rows(filled: Stage, last: int) -> None:
    answer = await filled.ask(OFFICER, "query($n: Int!) {complaints(last: $n) {edges {cursor}}}", n=last)
    assert answer.codes in (["BAD_INPUT"], ["PAGE_TOO_LARGE"])
    assert "100" in answer.errors[0]["message"]


async def test_a_list_that_is_refused_leaves_the_others(filled: Stage) -> None:
    answer = await filled.ask(OFFICER, "{refused: agencies(first: 0) {totalCount} agencies(first: 1) {totalCount}}")
    assert answer.codes == ["BAD_INPUT"]
    assert answer.data["refused"] is None
    assert answer.data["agencies"]["totalCount"] > 0


async def test_first_and_last_together_are_bad_input(filled: Stage) -> None:
    answer = await filled.ask(OFFICER, "{complaints(first: 1, last: 1) {edges {cursor}}}", language="en")
    assert (answer.codes, answer.errors[0]["message"]) == (["BAD_INPUT"], "Use `first` or `last`, not both.")


@pytest.mark.parametrize("argument", ["first", "last"])
def test_rows_cost_the_same_from_either_end(argument: str) -> None:
    validator = OperationValidator(schema()._schema, Limits(), introspection=False)
    one, many = (validator.validate(f"{{payments({argument}: {n}) {{nodes {{id}}}}}}", {}, None).cost for n in (1, 51))
    assert many - one == 50


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
async def test_a_list_is_in_the_requested_order(
    filled: Stage, field: str, value: str, order: str, ascending: bool
) -> None:
    data = await filled.got(OFFICER, f"{{{field}(first: 100, orderBy: {order}) {{edges {{node {{{value}}}}}}}}}")
    found = [edge["node"][value] for edge in data[field]["edges"]]
    assert found == sorted(found, reverse=not ascending)


async def test_orders_sort_by_value_and_a_missing_value_is_lowest(filled: Stage) -> None:
    query = "query($by: ProcurementOrderBy!) {procurementOrders(orderBy: $by) {edges {node {value {amount}}}}}"
    for by, first, last in (("VALUE_DESC", "1000.00", None), ("VALUE_ASC", None, "1000.00")):
        edges = (await filled.got(OFFICER, query, by=by))["procurementOrders"]["edges"]
        amounts = [edge["node"]["value"] and edge["node"]["value"]["amount"] for edge in edges]
        assert (amounts[0], amounts[-1]) == (first, last)
        assert amounts.index("7.50") in (1, 5)
    largest = (await filled.got(OFFICER, "{payments(orderBy: AMOUNT_DESC) {edges {node {reference}}}}"))["payments"]
    assert len(largest["edges"]) == 7


async def test_a_complaint_without_a_deadline_sorts_last_by_urgency(filled: Stage) -> None:
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


def forged(*content: Any) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(content)).decode().rstrip("=")


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


@pytest.mark.parametrize("argument", ["after", "before"])
@pytest.mark.parametrize("cursor", list(BAD_CURSORS.values()), ids=BAD_CURSORS)
async def test_a_cursor_this_list_did_not_give_out_is_bad_input(filled: Stage, cursor: str, argument: str) -> None:
    query = f"query($c: String) {{complaints({argument}: $c) {{edges {{cursor}}}}}}"
    answer = await filled.ask(OFFICER, query, c=cursor, language="en")
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


MADE_UP: tuple[Any, ...] = (
    "1e-999999999",
    "1e-17000",
    "1E+15",
    "-0.0001",
    "0." + "1" * 9_000,
    "NaN",
    "sNaN",
    "Infinity",
    "infinity",
    "-infinity",
    "1_0",
    "٤",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "2026-01-01",
    "2026-W01-1",
    "\ufffe",
    "",
    None,
    0.5,
    {"a": 1},
    [],
)
"""Values of cursors that a client may invent."""


IDS = (1, -(2**63), "x")
SOME = list(zip(MADE_UP, cycle(IDS), strict=False))
EACH = list(product(MADE_UP, IDS))


@pytest.mark.parametrize("of", list(paged()), ids=lambda of: ".".join(of))
@pytest.mark.parametrize("made", [SOME, pytest.param(EACH, marks=pytest.mark.whole)], ids=["some", "each"])
async def test_any_cursor_either_continues_or_is_bad_input(
    filled: Stage, of: Paged, made: list[tuple[Any, Any]]
) -> None:
    cursors = [forged(of.order, value, id_) for value, id_ in made]
    cursors.append(forged(of.order, "1." + "1" * 20_000, 1))
    fields = [
        f'c{number}: {of.field}(after: "{cursor}", first: 1, orderBy: {of.order}) {{edges {{cursor}}}}'
        for number, cursor in enumerate(cursors)
    ]
    if of.owner != "Query":
        on = f"query($id: ID!) {{node(id: $id) {{... on {of.owner} {{{' '.join(fields)}}}}}}}"
        answers = [await filled.ask(OPERATOR, on, id=await source(filled, of.owner))]
    else:
        # A list that is never null takes all others with it, so each is queried separately.
        answers = [await filled.ask(OPERATOR, f"{{{each}}}") for each in fields]
    codes = [code for answer in answers for code in answer.codes]
    assert len(codes) > len(cursors) / 2
    assert set(codes) == {"BAD_INPUT"}


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


async def test_nodes_keep_the_requested_order_up_to_a_hundred(filled: Stage) -> None:
    edges = (await filled.got(OFFICER, "{complaints {edges {node {id}}} payments {edges {node {id}}}}")).values()
    ids = [edge["node"]["id"] for listed in edges for edge in listed["edges"]][::-1]
    query = "query($ids: [ID!]!) {nodes(ids: $ids) {id}}"
    assert [row["id"] for row in (await filled.got(OFFICER, query, ids=ids))["nodes"]] == ids
    assert (await filled.ask(OFFICER, query, ids=ids[:1] * 101)).codes == ["BAD_INPUT"]
