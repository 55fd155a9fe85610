"""The hub as subgraphs: a gateway's requests take one statement per type and give the answers of the merged graph."""

from __future__ import annotations

from typing import Any

import pytest

from hub.schema.complaints.agencies import Agency
from hub.schema.complaints.complaint import Complaint
from hub.schema.context import Context
from hub.schema.graph import PARTS, schema
from hub.schema.payments import Payment
from hub.store.database import record_statements
from tests.fake_connector import order, payment, report
from tests.schema.harness import ANONYMOUS, CONFIRMED, OFFICER, Stage

ENTITIES = "query($r: [_Any!]!) {_entities(representations: $r) "


@pytest.fixture(scope="module")
async def filled(shared: Stage) -> Stage:
    """Twelve payments and two complaints, one of them with a report and an order."""
    await shared.records(*(payment(f"P{n}") for n in range(12)), report("1"), order("O1"))
    await shared.complaint("ASSIGNED", payment_reference="P1", tracking_id="1", order_id="O1")
    await shared.complaint("ASSIGNED", payment_reference="P1")
    await shared.run(CONFIRMED)
    return shared


async def counting(stage: Stage, part: str | None, query: str, **variables: Any) -> tuple[Any, int]:
    """Return the data and the number of statements."""
    context = Context(stage.database, OFFICER, stage.cipher, stage.settings.secret)
    with record_statements() as statements:
        async with context:
            result = await schema(part).execute(query, variable_values=variables, context_value=context)
    assert result.errors is None
    return result.data, len(statements)


async def test_a_thousand_references_are_one_statement_a_type(filled: Stage) -> None:
    payments = [{"__typename": "Payment", "id": Payment.id_of(("fake", f"P{n}"))} for n in range(500)]
    complaints = [{"__typename": "Complaint", "ticket": f"LG-2026-{n:06}"} for n in range(300)]
    agencies = [{"__typename": "Agency", "code": "DISHUB"}] * 200
    representations = [each for trio in zip(payments[:200], complaints[:200], agencies, strict=True) for each in trio]
    representations += payments[200:] + complaints[200:]
    query = (
        f"{ENTITIES} {{__typename ... on Payment {{reference}} ... on Complaint {{ticket}} ... on Agency {{code}}}}}}"
    )
    data, statements = await counting(filled, None, query, r=representations)
    assert (len(data["_entities"]), statements) == (1000, 3)
    found = [each for each in data["_entities"] if each]
    assert len(found) == 12 + 200 + len([each for each in found if each["__typename"] == "Complaint"])
    assert data["_entities"][2] == {"__typename": "Agency", "code": "DISHUB"}
    assert data["_entities"][3] == {"__typename": "Payment", "reference": "P1"}


async def test_a_link_of_a_thousand_stubs_is_one_statement(filled: Stage) -> None:
    tickets = [ticket for (ticket,) in await filled.rows("select ticket from complaints order by id")]
    representations = [
        {"__typename": "Complaint", "id": Complaint.id_of(("hub", each))} for each in (*tickets, *map(str, range(998)))
    ]
    query = f"{ENTITIES} {{... on Complaint {{payments {{reference}}}}}}}}"
    data, statements = await counting(filled, "payments", query, r=representations)
    assert statements == 1
    assert [each["payments"] for each in data["_entities"]] == [[{"reference": "P1"}]] * 2 + [[]] * 998


async def test_more_than_a_thousand_references_are_bad_input(filled: Stage) -> None:
    representations = [{"__typename": "Agency", "code": "DISHUB"}] * 1001
    answer = await filled.ask(OFFICER, f"{ENTITIES} {{__typename}}}}", r=representations)
    assert answer.codes == ["BAD_INPUT"]
    assert "1000" in answer.errors[0]["message"]


@pytest.mark.parametrize(
    "representation",
    [
        {},
        {"id": "x"},
        {"__typename": "Weather", "id": "x"},
        {"__typename": "Query"},
        {"__typename": None, "id": "x"},
        {"__typename": "Complaint"},
        {"__typename": "Complaint", "id": 1},
        {"__typename": "Complaint", "ticket": ["LG-2026-000001"]},
        {"__typename": "Payment", "reference": "P1"},
        "Complaint",
        7,
        ["Complaint"],
    ],
    ids=str,
)
async def test_a_representation_that_names_nothing_is_bad_input(filled: Stage, representation: Any) -> None:
    answer = await filled.ask(OFFICER, f"{ENTITIES} {{__typename}}}}", r=[representation])
    assert answer.codes == ["BAD_INPUT"]


@pytest.mark.parametrize(
    "representation",
    [
        {"__typename": "Complaint", "id": "no id"},
        {"__typename": "Complaint", "id": Agency.id_of(("hub", "DISHUB"))},
        {"__typename": "Complaint", "ticket": "LG-2026-999999"},
        {"__typename": "Complaint", "ticket": "\0"},
        {"__typename": "CentralReport", "trackingId": "\0"},
        {"__typename": "System", "name": "elsewhere"},
    ],
    ids=str,
)
async def test_a_representation_of_what_is_not_there_is_null(filled: Stage, representation: Any) -> None:
    answer = await filled.ask(OFFICER, f"{ENTITIES} {{__typename}}}}", r=[representation])
    assert (answer.data, answer.errors) == ({"_entities": [None]}, [])


async def test_every_natural_key_finds_its_row(filled: Stage) -> None:
    ((ticket,), *_) = await filled.rows("select ticket from complaints order by id")
    representations = [
        {"__typename": "Complaint", "ticket": ticket},
        {"__typename": "Agency", "code": "DISHUB"},
        {"__typename": "Area", "code": "33.74"},
        {"__typename": "CentralReport", "trackingId": "1"},
        {"__typename": "System", "name": "fake"},
    ]
    keys = (f"... on {each['__typename']} {{{list(each)[1]}}}" for each in representations)
    query = f"{ENTITIES} {{{' '.join(keys)}}}}}"
    data = await filled.got(OFFICER, query, r=representations)
    assert data["_entities"] == [{k: v for k, v in each.items() if k != "__typename"} for each in representations]
    named = {node.entity.name for part in PARTS for node in part.owned_types if node.natural_keys}
    assert named == {each["__typename"] for each in representations}


@pytest.mark.parametrize("part", [part.name for part in PARTS])
async def test_each_subgraph_answers_over_http_with_its_schema(filled: Stage, part: str) -> None:
    data = await filled.got(ANONYMOUS, "{_service {sdl} __typename}", part=part)
    assert data["_service"]["sdl"] == schema(part).sdl


async def test_the_composed_subgraphs_answer_like_the_merged_graph(filled: Stage) -> None:
    """Do what a gateway does for one query: the part of complaints first, then each other part for its links."""
    listed = await filled.got(OFFICER, "{complaints {edges {node {__typename id ticket}}}}", part="complaints")
    stubs = [edge["node"] for edge in listed["complaints"]["edges"]]
    links = {
        "payments": ("payments", "payments {reference amount {amount currency} status}"),
        "reports": ("centralReport", "centralReport {trackingId status}"),
        "procurement": ("procurementOrders", "procurementOrders {orderId supplier {name}}"),
    }
    for part, (field, selection) in links.items():
        query = f"{ENTITIES} {{... on Complaint {{{selection}}}}}}}"
        representations = [{"__typename": "Complaint", "id": stub["id"]} for stub in stubs]
        rows = (await filled.got(OFFICER, query, part=part, r=representations))["_entities"]
        for stub, row in zip(stubs, rows, strict=True):
            stub[field] = row[field]
    selections = " ".join(selection for _, selection in links.values())
    merged = await filled.got(OFFICER, f"{{complaints {{edges {{node {{__typename id ticket {selections}}}}}}}}}")
    assert stubs == [edge["node"] for edge in merged["complaints"]["edges"]]
    assert any(stub["centralReport"] and stub["procurementOrders"] and stub["payments"] for stub in stubs)
