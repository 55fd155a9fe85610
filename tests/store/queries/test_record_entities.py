"""Rows by a key that several rows have."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from hub.store.queries import lookup
from hub.store.queries.record_entities import REPORT
from hub.viewer import WORKER
from tests.fake_connector import report
from tests.schema.harness import Stage, staged


@pytest.fixture
async def stage(database_url: str) -> AsyncIterator[Stage]:
    async with staged(database_url) as stage:
        yield stage


async def test_of_several_rows_with_one_key_the_latest_is_named(stage: Stage) -> None:
    for ref in ("A", "B", "C"):
        await stage.records(report(ref, keys=[["report", "same"]]))
    async with stage.database.read() as db:
        found = await lookup.by_key(db, REPORT, WORKER, "report", ["same", "A", "nothing"])
    assert {value: row["_ref"] for value, row in found.items()} == {"same": "C", "A": "A"}
