"""When a record was last seen, which records are gone, and when two final states put a record in doubt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from hub.contract import Record
from hub.schema import ids
from tests.fake_connector import Fake, order, payment
from tests.schema.harness import OFFICER, Stage
from tests.store.ingest.test_quarantine import NOW, ingest

LATER, EARLIER = NOW, NOW - timedelta(hours=1)


@pytest.mark.parametrize(
    "again",
    [
        payment("P1", version=2),
        payment("P1", version=3, corridor="K2"),
        payment("P1", version=1),
        payment("P1", broken=True),
    ],
    ids=["unchanged", "updated", "stale", "unreadable"],
)
async def test_seen_at_never_runs_back(stage: Stage, again: dict[str, object]) -> None:
    await ingest(stage, [payment("P1", version=2)], LATER)
    await ingest(stage, [again], EARLIER)
    assert await stage.rows("select seen_at from records") == [(LATER,)]
    await ingest(stage, [again], LATER + timedelta(hours=1))
    assert await stage.rows("select seen_at from records") == [(LATER + timedelta(hours=1),)]


async def test_what_is_gone_is_in_no_list_no_link_and_no_count(stage: Stage) -> None:
    await stage.pull(order("O1"), order("O2"))
    await stage.run("update records set gone_at = now() where external_id = 'O1'")
    gone = ids.encode("ProcurementOrder", ("fake", "O1"))
    data = await stage.got(
        OFFICER,
        """query ($id: ID!, $r: [_Any!]!) {
        procurementOrders { totalCount edges { node { orderId } } }
        node(id: $id) { id }
        _entities(representations: $r) { __typename }
        agency(code: "DISHUB") { orders: procurementOrders { totalCount edges { node { orderId } } } }
        orderTotals(groupBy: MARKETPLACE) { value { amount } } }""",
        id=gone,
        r=[{"__typename": "ProcurementOrder", "id": gone}],
    )
    listed = {"totalCount": 1, "edges": [{"node": {"orderId": "O2"}}]}
    assert data == {
        "procurementOrders": listed,
        "agency": {"orders": listed},
        "node": None,
        "_entities": [None],
        "orderTotals": [{"value": {"amount": "1000.00"}}],
    }


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize(("version", "status"), [(1, "IN_DOUBT"), (2, "FAILED")])
async def test_two_final_states_are_a_doubt_only_in_one_version(
    stage: Stage, version: int, status: str, *, at_once: bool
) -> None:
    items = [order("O1", version=1), order("O1", version=version, status="FAILED")]
    for batch in [items] if at_once else [[item] for item in items]:
        await ingest(stage, batch)
    assert await stage.rows("select status from records") == [(status,)]


class Dated(Fake):
    """The fake system with a time of change in each item."""

    columns = (*Fake.columns, "changed")

    def map(self, raw: Mapping[str, Any]) -> Record:
        return replace(super().map(raw), updated_at=datetime.fromisoformat(raw["changed"]))


@pytest.mark.parametrize(("version", "moved"), [(3, True), (2, False), (1, False)])
async def test_a_newer_unchanged_version_moves_updated_at(stage: Stage, version: int, *, moved: bool) -> None:
    first, second = "2026-01-01T00:00:00+00:00", "2026-02-01T00:00:00+00:00"
    await ingest(stage, [payment("P1", version=2, changed=first)], kind=Dated)
    before = await stage.rows("select count(*) from changes")
    await ingest(stage, [payment("P1", version=version, changed=second)], kind=Dated)
    assert await stage.rows("select updated_at from records") == [(datetime.fromisoformat(second if moved else first),)]
    assert await stage.rows("select count(*) from changes") == before
