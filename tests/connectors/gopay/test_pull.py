"""The payments connector against its sandbox over HTTP: windows, cursors, irregular data, and the calls of a run."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any, ClassVar

import httpx
import pytest

from hub.connectors.base import Connector
from hub.connectors.gopay import client, connector
from hub.connectors.gopay.connector import HISTORY, OVERLAP, REVIEW, WINDOW, Gopay, cursor, start_of_run
from hub.connectors.gopay.mapping import to_record
from hub.connectors.gopay.sandbox import GopaySandbox
from hub.connectors.gopay.sandbox.credentials import variables
from hub.connectors.gopay.signing import JAKARTA
from hub.contract import Page, Run
from hub.demo.world import complaints
from hub.http_client import Http
from hub.kinds import Payment
from hub.testing.running import Running, pages_of, run
from tests.connectors.gopay.pulled_pages import gopay, outcome, references, since

__all__ = ["gopay"]

LIST, TOKEN = f"POST {connector.LIST}", f"POST {client.TOKEN}"
NOW = datetime(2026, 6, 10, 12, 0, 0, 250_000, UTC)


class TestWhereARunBegins:
    def test_the_first_run_and_a_full_one_read_all_that_is_listed(self) -> None:
        full = dataclasses.replace(run(cursor(NOW, NOW), full=True), now=NOW)
        first = dataclasses.replace(run(), now=NOW)
        assert start_of_run(full) == start_of_run(first) == (NOW - HISTORY + timedelta(hours=1), NOW)

    def test_the_next_run_reads_a_day_again(self) -> None:
        start, reviewed = start_of_run(self._after(NOW - timedelta(minutes=1)))
        assert start == (NOW - timedelta(minutes=1) - OVERLAP).replace(microsecond=0)
        assert reviewed < NOW

    def test_the_first_run_of_the_next_day_reads_a_month_again(self) -> None:
        assert start_of_run(self._after(NOW - timedelta(days=1))) == (NOW - REVIEW, NOW)

    def test_an_interrupted_run_goes_on_where_it_was(self) -> None:
        was = NOW - timedelta(days=90)
        assert start_of_run(dataclasses.replace(run(cursor(was, NOW)), now=NOW))[0] == was.replace(microsecond=0)

    def test_a_cursor_of_long_ago_is_moved_to_what_is_still_listed(self) -> None:
        assert start_of_run(self._after(NOW - timedelta(days=300)))[0] == NOW - HISTORY + timedelta(hours=1)

    def test_a_clock_set_back_still_reads_a_day(self) -> None:
        assert start_of_run(self._after(NOW + timedelta(hours=12)))[0] == NOW - OVERLAP

    def test_a_clock_set_back_delays_the_long_look_back_by_a_day(self) -> None:
        assert start_of_run(self._after(NOW + timedelta(days=2))) == (NOW - REVIEW, NOW)

    def _after(self, finished: datetime) -> Run:
        return dataclasses.replace(run(cursor(finished - OVERLAP, finished)), now=NOW)


class TestPull:
    connector: ClassVar[type[Connector]] = Gopay

    async def test_a_pull_lists_every_payment_of_its_window_once_or_twice(
        self, running: Running, gopay: Connector
    ) -> None:
        pages = await pages_of(gopay, since(8), most=1000)
        listed = references(pages)
        assert set(listed) >= self._made_since(running, 8)
        assert len(listed) > len(set(listed)), "the sandbox has dirt: some payments stand on two pages"
        assert all(len(page.items) <= 50 for page in pages)

    async def test_payments_cited_by_complaints_are_found_by_reference(self, gopay: Connector) -> None:
        recent = datetime.now(UTC) - timedelta(days=6)
        today = datetime.now(JAKARTA).date()
        cited = {c.payment.reference: c.payment for c in complaints(today) if c.payment and c.payment.paid_at > recent}
        kept = outcome(await pages_of(gopay, since(7), most=1000))
        by_key = {key.value: record for record in kept.values() for key in record.keys}
        assert cited
        for reference, payment in cited.items():
            record = by_key[reference]
            assert isinstance(record.facts, Payment)
            found = record.amount, record.occurred_at, record.facts.merchant, record.facts.paid_for
            assert found == (payment.amount, payment.paid_at, payment.merchant, payment.paid_for)

    async def test_windows_are_contiguous_and_end_before_the_run_started(
        self, gopay: Connector, requests: list[dict[str, Any]]
    ) -> None:
        this = run(since(5))
        async for _ in gopay.pages(this):
            pass
        windows = list(dict.fromkeys((body["fromDateTime"], body["toDateTime"]) for body in requests))
        times = [(datetime.fromisoformat(start), datetime.fromisoformat(end)) for start, end in windows]
        assert all(end - start <= WINDOW for start, end in times)
        assert all(before[1] == after[0] for before, after in pairwise(times))
        assert times[-1][1] == this.now.replace(microsecond=0)

    async def test_pages_count_from_zero_and_end_with_a_short_one(
        self, gopay: Connector, requests: list[dict[str, Any]]
    ) -> None:
        pages = await pages_of(gopay, since(1.5), most=1000)
        assert [body["pageNumber"] for body in requests] == [str(number) for number in range(len(pages))]
        assert {len(page.items) for page in pages[:-1]} == {50}
        assert len(pages[-1].items) < 50

    async def test_the_cursor_stays_at_a_window_until_it_is_read(self, gopay: Connector) -> None:
        pages = await pages_of(gopay, since(3.5), most=1000)
        starts = [page.cursor["from"] for page in pages]
        assert len(set(starts)) == 3
        assert starts[-1] == max(starts)
        ends = [len(page.items) < 50 for page in pages]
        assert all(moved == ended for moved, ended in zip((a != b for a, b in pairwise(starts)), ends[1:], strict=True))

    async def test_after_an_interruption_nothing_is_missing(self, running: Running, gopay: Connector) -> None:
        before = await pages_of(gopay, since(6), most=9)
        after = await pages_of(gopay, before[-1].cursor, most=1000)
        assert set(references(before + after)) >= self._made_since(running, 6)

    async def test_a_second_run_takes_few_calls_and_finds_nothing_new(self, running: Running, gopay: Connector) -> None:
        first = await pages_of(gopay, since(3), most=1000)
        calls = running.sandbox.calls[LIST]
        again = await pages_of(gopay, first[-1].cursor, most=1000)
        assert running.sandbox.calls[LIST] - calls <= 8
        known = {reference: record.status for reference, record in outcome(first).items()}
        news = {reference for reference, record in outcome(again).items() if known.get(reference) != record.status}
        assert len(news) < 30, "only what happened in between"

    async def test_a_new_payment_and_its_moves_are_seen_by_the_next_runs(
        self, running: Running, gopay: Connector
    ) -> None:
        first = await pages_of(gopay, since(1), most=1000)
        await running.control.post("/_control/tick", json={"steps": 20})
        pages = await self._later(gopay, first[-1].cursor)
        fresh = [record for reference, record in outcome(pages).items() if reference not in set(references(first))]
        assert len(fresh) >= 20
        assert {"SUCCESS"} < {record.status for record in fresh}

    async def test_the_detail_equals_the_list(self, gopay: Connector) -> None:
        page = (await pages_of(gopay, since(9), most=1))[0]
        listed = [to_record(item) for item in page.items if to_record(item).final]
        for record in listed[:10]:
            item = await gopay.fetch_one(record.external_id)
            assert item is not None
            assert to_record(item) == record
            assert "responseCode" not in item

    async def test_one_token_serves_a_whole_run(self, running: Running) -> None:
        before = running.sandbox.calls[TOKEN]
        async with running.connected() as gopay:
            assert len(await pages_of(gopay, since(3), most=1000)) > 5
        assert running.sandbox.calls[TOKEN] == before + 1

    async def test_the_path_of_the_url_is_signed_too(self, running: Running) -> None:
        async with Http(f"{running.url}/api", attempts=1) as http:
            assert await pages_of(Gopay(running.settings, http), since(1), most=1)
        assert running.sandbox.calls[f"POST /api{connector.LIST}"] == 1

    async def _later(self, gopay: Connector, stored: dict[str, Any]) -> list[Page]:
        """Return a run that starts a second later, so that items of this second are not in its future."""
        later = dataclasses.replace(run(stored), now=datetime.now(UTC) + timedelta(seconds=2))
        return [page async for page in gopay.pages(later)]

    def _made_since(self, running: Running, days: float) -> set[str]:
        assert isinstance(running.sandbox, GopaySandbox)
        edge, now = datetime.now(UTC) - timedelta(days=days) + timedelta(minutes=1), datetime.now(UTC)
        payments = running.sandbox.history.payments.values()
        return {payment.reference for payment in payments if edge < payment.at < now - timedelta(minutes=1)}

    @pytest.fixture
    def requests(self, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
        """The bodies of the list calls of a test."""
        bodies: list[dict[str, Any]] = []
        send = Http.send

        async def noted(http: Http, method: str, path: str, **call: Any) -> httpx.Response:
            if path == connector.LIST:
                bodies.append(json.loads(call["content"]))
            return await send(http, method, path, **call)

        monkeypatch.setattr(Http, "send", noted)
        return bodies


def test_the_key_file_is_made_once_for_its_owner_only(tmp_path: Any) -> None:
    made = variables("http://127.0.0.1:1", tmp_path / "keys")
    files = sorted((tmp_path / "keys").iterdir())
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert [file.name for file in files] == ["gopay-notify.pem", "gopay-notify.pub", "gopay.pem", "gopay.pub"]
    assert made["HUB_GOPAY_NOTIFY_PUBLIC_KEY_FILE"] == str(files[1])
    assert variables("http://127.0.0.1:1", tmp_path / "keys") == made
    assert set(made) >= {f"HUB_GOPAY_{name}" for name in ("URL", "CLIENT_KEY", "CLIENT_SECRET", "PARTNER_ID")}


def test_days_of_the_list_are_those_of_the_contract() -> None:
    assert timedelta(days=184) == HISTORY
    assert timedelta(days=91) > WINDOW
    assert date(2026, 6, 10) - HISTORY == date(2025, 12, 8)
