"""Which viewers see which fields of a visible row: one table, compared with the schema and with real responses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from graphql import GraphQLObjectType, get_named_type, is_leaf_type

from hub.auth.scopes import DESK_SCOPES
from hub.schema.graph import schema
from hub.viewer import Viewer, ViewerKind
from tests.fake_connector import business, order, payment, permit, report
from tests.schema.harness import ANONYMOUS, CLERK, CONFIRMED, DELIVERED, MATTERS, OFFICER, VIEWERS, Stage

PUBLIC = ""
"""No scope: every viewer who sees the row sees the field."""

ROWS = {
    "CentralReport": "reports:read",
    "Payment": "payments:read",
    "Delivery": "complaints:read",
    "Permit": "licensing:read",
    "Business": "licensing:read",
    "Agreement": "licensing:read",
}
"""The scope for any row of a type; the public sees rows of the other types."""

FIELDS: Mapping[str, Mapping[str, str]] = {
    "Agency": {
        PUBLIC: "id code name nameEn aliases validFrom validTo head email phone complaints procurementOrders",
        "reports:read": "centralReports",
        "licensing:read": "permits",
    },
    "Area": {
        PUBLIC: "id code type name nameEn complaints",
        "reports:read": "centralReports",
        "licensing:read": "permits businesses",
    },
    "Complaint": {
        PUBLIC: """id ticket category categoryLabel title status statusLabel secret receivedAt verifiedAt answeredAt
            closedAt dueAt dueEstimated overdue updatedAt location agency area""",
        "complaints:read": """channel channelLabel class classLabel inspection anonymous rating text attachments
            timeline references accessLog procurementOrders deliveries sharedFields conflicts personalData agreement""",
        "complaints:pii": "reporter",
        "complaints:read reports:read": "centralReport claims",
        "complaints:read payments:read": "payments",
        "complaints:read licensing:read": "permits",
    },
    "Delivery": {
        PUBLIC: """id key ticket action actionLabel state stateLabel attemptCount externalId createdAt dueAt
            settledAt complaint system""",
        "hub:operate": "attempts lastError",
    },
    "CentralReport": {
        PUBLIC: """id asOf sourceStatus updatedAt trackingId title content classification category channel status
            statusLabel institution disposition anonymous secret reportedAt followUpCount log files agency area
            system agreement""",
        "complaints:read": "complaint",
    },
    "Payment": {
        PUBLIC: """id asOf sourceStatus updatedAt reference partnerReference rrn amount paidAt purpose merchant store
            terminal corridor bus stop fareType status statusLabel system""",
        "complaints:read": "complaints",
    },
    "ProcurementOrder": {
        PUBLIC: """id asOf sourceStatus updatedAt orderId category value orderedAt marketplace paymentMethod
            unit status statusLabel supplier agency system""",
        "orders:read": "description note",
        "complaints:read": "complaints",
    },
    "Permit": {
        PUBLIC: """id asOf sourceStatus updatedAt permitId applicationNumber number nib projectId typeCode typeName
            sector authority office kbli kbliEdition scale issuedOn validUntil status statusLabel statusSince clock
            clockLabel clockRestarts approvesItselfAt agency area business system agreement""",
        "complaints:read": "complaints",
    },
    "Business": {
        PUBLIC: """id asOf sourceStatus updatedAt nib name legalForm scale kbli kbliEdition registeredAt status
            statusLabel area permits procurementOrders system""",
        "payments:read": "payments",
    },
    "Agreement": {
        PUBLIC: """id pair state stateLabel since cause causeLabel nextStep nextStepLabel nextAt decidedBy sides
            differences history agencyCode areaCode ignoredUntil""",
    },
    "Supplier": {PUBLIC: "id name marketplace city procurementOrders"},
    "System": {
        PUBLIC: "id name title owner asOf downSince coverage state lagSeconds recordCount quarantinedCount",
        "hub:operate": "lastError issues pausedAt streams samples settings readme connectorVersion",
    },
}
PLACE: dict[str, Any] = {"latitude": -7.004567, "longitude": 110.438765}
SCOPES = {scope for shown in FIELDS.values() for scopes in shown for scope in scopes.split()}


def fields(type_name: str) -> Mapping[str, Any]:
    """Return the fields of a type of the merged graph."""
    found = schema()._schema.type_map[type_name]
    assert isinstance(found, GraphQLObjectType)
    shown: Mapping[str, Any] = found.fields
    return shown


def forbidden(type_name: str, viewer: Viewer) -> dict[str, str]:
    """Return the fields of the table that the viewer may not read, each with the first missing scope."""
    missing = {names: [s for s in scopes.split() if not viewer.may(s)] for scopes, names in FIELDS[type_name].items()}
    return {name: lacking[0] for names, lacking in missing.items() if lacking for name in names.split()}


@pytest.fixture(scope="module")
async def ids(shared: Stage) -> Mapping[str, str]:
    """Return the id of a row of each type, one that the public may see where possible."""
    await shared.pull(payment("P1"), report("1"), order("O1"), permit("I-1"), business("3399000000001"))
    await shared.complaint("ASSIGNED", payment_reference="P1", tracking_id="1", order_id="O1", **PLACE)
    await shared.run(DELIVERED)
    await shared.run(CONFIRMED)
    await shared.run(MATTERS)
    data = await shared.got(
        OFFICER,
        """{complaints {edges {node {id agency {id} area {id} centralReport {id} payments {id} deliveries {id}
            procurementOrders {id supplier {id} system {id}}}}}}""",
    )
    (edge,) = data["complaints"]["edges"]
    node = edge["node"]
    (found,) = node["procurementOrders"]
    licensed = await shared.got(OFFICER, "{permits {nodes {id business {id} agreement {id}}}}")
    (permitted,) = licensed["permits"]["nodes"]
    return {
        "Complaint": node["id"],
        "Agency": node["agency"]["id"],
        "Area": node["area"]["id"],
        "CentralReport": node["centralReport"]["id"],
        "Delivery": node["deliveries"][0]["id"],
        "Payment": node["payments"][0]["id"],
        "ProcurementOrder": found["id"],
        "Supplier": found["supplier"]["id"],
        "Permit": permitted["id"],
        "Business": permitted["business"]["id"],
        "Agreement": permitted["agreement"]["id"],
        "System": found["system"]["id"],
    }


def test_every_field_of_every_entity_has_its_line_in_the_table() -> None:
    assert {name: sorted(fields(name)) for name in schema().node_types} == {
        name: sorted(" ".join(shown.values()).split()) for name, shown in FIELDS.items()
    }


async def row_and_errors(stage: Stage, viewer: Viewer, type_name: str, id_: str) -> tuple[Any, dict[str, str]]:
    """Return the row with all its fields, and the missing scope of each forbidden field."""
    selections = (
        name if is_leaf_type(get_named_type(field.type)) else f"{name} {{__typename}}"
        for name, field in fields(type_name).items()
    )
    query = f"query($id: ID!) {{node(id: $id) {{... on {type_name} {{{' '.join(selections)}}}}}}}"
    answer = await stage.ask(viewer, query, id=id_)
    assert set(answer.codes) <= {"FORBIDDEN"}
    return answer.data["node"], {error["path"][-1]: error["extensions"]["scope"] for error in answer.errors}


@pytest.mark.parametrize("type_name", FIELDS)
async def test_a_viewer_without_a_scope_is_refused_the_listed_fields(
    shared: Stage, ids: Mapping[str, str], type_name: str
) -> None:
    for missing in SCOPES - {ROWS.get(type_name)}:
        viewer = Viewer(ViewerKind.OFFICER, "one scope short", DESK_SCOPES - {missing})
        row, refused = await row_and_errors(shared, viewer, type_name, ids[type_name])
        assert refused == forbidden(type_name, viewer)
        assert all(row[name] is None for name in refused)


@pytest.mark.parametrize("type_name", FIELDS)
async def test_the_public_is_shown_what_the_table_calls_public(
    shared: Stage, ids: Mapping[str, str], type_name: str
) -> None:
    row, refused = await row_and_errors(shared, ANONYMOUS, type_name, ids[type_name])
    if type_name in ROWS:
        assert row is None
    else:
        assert refused == forbidden(type_name, ANONYMOUS)
        assert row["id"] == ids[type_name]


@pytest.mark.parametrize("type_name", FIELDS)
async def test_officers_get_no_operator_fields_and_the_worker_nothing(
    shared: Stage, ids: Mapping[str, str], type_name: str
) -> None:
    for name, beyond in (("officer", {"hub:operate"}), ("worker", set())):
        row, refused = await row_and_errors(shared, VIEWERS[name], type_name, ids[type_name])
        assert row["id"] == ids[type_name]
        assert set(refused.values()) <= beyond


async def test_a_forbidden_field_is_one_error_for_any_number_of_rows(stage: Stage) -> None:
    await stage.complaints("ASSIGNED", [{}] * 20)
    query = """{complaints {edges {node {ticket text reporter {name} references {paymentReference} attachments {name}
        payments {reference} procurementOrders {orderId} centralReport {trackingId}
        timeline {note} channel class rating}}}}"""
    answer = await stage.ask(ANONYMOUS, query)
    errors = {error["path"][-1]: error["extensions"] for error in answer.errors}
    assert len(answer.errors) == len(errors)
    assert errors == {
        "text": {"code": "FORBIDDEN", "scope": "complaints:read"},
        "references": {"code": "FORBIDDEN", "scope": "complaints:read"},
        "attachments": {"code": "FORBIDDEN", "scope": "complaints:read"},
        "procurementOrders": {"code": "FORBIDDEN", "scope": "complaints:read"},
        "timeline": {"code": "FORBIDDEN", "scope": "complaints:read"},
        "channel": {"code": "FORBIDDEN", "scope": "complaints:read"},
        "class": {"code": "FORBIDDEN", "scope": "complaints:read"},
        "rating": {"code": "FORBIDDEN", "scope": "complaints:read"},
        "payments": {"code": "FORBIDDEN", "scope": "complaints:read"},
        "centralReport": {"code": "FORBIDDEN", "scope": "complaints:read"},
        "reporter": {"code": "FORBIDDEN", "scope": "complaints:pii"},
    }
    for edge in answer.data["complaints"]["edges"]:
        node = edge["node"]
        assert all(node[name] is None for name in errors)


async def test_an_officer_without_pii_scope_reads_notes_not_reporters(stage: Stage) -> None:
    ticket = await stage.complaint("ASSIGNED")
    query = "query($t: String!) {complaint(ticket: $t) {text reporter {name} timeline {action note}}}"
    answer = await stage.ask(CLERK, query, t=ticket)
    assert [error["extensions"]["scope"] for error in answer.errors] == ["complaints:pii"]
    complaint = answer.data["complaint"]
    assert (complaint["reporter"], complaint["text"]) == (None, "Bus melewati halte tanpa berhenti.")
    assert [step["action"] for step in complaint["timeline"]] == ["SUBMIT", "VERIFY", "ASSIGN"]
    assert complaint["timeline"][1]["note"].startswith("Catatan")


async def test_an_anonymous_reporter_is_shown_to_handlers_only(stage: Stage) -> None:
    ticket = await stage.complaint("ASSIGNED", anonymous=True)
    query = "query($t: String!) {complaint(ticket: $t) {ticket reporter {name phone email nik}}}"
    for name in ("anonymous", "clerk"):
        answer = await stage.ask(VIEWERS[name], query, t=ticket)
        assert answer.data["complaint"] == {"ticket": ticket, "reporter": None}
    shown = await stage.got(OFFICER, query, t=ticket)
    assert shown["complaint"]["reporter"] == {
        "name": "Uji Coba",
        "phone": "+6281100000001",
        "email": "uji@warga.example",
        "nik": "3399014107900001",
    }


async def test_the_public_sees_a_location_to_about_a_kilometre(stage: Stage) -> None:
    ticket = await stage.complaint("ASSIGNED", **PLACE)
    query = "query($t: String!) {complaint(ticket: $t) {location {latitude longitude}}}"
    places = {name: (await stage.got(v, query, t=ticket))["complaint"]["location"] for name, v in VIEWERS.items()}
    assert places == {
        "anonymous": {"latitude": -7.0, "longitude": 110.44},
        "clerk": PLACE,
        "officer": PLACE,
        "worker": PLACE,
    }
