"""The output of ``hub quarantine``."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hub.cli import quarantine
from hub.contract import Raw
from hub.store.ingest.quarantine import QuarantineEntry

AT = datetime(2026, 11, 22, 5, 45, tzinfo=UTC)


@pytest.mark.parametrize(
    ("external_id", "raw", "shown"),
    [
        ("GO-2611-000123", {}, "GO-2611-000123"),
        (None, {"order_id": "GO-2611-000124"}, "GO-2611-000124"),
        (None, {"order_id": ["odd"]}, "-"),
        (None, {}, "-"),
    ],
)
def test_an_item_in_quarantine_is_shown_with_its_record(external_id: str | None, raw: Raw, shown: str) -> None:
    entry = QuarantineEntry(9, "blangkon", external_id, "status is unknown", 1, AT, AT, raw)
    columns = quarantine._line(quarantine._entry_fields(entry, {"blangkon": "order_id"})).split()
    assert columns[:3] == ["9", "blangkon", shown]
    assert columns[-3:] == ["status", "is", "unknown"]
