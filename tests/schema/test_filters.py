"""Every filter of every list finds exactly its rows, and counts are exact up to ten thousand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, get_named_type

from hub.complaints.enums import Channel, ComplaintClass
from hub.schema.graph import schema
from hub.schema.procurement import Supplier
from tests.fake_connector import business, order, payment, permit, report
from tests.schema.agreement.test_disagreements import CASES as DISAGREEMENTS
from tests.schema.harness import OFFICER, Stage

NOON = "2026-03-01T12:00:00+00:00"
LATER = "2026-03-01T12:00:01+00:00"
MORNING = "2026-02-01T00:00:00+00:00"


@pytest.fixture(scope="module")
async def filled(shared: Stage) -> Stage:
    """Two rows of each type that differ in every field of a filter."""
    await shared.records(
        payment("P1", at=NOON, merchant="TRANSJATENG", corridor="K1", paid_for="FARE", status="SUCCESS"),
        payment("P2", at=MORNING, merchant="BAPENDA", corridor=None, paid_for="TAX", status="REFUNDED"),
        order("O1", at=NOON, agency="DISHUB", supplier="Toko Satu", amount="1000", status="COMPLETED"),
        order(
            "O2", at=MORNING, agency="DINKES", supplier="Toko Dua", amount="2000", status="PENDING", marketplace="lapak"
        ),
        report("1", at=NOON, agency="DISHUB", area="33.74", status="IN_PROGRESS"),
        report("2", at=MORNING, agency="DINKES", area="33.01", status="CLOSED", title="Sampah"),
        permit("I-1", at=NOON, nib="3399000000001", sector="EDUCATION", authority="PROVINCE"),
        permit(
            "I-2",
            at=MORNING,
            nib="3399000000002",
            sector="COOPERATIVES",
            authority="CENTRE",
            type="010000000002",
            agency="DINKES",
            area="33.01",
            status="ISSUED",
        ),
        business("3399000000001", at=NOON),
        business("3399000000002", at=MORNING, form="COOPERATIVE", area="33.01", status="SUSPENDED"),
    )
    named: dict[str, Any] = {
        "payment_reference": "TJ-0002",
        "order_id": "O2",
        "tracking_id": "2",
        "permit_number": "I-2",
    }
    await shared.complaint(
        "ASSIGNED",
        channel=Channel.WHATSAPP,
        klass=ComplaintClass.COMPLAINT,
        category="PUBLIC_TRANSPORT",
        payment_reference="TJ-0001",
    )
    question: dict[str, Any] = {
        "channel": Channel.WEB,
        "klass": ComplaintClass.INFORMATION_REQUEST,
        "category": "HEALTH",
        "title": "Juru parkir",
    }
    await shared.complaint("IN_PROGRESS", agency="DINKES", area_code="33.01", **question, **named)
    due = datetime.now(UTC) - timedelta(days=1)
    await shared.run(
        "update complaints set received_at = :at, due_at = :due where agency_code = 'DINKES'", at=MORNING_AT, due=due
    )
    await shared.run("update complaints set received_at = :at where agency_code = 'DISHUB'", at=NOON_AT)
    return shared


NOON_AT, MORNING_AT = datetime.fromisoformat(NOON), datetime.fromisoformat(MORNING)
FIRST, SECOND = "agency code is DISHUB", "agency code is DINKES"

COMPLAINTS: list[tuple[str, Any, str]] = [
    ("ticket", "that of the first", FIRST),
    ("status", ["ASSIGNED", "CLOSED"], FIRST),
    ("channel", ["WEB", "GOJEK"], SECOND),
    ("class", ["INFORMATION_REQUEST"], SECOND),
    ("category", ["PUBLIC_TRANSPORT"], FIRST),
    ("agency", ["DINKES"], SECOND),
    ("area", ["33.74"], FIRST),
    ("paymentReference", ["TJ-0001", "elsewhere"], FIRST),
    ("paymentReference", ["TJ-0002"], SECOND),
    ("orderId", ["O2"], SECOND),
    ("trackingId", ["2"], SECOND),
    ("permitNumber", ["I-2"], SECOND),
    ("receivedFrom", NOON, FIRST),
    ("receivedTo", NOON, SECOND),
    ("overdue", True, SECOND),
    ("overdue", False, FIRST),
    ("search", "parkir", SECOND),
]
PAYMENTS: list[tuple[str, Any, str]] = [
    ("reference", ["P2", "elsewhere"], "P2"),
    ("merchant", ["BAPENDA"], "P2"),
    ("corridor", ["K1", "K2"], "P1"),
    ("purpose", ["TAX"], "P2"),
    ("status", ["SUCCESS"], "P1"),
    ("paidFrom", NOON, "P1"),
    ("paidTo", NOON, "P2"),
]
ORDERS: list[tuple[str, Any, str]] = [
    ("orderId", ["O2"], "O2"),
    ("agency", ["DINKES"], "O2"),
    ("supplier", [Supplier.id_of(("hub", "pasar|toko satu"))], "O1"),
    ("marketplace", ["lapak"], "O2"),
    ("status", ["COMPLETED"], "O1"),
    ("valueMin", "1000.01", "O2"),
    ("valueMax", "1000", "O1"),
    ("orderedFrom", NOON, "O1"),
    ("orderedTo", NOON, "O2"),
]
PERMITS: list[tuple[str, Any, str]] = [
    ("number", ["I-2", "elsewhere"], "I-2"),
    ("nib", ["3399000000002"], "I-2"),
    ("typeCode", ["010000000002"], "I-2"),
    ("sector", ["EDUCATION"], "I-1"),
    ("authority", ["CENTRE", "REGENCY"], "I-2"),
    ("agency", ["DINKES"], "I-2"),
    ("area", ["33.01"], "I-2"),
    ("status", ["ISSUED"], "I-2"),
    ("statusSinceFrom", NOON, "I-1"),
    ("statusSinceTo", NOON, "I-2"),
]
BUSINESSES: list[tuple[str, Any, str]] = [
    ("nib", ["3399000000002", "elsewhere"], "3399000000002"),
    ("legalForm", ["COOPERATIVE"], "3399000000002"),
    ("area", ["33.01"], "3399000000002"),
    ("status", ["ACTIVE"], "3399000000001"),
    ("registeredFrom", NOON, "3399000000001"),
    ("registeredTo", NOON, "3399000000002"),
]
REPORTS: list[tuple[str, Any, str]] = [
    ("trackingId", ["1"], "1"),
    ("status", ["CLOSED"], "2"),
    ("agency", ["DISHUB"], "1"),
    ("area", ["33.01"], "2"),
    ("reportedFrom", NOON, "1"),
    ("reportedTo", NOON, "2"),
    ("search", "sampah", "2"),
]
EVERY_SYSTEM = ("system", ["fake"])
"""The one filter for which the two rows are equal."""


async def found(stage: Stage, field: str, shown: str, given: dict[str, Any]) -> list[Any]:
    """Return the rows that a list with a filter has."""
    filter_ = get_named_type(schema()._schema.query_type.fields[field].args["filter"].type)  # type: ignore[union-attr]
    query = f"query($f: {filter_}) {{{field}(filter: $f) {{totalCount edges {{node {{{shown}}}}}}}}}"
    data = (await stage.got(OFFICER, query, f=given))[field]
    assert data["totalCount"] == len(data["edges"])
    return [edge["node"] for edge in data["edges"]]


@pytest.mark.parametrize(("name", "value", "row"), COMPLAINTS, ids=lambda value: str(value))
async def test_a_filter_of_complaints_finds_its_rows(filled: Stage, name: str, value: Any, row: str) -> None:
    if name == "ticket":
        value = [row[0] for row in await filled.rows("select ticket from complaints where agency_code = 'DISHUB'")]
    rows = await found(filled, "complaints", "agency {code}", {name: value})
    assert [f"agency code is {each['agency']['code']}" for each in rows] == [row]


@pytest.mark.parametrize(
    ("field", "shown", "name", "value", "row"),
    [
        *(("payments", "reference", *each) for each in PAYMENTS),
        *(("procurementOrders", "orderId", *each) for each in ORDERS),
        *(("centralReports", "trackingId", *each) for each in REPORTS),
        *(("permits", "permitId", *each) for each in PERMITS),
        *(("businesses", "nib", *each) for each in BUSINESSES),
        ("areas", "code", "code", ["33.74"], "33.74"),
        ("agencies", "code", "code", ["DISHUB"], "DISHUB"),
    ],
    ids=lambda value: str(value),
)
async def test_a_filter_of_records_finds_its_rows(
    filled: Stage, field: str, shown: str, name: str, value: Any, row: str
) -> None:
    assert await found(filled, field, shown, {name: value}) == [{shown: row}]


def test_every_filter_is_tried() -> None:
    tried = {
        "ComplaintFilter": {name for name, *_ in COMPLAINTS},
        "PaymentFilter": {name for name, *_ in PAYMENTS} | {"system"},
        "ProcurementOrderFilter": {name for name, *_ in ORDERS},
        "CentralReportFilter": {name for name, *_ in REPORTS} | {"system"},
        "PermitFilter": {name for name, *_ in PERMITS} | {"system"},
        "BusinessFilter": {name for name, *_ in BUSINESSES} | {"system"},
        "AgencyFilter": {"code", "inOffice"},
        "DisagreementFilter": {name for conditions, _ in DISAGREEMENTS for name in conditions},
        "DeliveryFilter": {"state", "system", "ticket", "key", "group"},
        "AreaFilter": {"code", "type"},
        "AuditEventFilter": {"action", "actor", "subject", "client", "requestId", "refused", "from", "to"},
    }
    types = schema()._schema.type_map
    filters = {name: kind for name, kind in types.items() if name.endswith("Filter")}
    assert {
        name: set(kind.fields) for name, kind in filters.items() if isinstance(kind, GraphQLInputObjectType)
    } == tried


async def test_a_system_without_records_has_none(filled: Stage) -> None:
    for field in ("payments", "centralReports", "permits", "businesses"):
        assert len(await found(filled, field, "id", {"system": ["fake"]})) == 2
        assert await found(filled, field, "id", {"system": ["elsewhere"]}) == []


async def test_areas_filter_by_kind_and_agencies_by_being_in_office(filled: Stage) -> None:
    count = (
        "{cities: areas(filter: {type: [CITY]}) {totalCount} all: areas(filter: {type: [CITY, REGENCY]}) {totalCount}}"
    )
    areas = await filled.got(OFFICER, count)
    assert areas == {"cities": {"totalCount": 6}, "all": {"totalCount": 35}}
    rows = {flag: await found_agencies(filled, flag) for flag in ("true", "false")}
    assert all(row["validTo"] is None for row in rows["true"])
    assert rows["false"]
    assert all(row["validTo"] < datetime.now(UTC).date().isoformat() for row in rows["false"])


async def found_agencies(stage: Stage, in_office: str) -> list[Any]:
    query = f"{{agencies(first: 100, filter: {{inOffice: {in_office}}}) {{edges {{node {{validTo}}}}}}}}"
    return [edge["node"] for edge in (await stage.got(OFFICER, query))["agencies"]["edges"]]


async def test_conditions_are_joined_by_and(filled: Stage) -> None:
    assert await found(filled, "payments", "reference", {"merchant": ["BAPENDA"], "status": ["SUCCESS"]}) == []
    both = {"merchant": ["BAPENDA"], "status": ["REFUNDED"], "paidTo": LATER}
    assert await found(filled, "payments", "reference", both) == [{"reference": "P2"}]


async def test_an_empty_list_of_values_finds_nothing(filled: Stage) -> None:
    assert await found(filled, "payments", "reference", {"merchant": []}) == []


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("complaints", {"ticket": ["\0"]}),
        ("payments", {"merchant": ["a\0"]}),
        ("procurementOrders", {"supplier": ["no id"]}),
        ("complaints", {"receivedFrom": "yesterday"}),
        ("procurementOrders", {"valueMin": "much"}),
        ("procurementOrders", {"valueMin": "NaN"}),
        ("complaints", {"receivedFrom": "2026-01-05T08:00:00"}),
        ("complaints", {"status": ["OPEN"]}),
    ],
)
async def test_a_value_no_filter_can_take_is_bad_input(filled: Stage, field: str, given: dict[str, Any]) -> None:
    filter_ = get_named_type(schema()._schema.query_type.fields[field].args["filter"].type)  # type: ignore[union-attr]
    answer = await filled.ask(OFFICER, f"query($f: {filter_}) {{{field}(filter: $f) {{totalCount}}}}", f=given)
    assert set(answer.codes) == {"BAD_INPUT"}


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("complaints", {"ticket": ["🚌", "' or 1=1 --", "x" * 10_000]}),
        ("complaints", {"receivedFrom": "0001-01-01T00:00:00+14:00", "receivedTo": "0001-01-02T00:00:00+00:00"}),
        ("complaints", {"receivedFrom": "9999-12-31T23:59:59-14:00"}),
        ("procurementOrders", {"valueMin": "1e30"}),
        ("procurementOrders", {"supplier": [Supplier.id_of(("hub", "nobody"))]}),
    ],
)
async def test_a_value_that_fits_nothing_finds_nothing(filled: Stage, field: str, given: dict[str, Any]) -> None:
    assert await found(filled, field, "id", given) == []


async def test_a_list_is_counted_to_ten_thousand_and_then_at_least(stage: Stage) -> None:
    await stage.complaint("VERIFIED")
    copied = [
        name
        for (name,) in await stage.rows(
            "select column_name from information_schema.columns where table_name = 'complaints'"
            " and column_name not in ('id', 'ticket')"
        )
    ]
    columns = ", ".join(f'"{name}"' for name in copied)
    await stage.run(
        f"insert into complaints (ticket, {columns}) select 'LG-2025-' || lpad(n::text, 6, '0'), {columns}"
        " from complaints, generate_series(1, 9999) n"
    )
    query = """{complaints(first: 1) {totalCount totalCountAtLeast}
        areas(filter: {code: ["33.74"]}) {edges {node {complaints {totalCount totalCountAtLeast}}}}}"""
    exact = {"totalCount": 10_000, "totalCountAtLeast": 10_000}
    data = await stage.got(OFFICER, query)
    assert (data["complaints"], data["areas"]["edges"][0]["node"]["complaints"]) == (exact, exact)
    await stage.complaint("VERIFIED")
    data = await stage.got(OFFICER, query)
    capped = {"totalCount": None, "totalCountAtLeast": 10_000}
    assert (data["complaints"], data["areas"]["edges"][0]["node"]["complaints"]) == (capped, capped)
