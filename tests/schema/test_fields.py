"""Which fields of what is seen are shown to whom: one table, held against the schema and against real answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from graphql import GraphQLObjectType, get_named_type, is_leaf_type

from hub.auth.scopes import DESK
from hub.schema.graph import schema
from hub.viewer import Viewer, ViewerKind
from tests.fake import order, payment, report
from tests.schema.stage import ANONYMOUS, CLERK, DELIVERED, OFFICER, VIEWERS, Stage

PUBLIC = ""
"""No scope: whoever sees the row sees the field."""

ROWS = {"CentralReport": "reports:read", "Payment": "payments:read", "Delivery": "complaints:read"}
"""What a viewer needs to see any row of a type at all; the other types have rows the public sees."""

FIELDS: Mapping[str, Mapping[str, str]] = {
    "Agency": {
        PUBLIC: "id code name nameEn aliases validFrom validTo head email phone complaints procurementOrders",
        "reports:read": "centralReports",
    },
    "Area": {PUBLIC: "id code type name nameEn complaints", "reports:read": "centralReports"},
    "Complaint": {
        PUBLIC: """id ticket category categoryLabel title status statusLabel secret receivedAt verifiedAt answeredAt
            closedAt dueAt dueEstimated overdue updatedAt place agency area""",
        "complaints:read": """channel channelLabel class classLabel inspection anonymous rating text attachments
            timeline references accessLog orders deliveries shared conflicts""",
        "complaints:pii": "reporter",
        "complaints:read reports:read": "centralReport",
        "complaints:read payments:read": "payments",
    },
    "Delivery": {
        PUBLIC: """id key ticket action actionLabel state stateLabel attempts trouble externalId createdAt dueAt
            settledAt complaint system""",
        "hub:operate": "evidence",
    },
    "CentralReport": {
        PUBLIC: """id asOf statusTold updatedAt trackingId title content classification category channel status
            statusLabel institution disposition anonymous secret reportedAt followups log files agency area system""",
        "complaints:read": "complaint",
    },
    "Payment": {
        PUBLIC: """id asOf statusTold updatedAt reference partnerReference rrn amount paidAt paidFor merchant store
            terminal corridor bus stop fareType status statusLabel system""",
        "complaints:read": "complaints",
    },
    "ProcurementOrder": {
        PUBLIC: """id asOf statusTold updatedAt orderId description category value orderedAt marketplace paymentMethod
            unit note status statusLabel supplier agency system""",
        "complaints:read": "complaints",
    },
    "Supplier": {PUBLIC: "id name marketplace city orders"},
    "System": {
        PUBLIC: "id name title owner asOf downSince coverage state lagSeconds records quarantined",
        "hub:operate": "trouble",
    },
}
PLACE = {"latitude": -7.004567, "longitude": 110.438765}
SCOPES = {scope for shown in FIELDS.values() for scopes in shown for scope in scopes.split()}


def fields(type_name: str) -> Mapping[str, Any]:
    """The fields of a type of the merged graph."""
    found = schema()._schema.type_map[type_name]
    assert isinstance(found, GraphQLObjectType)
    return found.fields


def forbidden(type_name: str, viewer: Viewer) -> dict[str, str]:
    """The fields of the table that the viewer may not read, each with the first scope it lacks."""
    missing = {names: [s for s in scopes.split() if not viewer.may(s)] for scopes, names in FIELDS[type_name].items()}
    return {name: lacking[0] for names, lacking in missing.items() if lacking for name in names.split()}


@pytest.fixture(scope="module")
async def ids(shared: Stage) -> Mapping[str, str]:
    """The id of a row of each type, of those the public may see where it may see any."""
    await shared.pull(payment("P1"), report("1"), order("O1"))
    await shared.complaint("ASSIGNED", payment_reference="P1", tracking_id="1", order_id="O1", **PLACE)
    await shared.run(DELIVERED)
    data = await shared.got(
        OFFICER,
        """{complaints {edges {node {id agency {id} area {id} centralReport {id} payments {id} deliveries {id}
            orders {id supplier {id} system {id}}}}}}""",
    )
    (edge,) = data["complaints"]["edges"]
    node = edge["node"]
    (found,) = node["orders"]
    return {
        "Complaint": node["id"],
        "Agency": node["agency"]["id"],
        "Area": node["area"]["id"],
        "CentralReport": node["centralReport"]["id"],
        "Delivery": node["deliveries"][0]["id"],
        "Payment": node["payments"][0]["id"],
        "ProcurementOrder": found["id"],
        "Supplier": found["supplier"]["id"],
        "System": found["system"]["id"],
    }


def test_every_field_of_every_entity_has_its_line_in_the_table() -> None:
    assert {name: sorted(fields(name)) for name in schema().shown} == {
        name: sorted(" ".join(shown.values()).split()) for name, shown in FIELDS.items()
    }


async def asked(stage: Stage, viewer: Viewer, type_name: str, id_: str) -> tuple[Any, dict[str, str]]:
    """The row with all its fields, and of the forbidden ones the scope each needs."""
    selections = (
        name if is_leaf_type(get_named_type(field.type)) else f"{name} {{__typename}}"
        for name, field in fields(type_name).items()
    )
    query = f"query($id: ID!) {{node(id: $id) {{... on {type_name} {{{' '.join(selections)}}}}}}}"
    answer = await stage.ask(viewer, query, id=id_)
    assert set(answer.codes) <= {"FORBIDDEN"}
    return answer.data["node"], {error["path"][-1]: error["extensions"]["scope"] for error in answer.errors}


@pytest.mark.parametrize("type_name", FIELDS)
async def test_whoever_lacks_a_scope_is_refused_the_fields_the_table_says(
    shared: Stage, ids: Mapping[str, str], type_name: str
) -> None:
    for missing in SCOPES - {ROWS.get(type_name)}:
        viewer = Viewer(ViewerKind.OFFICER, "one scope short", DESK - {missing})
        row, refused = await asked(shared, viewer, type_name, ids[type_name])
        assert refused == forbidden(type_name, viewer)
        assert all(row[name] is None for name in refused)


@pytest.mark.parametrize("type_name", FIELDS)
async def test_the_public_is_shown_what_the_table_calls_public(
    shared: Stage, ids: Mapping[str, str], type_name: str
) -> None:
    row, refused = await asked(shared, ANONYMOUS, type_name, ids[type_name])
    if type_name in ROWS:
        assert row is None
    else:
        assert refused == forbidden(type_name, ANONYMOUS)
        assert row["id"] == ids[type_name]


@pytest.mark.parametrize("type_name", FIELDS)
async def test_the_officer_is_refused_what_operators_see_and_the_worker_nothing(
    shared: Stage, ids: Mapping[str, str], type_name: str
) -> None:
    for name, beyond in (("officer", {"hub:operate"}), ("worker", set())):
        row, refused = await asked(shared, VIEWERS[name], type_name, ids[type_name])
        assert row["id"] == ids[type_name]
        assert set(refused.values()) <= beyond


async def test_one_error_tells_of_a_forbidden_field_however_many_rows_have_it(stage: Stage) -> None:
    await stage.complaints("ASSIGNED", [{}] * 20)
    query = """{complaints {edges {node {ticket text reporter {name} references {payment} attachments {name}
        payments {reference} orders {orderId} centralReport {trackingId} timeline {note} channel class rating}}}}"""
    answer = await stage.ask(ANONYMOUS, query)
    told = {error["path"][-1]: error["extensions"] for error in answer.errors}
    assert len(answer.errors) == len(told)
    assert told == {
        "text": {"code": "FORBIDDEN", "scope": "complaints:read"},
        "references": {"code": "FORBIDDEN", "scope": "complaints:read"},
        "attachments": {"code": "FORBIDDEN", "scope": "complaints:read"},
        "orders": {"code": "FORBIDDEN", "scope": "complaints:read"},
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
        assert all(node[name] is None for name in told)


async def test_an_officer_without_personal_data_reads_notes_but_no_reporter(stage: Stage) -> None:
    ticket = await stage.complaint("ASSIGNED")
    query = "query($t: String!) {complaint(ticket: $t) {text reporter {name} timeline {action note}}}"
    answer = await stage.ask(CLERK, query, t=ticket)
    assert [error["extensions"]["scope"] for error in answer.errors] == ["complaints:pii"]
    complaint = answer.data["complaint"]
    assert (complaint["reporter"], complaint["text"]) == (None, "Bus melewati halte tanpa berhenti.")
    assert [step["action"] for step in complaint["timeline"]] == ["SUBMIT", "VERIFY", "ASSIGN"]
    assert complaint["timeline"][1]["note"].startswith("Catatan")


async def test_the_reporter_of_an_anonymous_complaint_reaches_those_who_handle_it_only(stage: Stage) -> None:
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


async def test_the_public_is_told_a_place_to_about_a_kilometre(stage: Stage) -> None:
    ticket = await stage.complaint("ASSIGNED", **PLACE)
    query = "query($t: String!) {complaint(ticket: $t) {place {latitude longitude}}}"
    places = {name: (await stage.got(v, query, t=ticket))["complaint"]["place"] for name, v in VIEWERS.items()}
    assert places == {
        "anonymous": {"latitude": -7.0, "longitude": 110.44},
        "clerk": PLACE,
        "officer": PLACE,
        "worker": PLACE,
    }
