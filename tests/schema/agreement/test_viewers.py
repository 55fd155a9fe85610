"""The agreement of a complaint × every kind of viewer: only who sees the complaint in full learns of it."""

from __future__ import annotations

from typing import Any

import pytest

from hub.store.queries.visibility import Detail
from tests.schema.harness import Stage
from tests.schema.visibility_cases import VIEWERS, Tickets, create_cases, tickets_shown_to, viewer

COMPLAINT = "query($t: String!) {complaint(ticket: $t) {agreement {state differences {field values {value}}}}}"
LISTED = "{disagreements(first: 100) {nodes {sides {system externalId}}}}"


@pytest.fixture(scope="module")
async def tickets(shared: Stage) -> Tickets:
    """A complaint of each case, whose agency the other system disputes."""
    return await create_cases(shared)


async def answered(shared: Stage, name: str, tickets: Tickets, query: str, **variables: Any) -> Any:
    return (await shared.ask(viewer(name, tickets), query, **variables)).data


@pytest.mark.parametrize("name", VIEWERS)
async def test_only_who_sees_a_complaint_in_full_sees_its_agreement(shared: Stage, tickets: Tickets, name: str) -> None:
    seen = set()
    for ticket in tickets.values():
        data = await answered(shared, name, tickets, COMPLAINT, t=ticket)
        if data and data["complaint"] and data["complaint"]["agreement"]:
            assert data["complaint"]["agreement"]["state"] == "DIFFERS"
            seen.add(ticket)
    assert seen == tickets_shown_to(name, tickets, Detail.FULL)


@pytest.mark.parametrize("name", VIEWERS)
async def test_disagreements_are_those_of_complaints_seen_in_full(shared: Stage, tickets: Tickets, name: str) -> None:
    data = await answered(shared, name, tickets, LISTED)
    nodes = data["disagreements"]["nodes"] if data and data["disagreements"] else []
    listed = {side["externalId"] for node in nodes for side in node["sides"] if side["system"] == "hub"}
    assert listed == tickets_shown_to(name, tickets, Detail.FULL)
