"""Stored rows that cannot be shown are left out and counted in every query, and nothing else fails."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from hub.schema import ids, nodes
from hub.store.feed import snapshots
from hub.store.value_loaders import EARLIEST_TIME, LATEST_TIME
from hub.sync.sequencer import assign_all
from hub.viewer import Viewer, ViewerKind
from tests.fake_connector import payment, report
from tests.schema.harness import OFFICER, Stage

FOLLOWER = Viewer(ViewerKind.PARTNER, "tester", frozenset({"records:sync.fake"}))
BROKEN = {
    "year 0": "update records set occurred_at = '0001-12-31 16:00:00+00 BC' where external_id like '%2'",
    "infinity": "update records set updated_at = 'infinity' where external_id like '%2'",
    "a status of another version": "update records set status = 'DREAMT' where external_id like '%2'",
    "a field that is missing": "update records set body = '{}' where external_id like '%2'",
}
TOO_MANY = "update records set body = body || '{\"followups\": 99999999999}' where external_id = 'L2'"

LISTS = """{ payments { edges { node { reference paidAt } } }
  centralReports { edges { node { trackingId followUpCount } } }
  agency(code: "DISHUB") { centralReports { edges { node { trackingId updatedAt } } } } }"""


@pytest.fixture
async def filled(stage: Stage) -> Stage:
    await stage.records(*(payment(f"P{n}") for n in (1, 2, 3)), *(report(f"L{n}") for n in (1, 2, 3)))
    nodes.UNREADABLE_ROWS.clear()
    return stage


@pytest.mark.parametrize("broken", [*BROKEN.values(), TOO_MANY], ids=[*BROKEN, "an integer beyond Int"])
async def test_lists_and_links_return_the_other_rows(filled: Stage, broken: str) -> None:
    await filled.run(broken)
    data = await filled.got(OFFICER, LISTS)
    linked = data["agency"]["centralReports"]["edges"]
    assert sorted(edge["node"]["trackingId"] for edge in linked) == ["L1", "L3"]
    assert sorted(edge["node"]["trackingId"] for edge in data["centralReports"]["edges"]) == ["L1", "L3"]
    if broken is not TOO_MANY:
        assert sorted(edge["node"]["reference"] for edge in data["payments"]["edges"]) == ["P1", "P3"]


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
async def test_by_its_id_it_is_not_there(filled: Stage, broken: str) -> None:
    await filled.run(broken)
    node_ids = [ids.encode("Payment", ("fake", f"P{n}")) for n in (1, 2)]
    data = await filled.got(
        OFFICER,
        """query ($ids: [ID!]!, $r: [_Any!]!) { nodes(ids: $ids) { id } node(id: $none) { id }
        _entities(representations: $r) { ... on Payment { reference } } }""".replace("$none", f'"{node_ids[1]}"'),
        ids=node_ids,
        r=[{"__typename": "Payment", "id": each} for each in node_ids],
    )
    assert data == {"nodes": [{"id": node_ids[0]}, None], "node": None, "_entities": [{"reference": "P1"}, None]}


async def test_a_list_goes_on_behind_it(filled: Stage) -> None:
    await filled.run("update records set status = 'DREAMT' where external_id = 'P2'")
    seen: list[str] = []
    after = None
    for _ in range(4):
        page = await filled.got(
            OFFICER,
            "query ($after: String) { payments(first: 1, after: $after) "
            "{ edges { node { reference } } pageInfo { endCursor hasNextPage } } }",
            after=after,
        )
        seen += [edge["node"]["reference"] for edge in page["payments"]["edges"]]
        after = page["payments"]["pageInfo"]["endCursor"]
        if not page["payments"]["pageInfo"]["hasNextPage"]:
            break
    assert sorted(seen) == ["P1", "P3"]


async def test_it_is_counted(filled: Stage) -> None:
    await filled.run("update records set status = 'DREAMT' where external_id = 'P2'")
    await filled.got(OFFICER, "{ payments { edges { node { reference } } } }")
    assert nodes.UNREADABLE_ROWS == {"Payment": 1}


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        ("0001-12-31 00:00+00 BC", EARLIEST_TIME),
        ("infinity", LATEST_TIME),
        ("-infinity", EARLIEST_TIME),
        ("58879-01-01", LATEST_TIME),
    ],
)
async def test_no_statement_fails_by_a_time_beyond_python(stage: Stage, stored: str, read: Any) -> None:
    async with stage.database.read() as db:
        assert await db.scalar(text(f"select timestamptz '{stored}'")) == read
    await stage.run(f"update systems set next_pull_at = '{stored}'")
    assert await stage.got(OFFICER, "{ systems { name } }") == {"systems": [{"name": "fake"}]}


async def test_feed_and_snapshots_return_the_other_rows(filled: Stage) -> None:
    await filled.run("update records set updated_at = 'infinity', digest = 'x' where external_id = 'P2'")
    await assign_all(filled.database)
    data = await filled.got(FOLLOWER, "{ changes(first: 100) { edges { node { subject effectiveAt } } } }")
    assert {edge["node"]["subject"] for edge in data["changes"]["edges"]} >= {"P1", "P3", "L1"}
    async with snapshots.open_snapshot(filled.database, FOLLOWER, "fake", {}) as snapshot:
        assert snapshot
        subjects = [row["subject"] for batch in [rows async for rows in snapshot.rows] for row in batch]
    assert sorted(subjects) == ["L1", "L2", "L3", "P1", "P3"]
