"""What a client does by hand is the same through a gateway: lists, links, mutations, tokens and subscriptions."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from hub.api.query_page import EXAMPLES
from hub.store.database import Database
from tests.api.streams.harness import upcoming
from tests.clients import needs_node, patient
from tests.clients.federation.asking import subscribed
from tests.clients.hub_server import Hub, ask, data
from tests.sync import isolated_sequencer

DESK = EXAMPLES[0].query
PUBLIC = """
{ complaints(first: 50) { totalCount edges { node {
    ticket title status dueAt agency { name } area { name } secret timeline { action at note }
    reporter { name } text centralReport { trackingId } payments { reference } procurementOrders { orderId } } } }
  procurementOrders(first: 5) { edges { node { orderId supplier { name } agency { name complaints { totalCount } } } } }
  payments { totalCount } centralReports { totalCount } complaintTotals(groupBy: STATUS) { group count } }
"""
LINKS = """
{ procurementOrders(first: 3) { edges { node { orderId system { name title } agency { code centralReports(first: 2) {
    totalCount edges { node { title log { type note } } } } }
    supplier { id name
      procurementOrders(first: 2) { totalCount edges { node { orderId agency { name complaints(first: 2) {
      edges { node { ticket } } } } } } } } } } }
  payments(first: 5, filter: {corridor: ["K7"]}) { totalCount edges { cursor node { id statusLabel(language: EN)
    system { name coverage } complaints(first: 3) { totalCount edges { node {
      ticket area { name } timeline { action note } references { paymentReference } } } } } } }
  centralReports(first: 5) { edges { node { trackingId institution
    complaint { ticket procurementOrders { orderId } payments { reference } }
    area { code complaints(first: 1) { totalCount } } } } }
  complaintTotals(groupBy: CHANNEL) { group count }
  paymentTotals(groupBy: MERCHANT) { group count amount { amount currency } } }
"""
ONE_OF_EACH = """
{ payments(first: 1) { edges { node { id } } } procurementOrders(first: 1) { edges { node { id supplier { id } } } }
  centralReports(first: 1) { edges { node { id } } } complaints(first: 1) { edges { node { id } } }
  agencies(first: 1) { edges { node { id } } } areas(first: 1) { edges { node { id } } } systems { id } }
"""
BY_ID = """
query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id
  ... on SystemRecord { asOf sourceStatus } ... on Payment { reference complaints { totalCount } system { title } }
  ... on ProcurementOrder { orderId supplier { name } } ... on Supplier { name } ... on CentralReport { trackingId }
  ... on Complaint { ticket payments { reference } } ... on Agency { code procurementOrders { totalCount } }
  ... on Area { code } ... on System { name recordCount } } }
"""
SUBMIT = """
mutation { submitComplaint(input: {idempotencyKey: "through-the-gateway", channel: GOJEK, class: COMPLAINT,
    title: "Bus tidak berhenti di halte", text: "Bus tidak berhenti di halte pagi ini.", areaCode: "33.74",
    anonymous: true, paymentReference: "REFERENCE"}) {
  __typename
  ... on SubmitComplaintPayload {
    trackingCode complaint { ticket status dueAt area { name } payments { reference } } } } }
"""

pytestmark = [pytest.mark.outside, needs_node, patient]


def _steady(data: dict[str, Any]) -> dict[str, Any]:
    """Return ``data`` without values that change with every request."""
    for system in data.get("systems") or []:
        assert system.pop("lagSeconds", 0) >= 0
    return data


async def test_the_desk_is_the_same_through_the_gateway(url: str, gateway: str) -> None:
    after, linked = None, {"centralReport": 0, "payments": 0, "agency": 0, "reporter": 0}
    for _ in range(3):
        here = _steady(await data(url, DESK, {"after": after}))
        assert _steady(await data(gateway, DESK, {"after": after})) == here
        rows = [edge["node"] for edge in here["complaints"]["edges"]]
        assert len(rows) == 20
        linked = {name: found + sum(bool(row[name]) for row in rows) for name, found in linked.items()}
        after = here["complaints"]["pageInfo"]["endCursor"]
    assert all(linked.values()), linked
    filled = {system["name"] for system in here["systems"] if system["recordCount"]}
    assert filled >= {"blangkon", "gopay", "lapor"}


async def test_links_lead_everywhere_through_the_gateway(url: str, gateway: str) -> None:
    here = await data(url, LINKS)
    assert await data(gateway, LINKS) == here
    assert all(here.values())


async def test_any_entity_is_found_by_its_id_through_the_gateway(url: str, gateway: str) -> None:
    ids = list(_ids(await data(url, ONE_OF_EACH)))
    here = await data(url, BY_ID, {"ids": ids})
    assert len({node["__typename"] for node in here["nodes"]}) == 8
    assert await data(gateway, BY_ID, {"ids": ids}) == here


def _ids(value: Any) -> Any:
    """Return every ``id`` in a response, at any depth."""
    if isinstance(value, dict):
        yield from ([value["id"]] if "id" in value else [])
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _ids(each)


async def test_the_public_sees_no_more_through_the_gateway(url: str, gateway: str) -> None:
    here, there = await ask(url, PUBLIC, token=None), await ask(gateway, PUBLIC, token=None)
    assert there["data"] == here["data"]
    assert len(here["data"]["complaints"]["edges"]) == 50
    assert _refusals(there) == _refusals(here) >= {"complaints:pii", "reports:read", "payments:read"}
    ids = list(_ids(await data(url, ONE_OF_EACH)))
    here, there = [await ask(each, BY_ID, {"ids": ids}, token=None) for each in (url, gateway)]
    assert None in here["data"]["nodes"]
    assert there["data"] == here["data"]


def _refusals(answer: dict[str, Any]) -> set[str]:
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"FORBIDDEN"}
    return {error["extensions"]["scope"] for error in answer["errors"]}


async def test_an_invalid_token_opens_nothing_through_the_gateway(gateway: str) -> None:
    answer = await ask(gateway, DESK, token="another")
    assert not any((answer["data"] or {}).values())
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"UNAUTHENTICATED"}


async def test_a_complaint_submitted_through_the_gateway_is_the_hubs(url: str, gateway: str) -> None:
    paid = (await data(url, "{ payments(first: 1) { edges { node { reference } } } }"))["payments"]["edges"][0]["node"]
    submit = SUBMIT.replace("REFERENCE", paid["reference"])
    there = (await data(gateway, submit))["submitComplaint"]
    assert there["__typename"] == "SubmitComplaintPayload"
    assert there["complaint"]["payments"] == [paid]
    assert (await data(url, submit))["submitComplaint"] == there


async def test_a_tracking_code_works_through_the_gateway(url: str, gateway: str) -> None:
    submit = SUBMIT.replace("through-the-gateway", "followed-through-the-gateway").replace('"REFERENCE"', "null")
    payload = (await data(url, submit))["submitComplaint"]
    ticket = payload["complaint"]["ticket"]
    query = f'{{ complaint(ticket: "{ticket}") {{ text timeline {{ action }} }} }}'
    here, there = [await _by_holder(each, query, f"{ticket} {payload['trackingCode']}") for each in (url, gateway)]
    assert there["data"] == here["data"]
    assert here["data"]["complaint"]["text"] == "Bus tidak berhenti di halte pagi ini."


async def _by_holder(url: str, query: str, code: str) -> Any:
    headers = {"Hub-Tracking-Code": code}
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        return (await client.post(f"{url}/graphql", json={"query": query}, headers=headers)).json()


async def test_live_changes_come_through_the_gateway(hub: Hub, url: str, hive: str) -> None:
    query = """subscription {changes(systems: ["hub"]) {
        __typename ... on Checkpoint {cursor} ... on ChangeEdge {cursor node {system kind subject removed} } } }"""
    submit = SUBMIT.replace("through-the-gateway", "live-through-the-gateway").replace('"REFERENCE"', "null")
    database = Database(hub.environment["HUB_DATABASE_URL"])
    try:
        # What the hub was filled with has no positions yet.
        await isolated_sequencer.sequence(database)
        async with subscribed(hive, {"query": query}) as events:
            assert (await upcoming(events)).data["data"]["changes"]["__typename"] == "Checkpoint"
            ticket = (await data(url, submit))["submitComplaint"]["complaint"]["ticket"]
            await isolated_sequencer.sequence(database)
            event = (await upcoming(events)).data["data"]["changes"]
            assert event["node"] == {"system": "hub", "kind": "complaint", "subject": ticket, "removed": False}
        # The cursor leads on, wherever the reader connects next.
        resumed = query.replace("(systems", f'(after: "{event["cursor"]}", systems')
        async with subscribed(url, {"query": resumed}) as events:
            assert (await upcoming(events)).data["data"]["changes"]["__typename"] == "Checkpoint"
    finally:
        await database.close()


async def test_a_subscription_joins_what_other_subgraphs_know(hub: Hub, url: str, hive: str) -> None:
    query = """subscription($ticket: String!) {complaint(ticket: $ticket) {
        ticket status payments {reference} agency {name} } }"""
    listed = await data(
        url, "{payments(first: 50) {edges {node {complaints(first: 1) {edges {node {ticket} } } } } } }"
    )
    ticket = next(
        found["node"]["ticket"] for edge in listed["payments"]["edges"] for found in edge["node"]["complaints"]["edges"]
    )
    body = {"query": query, "variables": {"ticket": ticket}}
    got = []
    for each in (url, hive):
        async with subscribed(each, body) as events:
            got.append((await upcoming(events)).data["data"])
    assert got[0] == got[1]
    assert got[0]["complaint"]["payments"]
