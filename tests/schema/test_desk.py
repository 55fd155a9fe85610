"""The main query of officers: complaints with their records of every system, in a fixed number of statements."""

from __future__ import annotations

import orjson
import pytest

from hub.api.query_page import EXAMPLES
from hub.auth.purposes import Purpose
from hub.schema.context import Context
from hub.schema.graph import schema
from hub.store.database import record_statements
from hub.viewer import Viewer, ViewerKind
from tests.fake_connector import order, payment, report
from tests.schema.harness import ANONYMOUS, CONFIRMED, OFFICER, Stage

DESK = """
query Desk($after: String) {
  complaints(first: 20, after: $after, filter: {status: [IN_PROGRESS], channel: [WHATSAPP]}, orderBy: RECEIVED_DESC) {
    totalCount
    pageInfo { hasNextPage endCursor }
    edges { node {
      ticket title status channel receivedAt dueAt overdue secret reporter { name phone }
      agency { name head { name phone } procurementOrders(first: 3) { edges { node { orderId value { amount currency } status supplier { name } asOf } } } }
      centralReport { trackingId status disposition asOf }
      payments { reference amount { amount currency } paidAt merchant corridor status asOf }
    } }
  }
  systems { name title state asOf downSince lagSeconds recordCount quarantinedCount }
}
"""  # noqa: E501

IN_PROGRESS = "update complaints set status = 'IN_PROGRESS', agency_code = 'DISHUB'"
"""Sets the status directly, because three transitions of each of a hundred complaints take long."""


async def test_the_desk_shows_complaints_with_what_each_system_knows(stage: Stage) -> None:
    await stage.run("update agencies set head_name = 'Uji Kepala', head_phone = '+62 24 000' where code = 'DISHUB'")
    await stage.pull(
        payment("P1", amount="4000.50", at="2026-01-02T03:04:05+07:00"),
        report("77"),
        *(order(f"O{n}", at=f"2026-01-0{n}T00:00:00+00:00") for n in range(1, 6)),
        payment("P2", broken=True),
    )
    ticket = await stage.complaint("IN_PROGRESS", payment_reference="P1", tracking_id="77")
    await stage.run(CONFIRMED)
    await stage.complaint("ASSIGNED")
    data = await stage.got(OFFICER, DESK)
    shown = data["complaints"]
    assert (shown["totalCount"], shown["pageInfo"]["hasNextPage"], len(shown["edges"])) == (1, False, 1)
    node = shown["edges"][0]["node"]
    assert node["ticket"] == ticket
    assert (node["status"], node["channel"], node["secret"], node["overdue"]) == (
        "IN_PROGRESS",
        "WHATSAPP",
        False,
        False,
    )
    assert node["receivedAt"] < node["dueAt"]
    assert node["reporter"] == {"name": "Uji Coba", "phone": "+6281100000001"}
    assert node["agency"]["head"] == {"name": "Uji Kepala", "phone": "+62 24 000"}
    (system,) = data["systems"]
    as_of = system["asOf"]
    assert node["centralReport"] == {
        "trackingId": "77",
        "status": "IN_PROGRESS",
        "disposition": "Dinas Perhubungan",
        "asOf": as_of,
    }
    assert node["payments"] == [
        {
            "reference": "P1",
            "amount": {"amount": "4000.50", "currency": "IDR"},
            "paidAt": "2026-01-01T20:04:05+00:00",
            "merchant": "TRANSJATENG",
            "corridor": "K1",
            "status": "SUCCESS",
            "asOf": as_of,
        }
    ]
    orders = [edge["node"] for edge in node["agency"]["procurementOrders"]["edges"]]
    assert [each["orderId"] for each in orders] == ["O5", "O4", "O3"]
    assert orders[0] == {
        "orderId": "O5",
        "value": {"amount": "1000.00", "currency": "IDR"},
        "status": "COMPLETED",
        "supplier": {"name": "Toko Uji"},
        "asOf": as_of,
    }
    assert 0 <= system.pop("lagSeconds") < 60
    assert system == {
        "name": "fake",
        "title": "Fake",
        "state": "UP",
        "asOf": as_of,
        "downSince": None,
        "recordCount": 7,
        "quarantinedCount": 1,
    }


async def test_the_desk_is_read_page_by_page_with_its_cursor(stage: Stage) -> None:
    tickets = await stage.complaints("RECEIVED", [{}] * 25)
    await stage.run(IN_PROGRESS)
    first = (await stage.got(OFFICER, DESK))["complaints"]
    second = (await stage.got(OFFICER, DESK, after=first["pageInfo"]["endCursor"]))["complaints"]
    assert (first["pageInfo"]["hasNextPage"], second["pageInfo"]["hasNextPage"]) == (True, False)
    found = [edge["node"]["ticket"] for page in (first, second) for edge in page["edges"]]
    assert found == tickets[::-1]


async def test_the_desk_takes_the_same_statements_for_1_and_100_rows(stage: Stage) -> None:
    counts, filled = {}, 0
    for rows in (1, 20, 100):
        new = range(filled, rows)
        await stage.records(*(make(str(n)) for n in new for make in (payment, report, order)))
        each = [{"payment_reference": str(n), "tracking_id": str(n)} for n in new]
        await stage.complaints("RECEIVED", each)
        await stage.run(CONFIRMED)
        await stage.run(IN_PROGRESS)
        filled = rows
        shared = stage.database, OFFICER, stage.cipher, stage.settings.secret
        context = Context(*shared, purpose=Purpose.HANDLING, request_id="request")
        with record_statements() as statements:
            async with context:
                result = await schema().execute(DESK.replace("first: 20", "first: 100"), context_value=context)
        assert result.errors is None
        assert result.data is not None
        edges = result.data["complaints"]["edges"]
        assert (len(edges), all(edge["node"]["payments"] for edge in edges)) == (rows, True)
        assert all(edge["node"]["centralReport"] for edge in edges)
        counts[rows] = len(statements)
    assert counts[1] == counts[20] == counts[100], counts


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.title_en)
async def test_every_example_of_the_query_page_runs_for_the_officer(stage: Stage, example) -> None:  # type: ignore[no-untyped-def]
    await stage.pull(payment("P1", corridor="7"), order("O1"), report("1"))
    await stage.complaint("IN_PROGRESS", payment_reference="P1", tracking_id="1")
    await stage.run(CONFIRMED)
    data = await stage.got(OFFICER, example.query, **orjson.loads(example.variables))
    assert all(data.values())


async def test_the_public_gets_the_desk_without_what_it_may_not_see(stage: Stage) -> None:
    await stage.pull(payment("P1"), report("77"))
    await stage.complaints("IN_PROGRESS", [{"payment_reference": "P1", "tracking_id": "77"}] * 3)
    answer = await stage.ask(ANONYMOUS, DESK.replace("channel: [WHATSAPP]", ""))
    assert [edge["node"]["title"] for edge in answer.data["complaints"]["edges"]] == ["Bus tidak berhenti di halte"] * 3
    hidden = {tuple(step for step in error["path"] if isinstance(step, str))[-1] for error in answer.errors}
    assert (len(answer.errors), hidden) == (4, {"reporter", "channel", "centralReport", "payments"})
    assert {(error["extensions"]["code"], error["extensions"]["scope"]) for error in answer.errors} == {
        ("FORBIDDEN", "complaints:pii"),
        ("FORBIDDEN", "complaints:read"),
    }


async def test_operators_see_why_a_system_is_down_without_addresses(stage: Stage) -> None:
    query = "{systems {state lastError}}"
    operator = Viewer(ViewerKind.OFFICER, "operator", frozenset({"hub:operate"}))
    assert (await stage.got(operator, query))["systems"][0]["lastError"] is None
    message = (
        "the gateway refuses uji@warga.example, NIK 3399014107900001: see https://gateway.example/?key=x (HTTP 403)"
    )
    await stage.run("update systems set down_since = now(), trouble = :told", told=message)
    (system,) = (await stage.got(operator, query))["systems"]
    assert system == {"state": "DOWN", "lastError": "the gateway refuses … NIK …: see … (HTTP 403)"}
    answer = await stage.ask(OFFICER, query)
    assert (answer.data["systems"][0]["lastError"], answer.codes) == (None, ["FORBIDDEN"])
