"""A partner sees the payments to its own merchants, in every query, and none whose reference it can only guess."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from typing import Any

import pytest

from hub.schema.payments import Payment
from hub.viewer import Viewer, ViewerKind
from tests.fake_connector import payment
from tests.schema.harness import CLERK, OFFICER, Stage
from tests.schema.visibility_cases import PARTNER

BUS, TAX, TOUR = "TRANSJATENG", "BAPENDA", "LOKET"
PAID = {"P1": BUS, "P2": BUS, "P3": TAX, "P4": TOUR}
SYNC = frozenset({"records:sync.fake"})
CITIZEN = Viewer(ViewerKind.CITIZEN, "u_siti", PARTNER.scopes, "gojek")

VIEWERS: dict[str, tuple[Viewer, str]] = {
    "of one merchant": (PARTNER, "P1 P2"),
    "of two merchants": (replace(PARTNER, merchants=frozenset({BUS, TAX})), "P1 P2 P3"),
    "of a merchant that nobody paid": (replace(PARTNER, merchants=frozenset({"TRANS", "transjateng"})), ""),
    "without merchants": (replace(PARTNER, merchants=frozenset()), ""),
    "of an outside issuer": (Viewer(ViewerKind.PARTNER, "client:pusat:app", PARTNER.scopes, "pusat:app"), ""),
    "who syncs the system": (replace(PARTNER, scopes=PARTNER.scopes | SYNC), "P1 P2 P3 P4"),
    "who syncs another system": (replace(PARTNER, scopes=PARTNER.scopes | {"records:sync.other"}), "P1 P2"),
    "who syncs without the scope of payments": (replace(PARTNER, scopes=frozenset({"complaints:read"}) | SYNC), ""),
    "a citizen through the partner's program": (CITIZEN, ""),
    "an officer through the partner's program": (replace(CLERK, client="gojek"), "P1 P2 P3 P4"),
    "an officer": (OFFICER, "P1 P2 P3 P4"),
}
Way = Callable[[Stage, Viewer], Awaitable[Collection[str]]]


async def found(stage: Stage, viewer: Viewer, query: str, **variables: Any) -> Any:
    """Return the only field of the response; an empty list if its scope is missing."""
    answer = await stage.ask(viewer, query, **variables)
    assert set(answer.codes) <= {"FORBIDDEN"}
    (value,) = answer.data.values()
    return value or []


def edges(connection: Any) -> list[str]:
    return [edge["node"]["reference"] for edge in connection["edges"]] if connection else []


def nodes(rows: Any) -> list[str]:
    return [row["reference"] for row in rows if row]


async def by_list(stage: Stage, viewer: Viewer) -> Collection[str]:
    listed = await found(stage, viewer, "{payments {totalCount totalCountAtLeast edges {node {reference}}}}")
    assert not listed or {listed["totalCount"], listed["totalCountAtLeast"]} == {len(listed["edges"])}
    return edges(listed)


async def by_filter(stage: Stage, viewer: Viewer) -> Collection[str]:
    query = "query($m: [String!]!) {payments(filter: {merchant: $m}, orderBy: AMOUNT_DESC) {edges {node {reference}}}}"
    return [each for name in (BUS, TAX, TOUR) for each in edges(await found(stage, viewer, query, m=[name]))]


async def by_reference(stage: Stage, viewer: Viewer) -> Collection[str]:
    query = "query($r: String!) {payment(reference: $r) {reference}}"
    return nodes([await found(stage, viewer, query, r=reference) for reference in PAID])


async def by_nodes(stage: Stage, viewer: Viewer) -> Collection[str]:
    query = "query($ids: [ID!]!) {nodes(ids: $ids) {... on Payment {reference}}}"
    return nodes(await found(stage, viewer, query, ids=[Payment.id_of(("fake", each)) for each in PAID]))


async def by_nodes_of_the_systems_part(stage: Stage, viewer: Viewer) -> Collection[str]:
    payments = {Payment.id_of(("fake", each)): each for each in PAID}
    rows = await found(stage, viewer, "query($i: [ID!]!) {nodes(ids: $i) {id}}", part="systems", i=[*payments])
    return [payments[row["id"]] for row in rows if row]


async def by_entities(stage: Stage, viewer: Viewer) -> Collection[str]:
    query = "query($r: [_Any!]!) {_entities(representations: $r) {... on Payment {reference}}}"
    representations = [{"__typename": "Payment", "id": Payment.id_of(("fake", each))} for each in PAID]
    return nodes(await found(stage, viewer, query, r=representations))


async def by_complaint(stage: Stage, viewer: Viewer) -> Collection[str]:
    query = "{complaints {edges {node {payments {reference}}}}}"
    listed = (await stage.ask(viewer, query)).data["complaints"]["edges"]
    return [each for edge in listed for each in nodes(edge["node"]["payments"] or [])]


async def by_complaint_of_a_stub(stage: Stage, viewer: Viewer) -> Collection[str]:
    """A gateway may send the id of any payment and ask for the complaints about it."""
    query = "query($r: [_Any!]!) {_entities(representations: $r) {... on Payment {complaints {totalCount}}}}"
    representations = [{"__typename": "Payment", "id": Payment.id_of(("fake", each))} for each in PAID]
    rows = await found(stage, viewer, query, part="complaints", r=representations)
    return [reference for reference, row in zip(PAID, rows, strict=True) if row["complaints"]["totalCount"]]


async def by_totals(stage: Stage, viewer: Viewer) -> Collection[str]:
    range_ = '(groupBy: MERCHANT, range: {start: "2026-01-01", end: "2026-01-31"})'
    rows = await found(stage, viewer, f"{{paymentTotals{range_} {{group count amount {{amount}}}}}}")
    assert all(float(row["amount"]["amount"]) == 4000 * row["count"] for row in rows)
    counts = {row["group"]: row["count"] for row in rows}
    assert all(count == [*PAID.values()].count(merchant) for merchant, count in counts.items())
    return [reference for reference, merchant in PAID.items() if merchant in counts]


WAYS: tuple[Way, ...] = (
    *(by_list, by_filter, by_reference, by_nodes, by_nodes_of_the_systems_part, by_entities, by_complaint),
    *(by_complaint_of_a_stub, by_totals),
)


@pytest.fixture(scope="module")
async def filled(shared: Stage) -> Stage:
    """A payment to each merchant, and complaints about each, by the partner and by its citizen."""
    await shared.run("insert into users (id, kind) values ('u_siti', 'CITIZEN')")
    await shared.records(*(payment(reference, merchant=merchant) for reference, merchant in PAID.items()))
    for reference in PAID:
        await shared.complaint("ASSIGNED", payment_reference=reference, by=PARTNER)
    await shared.run("update complaints set citizen_id = 'u_siti'")
    return shared


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
async def test_a_partner_sees_payments_to_its_own_merchants_only(filled: Stage, way: Way) -> None:
    seen = {name: sorted(await way(filled, viewer)) for name, (viewer, _) in VIEWERS.items()}
    expected = {name: references.split() for name, (_, references) in VIEWERS.items()}
    assert seen == expected
