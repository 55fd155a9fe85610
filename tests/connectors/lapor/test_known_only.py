"""LAPOR without a listing: every stored report is looked up; closed ones are looked up less often."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from hub.connectors.lapor.statuses import FINAL
from hub.store.database import Cause
from tests.connectors.lapor.test_source_clock import Centre, centre

__all__ = ["centre"]


async def test_a_reopened_report_is_seen_though_no_listing_has_it(centre: Centre) -> None:
    closed, other = centre.stored[5:7]
    for report in (closed, other):
        centre.change(report, datetime.now(UTC), "CLOSED")
    await centre.pull()
    assert {str(status) for status in FINAL} >= {"CLOSED"}
    centre.running.settings.listing = False  # type: ignore[attr-defined]
    centre.change(closed, datetime.now(UTC) + timedelta(seconds=1), "IN_PROGRESS")
    centre.sandbox.calls.clear()
    await centre.pull()
    assert await centre.unequal() == [str(closed.id)], "it was just read, and is not requested every minute"
    assert centre.sandbox.calls[f"GET /complaints/{other.id}/complaint"] == 0
    async with centre.database.write(Cause("test", "test", "test")) as db:
        await db.execute(text("update records set seen_at = seen_at - interval '1 day'"))
    await centre.pull()
    assert await centre.unequal() == []
    assert centre.sandbox.calls[f"GET /complaints/{other.id}/complaint"] == 1
