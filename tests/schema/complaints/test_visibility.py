"""Who sees which complaint (decision 0004): the same result in every query."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

import pytest

from hub.complaints.workflow import Action
from hub.schema.complaints.complaint import Complaint
from hub.store.queries.visibility import Detail
from hub.viewer import Viewer
from tests.fake_connector import report
from tests.schema.harness import ANONYMOUS, CLERK, OFFICER, Stage
from tests.schema.visibility_cases import (
    CASES,
    VIEWERS,
    Tickets,
    create_cases,
    tickets_shown_to,
    tickets_with_payment_shown_to,
    viewer,
)

Way = Callable[[Stage, Viewer, Tickets], Awaitable[Collection[str]]]


@pytest.fixture(scope="module")
async def tickets(shared: Stage) -> Tickets:
    """A complaint of each case."""
    return await create_cases(shared)


def ids(tickets: Tickets) -> list[str]:
    return [Complaint.id_of(("hub", ticket)) for ticket in tickets.values()]


def in_connection(connection: Any) -> list[str]:
    return [edge["node"]["ticket"] for edge in connection["edges"]]


def of_rows(rows: Any) -> list[str]:
    return [row["ticket"] for row in rows if row]


async def by_list(stage: Stage, viewer: Viewer, tickets: Tickets) -> Collection[str]:
    return in_connection((await stage.got(viewer, "{complaints(first: 100) {edges {node {ticket}}}}"))["complaints"])


async def by_ticket(stage: Stage, viewer: Viewer, tickets: Tickets) -> Collection[str]:
    query = "query($ticket: String!) {complaint(ticket: $ticket) {ticket}}"
    found = [(await stage.got(viewer, query, ticket=ticket))["complaint"] for ticket in tickets.values()]
    return of_rows(found)


async def by_node(stage: Stage, viewer: Viewer, tickets: Tickets) -> Collection[str]:
    query = "query($id: ID!) {node(id: $id) {... on Complaint {ticket}}}"
    return of_rows([(await stage.got(viewer, query, id=id_))["node"] for id_ in ids(tickets)])


async def by_nodes(stage: Stage, viewer: Viewer, tickets: Tickets) -> Collection[str]:
    query = "query($ids: [ID!]!) {nodes(ids: $ids) {... on Complaint {ticket}}}"
    return of_rows((await stage.got(viewer, query, ids=ids(tickets)))["nodes"])


async def by_nodes_of_the_systems_part(stage: Stage, viewer: Viewer, tickets: Tickets) -> Collection[str]:
    query = "query($ids: [ID!]!) {nodes(ids: $ids) {id}}"
    found = (await stage.got(viewer, query, part="systems", ids=ids(tickets)))["nodes"]
    shown = {row["id"] for row in found if row}
    return [ticket for ticket, id_ in zip(tickets.values(), ids(tickets), strict=True) if id_ in shown]


ENTITIES = "query($r: [_Any!]!) {_entities(representations: $r) {... on Complaint {ticket}}}"


async def by_entities_with_id(stage: Stage, viewer: Viewer, tickets: Tickets) -> Collection[str]:
    representations = [{"__typename": "Complaint", "id": id_} for id_ in ids(tickets)]
    return of_rows((await stage.got(viewer, ENTITIES, r=representations))["_entities"])


async def by_entities_with_ticket(stage: Stage, viewer: Viewer, tickets: Tickets) -> Collection[str]:
    representations = [{"__typename": "Complaint", "ticket": ticket} for ticket in tickets.values()]
    return of_rows((await stage.got(viewer, ENTITIES, part="complaints", r=representations))["_entities"])


async def by_agency(stage: Stage, viewer: Viewer, tickets: Tickets) -> Collection[str]:
    query = '{agency(code: "DISHUB") {complaints {totalCount edges {node {ticket}}}}}'
    found = (await stage.got(viewer, query))["agency"]["complaints"]
    assert found["totalCount"] == len(found["edges"])
    return in_connection(found)


async def by_area(stage: Stage, viewer: Viewer, tickets: Tickets) -> Collection[str]:
    query = '{areas(filter: {code: ["33.74"]}) {edges {node {complaints {totalCount edges {node {ticket}}}}}}}'
    (area,) = (await stage.got(viewer, query))["areas"]["edges"]
    assert area["node"]["complaints"]["totalCount"] == len(area["node"]["complaints"]["edges"])
    return in_connection(area["node"]["complaints"])


async def by_filter_on_ticket(stage: Stage, viewer: Viewer, tickets: Tickets) -> Collection[str]:
    query = "query($t: [String!]!) {complaints(filter: {ticket: $t}) {edges {node {ticket}}}}"
    return in_connection((await stage.got(viewer, query, t=list(tickets.values())))["complaints"])


async def by_filter_on_agency(stage: Stage, viewer: Viewer, tickets: Tickets) -> Collection[str]:
    query = '{complaints(filter: {agency: ["DISHUB"], area: ["33.74"]}) {edges {node {ticket}}}}'
    return in_connection((await stage.got(viewer, query))["complaints"])


async def by_count(stage: Stage, viewer: Viewer, tickets: Tickets) -> Collection[str]:
    query = "query($t: [String!]!) {complaints(filter: {ticket: $t}) {totalCount totalCountAtLeast}}"
    found = {}
    for ticket in tickets.values():
        counts = (await stage.got(viewer, query, t=[ticket]))["complaints"]
        assert counts["totalCount"] == counts["totalCountAtLeast"]
        found[ticket] = counts["totalCount"]
    return [ticket for ticket, count in found.items() if count]


async def by_filter_on_channel(stage: Stage, viewer: Viewer, tickets: Tickets) -> Collection[str]:
    query = "{complaints(filter: {channel: [WHATSAPP], class: [COMPLAINT]}) {edges {node {ticket}}}}"
    answer = await stage.ask(viewer, query)
    assert bool(answer.errors) is not viewer.may("complaints:read")
    return in_connection(answer.data["complaints"]) if answer.data["complaints"] else []


WAYS: Mapping[Way, Detail] = {
    by_list: Detail.MINIMAL,
    by_ticket: Detail.MINIMAL,
    by_node: Detail.MINIMAL,
    by_nodes: Detail.MINIMAL,
    by_nodes_of_the_systems_part: Detail.MINIMAL,
    by_entities_with_id: Detail.MINIMAL,
    by_entities_with_ticket: Detail.MINIMAL,
    by_filter_on_ticket: Detail.MINIMAL,
    by_count: Detail.MINIMAL,
    by_agency: Detail.PUBLIC,
    by_area: Detail.PUBLIC,
    by_filter_on_agency: Detail.PUBLIC,
    by_filter_on_channel: Detail.FULL,
}
"""Every path to a complaint, and the detail that a viewer needs to find it there."""


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("name", VIEWERS)
async def test_each_viewer_sees_the_same_complaints_by_every_way(
    shared: Stage, tickets: Tickets, way: Way, name: str
) -> None:
    assert set(await way(shared, viewer(name, tickets), tickets)) == tickets_shown_to(name, tickets, WAYS[way])


async def by_payments(shared: Stage, viewer: Viewer, tickets: Tickets) -> Collection[str]:
    data = (await shared.ask(viewer, "{payments {edges {node {complaints {edges {node {ticket}}}}}}}")).data
    return _through(data["payments"], "complaints")


async def by_orders(shared: Stage, viewer: Viewer, tickets: Tickets) -> Collection[str]:
    data = (await shared.ask(viewer, "{procurementOrders {edges {node {complaints {edges {node {ticket}}}}}}}")).data
    return _through(data["procurementOrders"], "complaints")


async def by_reports(shared: Stage, viewer: Viewer, tickets: Tickets) -> Collection[str]:
    data = (await shared.ask(viewer, "{centralReports {edges {node {complaint {ticket}}}}}")).data
    rows = data["centralReports"]["edges"] if data["centralReports"] else []
    return of_rows(edge["node"]["complaint"] for edge in rows)


def _through(connection: Any, link: str) -> list[str]:
    """Return the rows that a link of every row leads to; none if the viewer may not follow it."""
    rows = [edge["node"][link] for edge in connection["edges"]] if connection else []
    return [ticket for row in rows if row for ticket in in_connection(row)]


@pytest.mark.parametrize("way", [by_payments, by_orders, by_reports], ids=lambda way: way.__name__)
@pytest.mark.parametrize("name", VIEWERS)
async def test_a_record_links_to_complaints_its_viewer_sees_in_full(
    shared: Stage, tickets: Tickets, way: Way, name: str
) -> None:
    who = viewer(name, tickets)
    scopes: dict[Way, str] = {by_payments: "payments:read", by_reports: "reports:read"}
    records = scopes.get(way, "complaints:read")
    expected = (
        tickets_shown_to(name, tickets, Detail.FULL) if who.may("complaints:read") and who.may(records) else set()
    )
    seen = tickets_with_payment_shown_to(name, tickets) if way is by_payments else expected
    assert set(await way(shared, who, tickets)) == expected & seen


STUBS = {
    "reports": "... on Complaint {centralReport {trackingId}}",
    "payments": "... on Complaint {payments {reference}}",
    "procurement": "... on Complaint {procurementOrders {orderId}}",
}


@pytest.mark.parametrize("part", STUBS)
@pytest.mark.parametrize("name", VIEWERS)
async def test_a_stub_resolves_links_of_visible_complaints_only(
    shared: Stage, tickets: Tickets, part: str, name: str
) -> None:
    query = f"query($r: [_Any!]!) {{_entities(representations: $r) {{{STUBS[part]}}}}}"
    missing = Complaint.id_of(("hub", "LG-2026-999999"))
    representations = [{"__typename": "Complaint", "id": id_} for id_ in [*ids(tickets), missing]]
    who = viewer(name, tickets)
    found = (await shared.ask(who, query, part=part, r=representations)).data["_entities"]
    (link,) = found[0]
    opened = {case for case, row in zip(tickets, found, strict=False) if row[link]}
    followed = who.may("complaints:read") and who.may(f"{part}:read" if part != "procurement" else "complaints:read")
    expected = tickets_shown_to(name, tickets, Detail.FULL) if followed else set()
    assert {tickets[case] for case in opened} == (
        expected & tickets_with_payment_shown_to(name, tickets) if part == "payments" else expected
    )
    # What may not be seen looks like what does not exist.
    assert all(row == found[-1] for case, row in zip(tickets, found, strict=False) if case not in opened)


@pytest.mark.parametrize("part", STUBS)
async def test_a_stub_opens_nothing_for_the_public(shared: Stage, tickets: Tickets, part: str) -> None:
    query = f"query($r: [_Any!]!) {{_entities(representations: $r) {{{STUBS[part]}}}}}"
    representations = [{"__typename": "Complaint", "id": id_} for id_ in ids(tickets)]
    answer = await shared.ask(ANONYMOUS, query, part=part, r=representations)
    assert answer.codes == ["FORBIDDEN"]
    assert {value for row in answer.data["_entities"] for value in row.values()} == {None}


async def test_a_record_stub_leads_the_public_to_no_complaint(shared: Stage, tickets: Tickets) -> None:
    """The subgraph of complaints receives stubs of records, which the public may not see or not follow."""
    data = await shared.got(
        OFFICER, "{payments {edges {node {__typename id}}} centralReports {edges {node {__typename id}}}}"
    )
    representations = [edge["node"] for listed in data.values() for edge in listed["edges"]]
    query = """query($r: [_Any!]!) {_entities(representations: $r) {
        ... on Payment {complaints {edges {node {ticket}}}} ... on CentralReport {complaint {ticket}}}}"""
    answer = await shared.ask(ANONYMOUS, query, part="complaints", r=representations)
    assert {error["extensions"]["scope"] for error in answer.errors} == {"complaints:read"}
    # Of each case a payment, its report, and one that may be the same matter.
    assert len(answer.data["_entities"]) == len(representations) == 3 * len(CASES)
    assert all(row in ({"complaint": None}, {"complaints": None}) for row in answer.data["_entities"])


async def test_a_mutation_treats_a_hidden_complaint_as_missing(shared: Stage, tickets: Tickets) -> None:
    query = """mutation($ticket: String!) {closeComplaint(input: {ticket: $ticket}) {
        __typename ... on ComplaintNotFound {message}}}"""
    hidden = await shared.got(CLERK, query, ticket=tickets["secret"])
    missing = await shared.got(CLERK, query, ticket="LG-2026-999999")
    assert hidden == missing
    assert hidden["closeComplaint"]["__typename"] == "ComplaintNotFound"


async def test_a_reopened_rejected_complaint_awaits_verification(stage: Stage) -> None:
    ticket = await stage.complaint("VERIFIED")
    query = "query($t: String!) {complaint(ticket: $t) {ticket}}"
    assert (await stage.got(ANONYMOUS, query, t=ticket))["complaint"]
    await stage.act(ticket, Action.REJECT, Action.REOPEN, Action.RETURN)
    assert (await stage.got(ANONYMOUS, query, t=ticket))["complaint"] is None


async def test_a_secret_record_is_hidden_from_officers_without_pii(stage: Stage) -> None:
    await stage.records(report("1", secret=True), report("2"))
    query = (
        '{agency(code: "DISHUB") {centralReports {totalCount edges {node {trackingId}}}} centralReports {totalCount}}'
    )
    for who, found in ((CLERK, ["2"]), (OFFICER, ["2", "1"])):
        data = await stage.got(who, query)
        linked = data["agency"]["centralReports"]
        assert sorted(edge["node"]["trackingId"] for edge in linked["edges"]) == sorted(found)
        assert linked["totalCount"] == data["centralReports"]["totalCount"] == len(found)


async def test_an_agencys_officer_sees_only_its_own_secret_reports(stage: Stage) -> None:
    reports = [("R1", "DISHUB", True), ("R2", "DINKES", True), ("R3", "DINKES", False)]
    await stage.records(*(report(ref, agency=code, secret=secret) for ref, code, secret in reports))
    query = "{centralReports {edges {node {trackingId}}}}"
    seen = {}
    for name, agency in (("desk", None), ("agency", "DISHUB")):
        edges = (await stage.got(replace(OFFICER, name=name, agency=agency), query))["centralReports"]["edges"]
        seen[name] = {edge["node"]["trackingId"] for edge in edges}
    assert seen == {"desk": {"R1", "R2", "R3"}, "agency": {"R1", "R3"}}


async def test_a_complaint_returned_after_verification_is_not_public(stage: Stage) -> None:
    ticket = await stage.complaint("VERIFIED")
    query = "{complaints {edges {node {ticket}}}}"
    assert (await stage.got(ANONYMOUS, query))["complaints"]["edges"] == [{"node": {"ticket": ticket}}]
    for status in ("REJECTED", "RECEIVED"):
        await stage.run("update complaints set status = :status", status=status)
        assert (await stage.got(ANONYMOUS, query))["complaints"]["edges"] == []
