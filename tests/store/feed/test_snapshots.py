"""A snapshot shows one moment: it does not contain rows that are written while it is read."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from hub.store.feed import snapshots
from tests.schema.harness import OFFICER, Stage, staged


@pytest.fixture
async def stage(database_url: str) -> AsyncIterator[Stage]:
    async with staged(database_url) as stage:
        yield stage


async def test_what_is_written_while_a_snapshot_is_open_is_not_in_it(stage: Stage) -> None:
    before = await stage.complaint("VERIFIED")
    async with snapshots.open_snapshot(stage.database, OFFICER, "hub") as snapshot:
        assert snapshot
        await stage.complaint("VERIFIED")
        await stage.run("update complaints set status = 'CLOSED'")
        listed = [row async for batch in snapshot.rows for row in batch]
    assert [(row["subject"], row["facts"]["status"]) for row in listed] == [(before, "VERIFIED")]
