"""Parts of the tests of the payments connector: the first cursor, and the records that remain of pages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.connectors.base import Connector
from hub.connectors.gopay.connector import cursor
from hub.connectors.gopay.mapping import to_record
from hub.contract import Page, Record
from hub.testing.running import Running


def since(days: float) -> dict[str, Any]:
    """Return the cursor of a run that reads the last ``days`` and needs no review."""
    now = datetime.now(UTC)
    return cursor(now - timedelta(days=days), now)


def references(pages: list[Page]) -> list[str]:
    return [item["additionalInfo"]["referenceNo"] for page in pages for item in page.items]


def outcome(pages: list[Page]) -> dict[str, Record]:
    """Return the stored records of pages: the newer item of a payment, and of equal ones the later."""
    kept: dict[str, Record] = {}
    for record in (to_record(item) for page in pages for item in page.items):
        if record.external_id not in kept or record.version >= kept[record.external_id].version:
            kept[record.external_id] = record
    return kept


@pytest.fixture
async def gopay(running: Running) -> AsyncIterator[Connector]:
    async with running.connected(attempts=3) as gopay:
        yield gopay
