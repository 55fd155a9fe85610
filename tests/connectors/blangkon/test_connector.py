"""Reading the feed of orders from its sandbox over HTTP: paging, cursors, budget, refusals, irregular data."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest

from hub.complaints.calendar import JAKARTA
from hub.connectors.base import Connector
from hub.connectors.blangkon.connector import Blangkon, years_at
from hub.connectors.blangkon.mapping import to_record
from hub.connectors.blangkon.sandbox import BlangkonSandbox
from hub.contract import Page, Raw
from hub.errors import TryLater
from hub.testing.running import Running, pages_of, run

LAST_YEAR, THIS_YEAR = years_at(datetime.now(UTC))

DIRT = ["page_moved", *(pytest.param(fault, marks=pytest.mark.whole) for fault in ("duplicate", "out_of_order"))]


def rows_of(pages: list[Page]) -> list[Raw]:
    return [row for page in pages for row in page.items]


def states(rows: list[Raw]) -> dict[str, str]:
    """Return the status of each order after all rows, of which the newest applies."""
    latest: dict[str, Any] = {}
    for record in map(to_record, rows):
        before = latest.get(record.external_id)
        if before is None or record.version >= before.version:
            latest[record.external_id] = record
    return {order: record.status for order, record in latest.items()}


def stored_rows(running: Running, year: str) -> list[Raw]:
    """Return the rows of a year in the running sandbox, in the order of the feed."""
    assert isinstance(running.sandbox, BlangkonSandbox)
    return [row for _, row in running.sandbox.orders.feed(int(year)).rows]


def contradicted(running: Running) -> set[str]:
    """Return the orders whose rows have more than one answer of the marketplace, so that their order matters."""
    answers: dict[str, set[str]] = {}
    for year in (LAST_YEAR, THIS_YEAR):
        for record in map(to_record, stored_rows(running, year)):
            if record.version:
                answers.setdefault(record.external_id, set()).add(record.status)
    return {order for order, statuses in answers.items() if len(statuses) > 1}


class TestReading:
    """Reading from the sandbox, whose data changes only when a test asks for it."""

    connector: ClassVar[type[Connector]] = Blangkon

    async def test_a_full_run_reads_every_row_of_both_years(self, running: Running) -> None:
        async with running.connected() as connector:
            pages = await pages_of(connector, full=True)
        assert [row["order_id"] for row in rows_of(pages)] == [
            row["order_id"] for year in (LAST_YEAR, THIS_YEAR) for row in stored_rows(running, year)
        ]
        assert pages[-1].cursor.keys() <= {LAST_YEAR, THIS_YEAR}

    async def test_the_next_run_reads_only_what_changed(self, running: Running) -> None:
        async with running.connected() as connector:
            cursor = (await pages_of(connector, full=True))[-1].cursor
            quiet = await pages_of(connector, cursor)
            await running.control.post("/_control/tick", json={"steps": 4})
            changed = await pages_of(connector, quiet[-1].cursor)
        assert rows_of(quiet) == []
        assert len(rows_of(changed)) == 8, "four orders came in and four were confirmed"
        assert Counter(record.final or record.status == "UNKNOWN" for record in map(to_record, rows_of(changed))) == {
            True: 4,
            False: 4,
        }

    async def test_a_cursor_that_expired_starts_the_year_again(self, running: Running) -> None:
        async with running.connected() as connector:
            cursor = (await pages_of(connector, full=True))[-1].cursor
            async with running.fault("cursor_expired", times=1):
                again = await pages_of(connector, cursor)
        assert {row["tahun"] for row in rows_of(again)} == {int(LAST_YEAR)}
        assert len(rows_of(again)) == len(stored_rows(running, LAST_YEAR))

    async def test_a_cursor_expires_after_an_hour(self, running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
        clock = running.sandbox.clock  # type: ignore[attr-defined]
        async with running.connected() as connector:
            cursor = (await pages_of(connector, full=True))[-1].cursor
            monkeypatch.setattr(running.sandbox, "clock", lambda: clock() + 3601)
            again = await pages_of(connector, cursor)
        assert len(rows_of(again)) == sum(len(stored_rows(running, year)) for year in (LAST_YEAR, THIS_YEAR))

    async def test_cursors_that_always_expire_do_not_loop(self, running: Running) -> None:
        async with running.fault("cursor_expired"), running.connected() as connector:
            with pytest.raises(TryLater, match="cursors expire"):
                await pages_of(connector, full=True)

    @pytest.mark.parametrize("fault", DIRT)
    async def test_dirt_changes_no_stored_record(self, running: Running, fault: str) -> None:
        async with running.connected() as connector:
            clean = states(rows_of(await pages_of(connector, full=True)))
            async with running.fault(fault, times=3):
                dirty = states(rows_of(await pages_of(connector, full=True)))
        in_doubt = contradicted(running)
        assert {order: status for order, status in dirty.items() if order not in in_doubt} == {
            order: status for order, status in clean.items() if order not in in_doubt
        }

    async def test_an_unknown_status_is_one_item(self, running: Running) -> None:
        async with running.connected() as connector:
            before = sum(to_record(row).unknown is not None for row in rows_of(await pages_of(connector, full=True)))
            async with running.fault("unknown_status", times=1):
                rows = rows_of(await pages_of(connector, full=True))
        records = [to_record(row) for row in rows]
        assert sum(record.unknown is not None for record in records) == before + 1
        assert [record.source_status for record in records if record.source_status == "dikonversi"] == ["dikonversi"]

    async def test_a_failure_under_200_is_tried_later(self, running: Running) -> None:
        async with running.fault("failure_under_200"), running.connected() as connector:
            with pytest.raises(TryLater, match="failure under HTTP 200"):
                await pages_of(connector, full=True)

    async def test_a_short_wait_for_the_budget_is_waited(self, running: Running) -> None:
        async with running.connected() as connector, running.fault("budget_spent", times=1, value=1):
            before = asyncio.get_running_loop().time()
            await pages_of(connector, full=True, most=2)
            assert 0.8 < asyncio.get_running_loop().time() - before < 5

    async def test_a_long_wait_for_the_budget_keeps_the_page_and_stops(self, running: Running) -> None:
        async with running.connected() as connector, running.fault("budget_spent", times=1, value=50):
            feed = connector.pages(run(full=True))
            assert (await anext(feed)).items
            with pytest.raises(TryLater) as refused:
                await anext(feed)
        assert refused.value.after is not None
        assert 48 < refused.value.after <= 50

    async def test_the_budget_of_the_sandbox_is_a_real_one(
        self, running: Running, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("hub.connectors.blangkon.sandbox.BUDGET", 0)
        async with running.connected() as connector:
            with pytest.raises(TryLater, match="429") as refused:
                await connector.probe()
        assert refused.value.after is not None

    async def test_fetch_one_returns_the_last_row_of_a_repeated_order(self, running: Running) -> None:
        rows = stored_rows(running, THIS_YEAR)
        twice = next(order for order, count in Counter(row["order_id"] for row in rows).items() if count == 2)
        async with running.connected() as connector:
            assert await connector.fetch_one(twice) == [row for row in rows if row["order_id"] == twice][-1]

    async def test_fetch_one_is_retried_later_when_a_year_is_too_long(
        self, running: Running, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("hub.connectors.blangkon.connector.MAX_SEARCH_PAGES", 1)
        monkeypatch.setattr("hub.connectors.blangkon.connector.LIMIT", 100)
        async with running.connected() as connector:
            with pytest.raises(TryLater, match="more than"):
                await connector.fetch_one("nobody's")

    async def test_years_of_old_are_forgotten(self, running: Running) -> None:
        async with running.connected() as connector:
            pages = await pages_of(connector, {"2019": "x"})
        assert all("2019" not in page.cursor for page in pages)


def test_years_turn_at_midnight_in_jakarta() -> None:
    assert years_at(datetime(2026, 12, 31, 16, 59, tzinfo=UTC)) == ["2025", "2026"]
    assert years_at(datetime(2026, 12, 31, 17, 0, tzinfo=UTC)) == ["2026", "2027"]


@pytest.mark.parametrize("year", [2026, 2028, 2029])
def test_records_older_than_the_years_read_are_not_removed(year: int) -> None:
    begun = datetime(year, 1, 1, tzinfo=JAKARTA)
    oldest = datetime(int(years_at(begun)[0]), 1, 1, tzinfo=JAKARTA)
    assert begun - timedelta(days=Blangkon.horizon_days or 0) >= oldest
