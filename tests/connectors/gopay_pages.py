"""What the tests of the payments connector share: where to begin, and what the core keeps of pages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.connectors.base import Connector, Page, Record
from hub.connectors.gopay.connector import cursor
from hub.connectors.gopay.mapping import to_record
from tests.connectors.running import Running


def since(days: float) -> dict[str, Any]:
    """The cursor of a run that reads the last ``days`` and needs no review."""
    now = datetime.now(UTC)
    return cursor(now - timedelta(days=days), now)


def references(pages: list[Page]) -> list[str]:
    return [item["additionalInfo"]["referenceNo"] for page in pages for item in page.items]


def outcome(pages: list[Page]) -> dict[str, Record]:
    """What the core keeps of these pages: of one payment the newer word, and of equal ones the later."""
    kept: dict[str, Record] = {}
    for record in (to_record(item) for page in pages for item in page.items):
        if record.external_id not in kept or record.version >= kept[record.external_id].version:
            kept[record.external_id] = record
    return kept


@pytest.fixture
async def gopay(running: Running) -> AsyncIterator[Connector]:
    async with running.connected(attempts=3) as gopay:
        yield gopay
