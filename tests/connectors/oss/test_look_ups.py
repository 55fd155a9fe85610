"""Look-ups of OSS: a failing number skips its record, an outage ends the pull, and nothing found is lost."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from hub.connectors.oss.client import LookUpFailed, OssClient
from hub.connectors.oss.connector import Oss
from hub.connectors.oss.mapping import to_record
from hub.contract import Run
from hub.errors import TryLater
from hub.testing.running import Running, running_sandbox
from tests.connectors.oss.running_sandbox import TODAY


@pytest.fixture(scope="module")
async def oss(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    async with running_sandbox(Oss, Path(tmp_path_factory.mktemp("keys")), TODAY, size=60) as running:
        yield running


async def pulled(oss: Running, ids: list[str]) -> tuple[list[str], TryLater | None]:
    """The ids of the items of a pull over ``ids``, and the error that ended it."""

    async def due(before: datetime | None = None) -> AsyncIterator[list[str]]:
        yield ids

    async with oss.connected() as connector:
        found: list[str] = []
        run = Run(cursor={}, full=False, now=datetime.now(UTC), known=due(), unfinished=due)
        try:
            async for page in Oss.pages(connector, run):  # type: ignore[arg-type]
                found += [item["id"] for item in page.items]
        except TryLater as error:
            return found, error
        return found, None


def failing(*ids: str) -> Any:
    """OSS that has no data for these businesses."""
    original = OssClient.inquery_nib

    async def inquery(client: OssClient, nib: str) -> Any:
        if f"NIB-{nib}" in ids:
            raise LookUpFailed("inqueryNIB failed with kode 500")
        return await original(client, nib)

    return patch.object(OssClient, "inquery_nib", inquery)


async def test_a_business_comes_with_its_permits(oss: Running) -> None:
    (id_,) = oss.sandbox.some_ids(1)
    found, error = await pulled(oss, [id_])
    assert (found[0], error) == (id_, None)
    assert all(each.startswith("I-") for each in found[1:])


async def test_one_failing_number_does_not_stop_the_others(oss: Running) -> None:
    ids = oss.sandbox.some_ids(6)
    with failing(ids[0], ids[2], ids[4]):
        found, error = await pulled(oss, ids)
    assert error is None
    assert [id_ for id_ in found if id_.startswith("NIB-")] == [ids[1], ids[3], ids[5]]


async def test_failures_in_a_row_end_the_pull_after_what_was_found(oss: Running) -> None:
    ids = oss.sandbox.some_ids(6)
    with failing(*ids[2:5]):
        found, error = await pulled(oss, ids)
    assert error is not None
    assert [id_ for id_ in found if id_.startswith("NIB-")] == ids[:2]


async def test_a_failure_under_200_of_all_is_an_outage(oss: Running) -> None:
    async with oss.fault("failure_under_200", value=500):
        found, error = await pulled(oss, oss.sandbox.some_ids(3))
    assert found == []
    assert error is not None


async def test_a_permit_is_looked_up_with_what_its_document_says(oss: Running) -> None:
    ids, _ = await pulled(oss, oss.sandbox.some_ids(3))
    permit = next(id_ for id_ in ids if id_.startswith("I-"))
    async with oss.connected() as connector:
        item = await connector.fetch_one(permit)
        assert await connector.inquire(permit) == item
        assert await connector.fetch_one("I-0") is None
        assert await connector.fetch_one("NIB-0000000000000") is None
    assert item is not None
    record = to_record(item)
    assert record.facts.type_name  # type: ignore[attr-defined]
    assert record.facts.kbli  # type: ignore[attr-defined]
    assert record.external_id == permit
