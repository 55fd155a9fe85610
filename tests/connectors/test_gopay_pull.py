"""The payments connector against its sandbox over HTTP: windows, cursors, tokens, ids, and what may go wrong."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any, ClassVar

import httpx
import pytest

from hub.connectors.base import Connector, Page, Record, Run
from hub.connectors.gopay import access, connector
from hub.connectors.gopay.connector import HISTORY, OVERLAP, REVIEW, WINDOW, Gopay, beginning, cursor
from hub.connectors.gopay.mapping import to_record
from hub.connectors.gopay.sandbox import GopaySandbox
from hub.connectors.gopay.signing import JAKARTA
from hub.connectors.http import Http
from hub.demo.world import complaints
from hub.errors import BadSetting, Stop, TryLater
from tests.connectors.running import Running, pages_of, run

LIST, TOKEN = f"POST {connector.LIST}", f"POST {access.TOKEN}"
NOW = datetime(2026, 6, 10, 12, 0, 0, 250_000, UTC)


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


class TestWhereARunBegins:
    def test_the_first_run_and_a_full_one_read_all_that_is_listed(self) -> None:
        full = dataclasses.replace(run(cursor(NOW, NOW), full=True), now=NOW)
        first = dataclasses.replace(run(), now=NOW)
        assert beginning(full) == beginning(first) == (NOW - HISTORY + timedelta(hours=1), NOW)

    def test_the_next_run_reads_a_day_again(self) -> None:
        start, reviewed = beginning(self._after(NOW - timedelta(minutes=1)))
        assert start == (NOW - timedelta(minutes=1) - OVERLAP).replace(microsecond=0)
        assert reviewed < NOW

    def test_the_first_run_of_the_next_day_reads_a_month_again(self) -> None:
        assert beginning(self._after(NOW - timedelta(days=1))) == (NOW - REVIEW, NOW)

    def test_an_interrupted_run_goes_on_where_it_was(self) -> None:
        was = NOW - timedelta(days=90)
        assert beginning(dataclasses.replace(run(cursor(was, NOW)), now=NOW))[0] == was.replace(microsecond=0)

    def test_a_cursor_of_long_ago_is_moved_to_what_is_still_listed(self) -> None:
        assert beginning(self._after(NOW - timedelta(days=300)))[0] == NOW - HISTORY + timedelta(hours=1)

    def test_a_clock_set_back_still_reads_a_day(self) -> None:
        assert beginning(self._after(NOW + timedelta(days=2)))[0] == NOW - OVERLAP

    def _after(self, finished: datetime) -> Run:
        return dataclasses.replace(run(cursor(finished - OVERLAP, finished)), now=NOW)


class TestPull:
    connector: ClassVar[type[Connector]] = Gopay

    async def test_a_pull_tells_every_payment_of_its_stretch_once_or_twice(
        self, running: Running, gopay: Connector
    ) -> None:
        pages = await pages_of(gopay, since(8), most=1000)
        told = references(pages)
        assert set(told) >= self._held_since(running, 8)
        assert len(told) > len(set(told)), "the sandbox has dirt: some payments stand on two pages"
        assert all(len(page.items) <= 50 for page in pages)

    async def test_payments_that_complaints_cite_are_found_by_their_reference(self, gopay: Connector) -> None:
        recent = datetime.now(UTC) - timedelta(days=6)
        today = datetime.now(JAKARTA).date()
        cited = {c.payment.reference: c.payment for c in complaints(today) if c.payment and c.payment.paid_at > recent}
        kept = outcome(await pages_of(gopay, since(7), most=1000))
        by_key = {key.value: record for record in kept.values() for key in record.keys}
        assert cited
        for reference, payment in cited.items():
            record = by_key[reference]
            told = record.amount, record.occurred_at, record.facts.merchant, record.facts.paid_for
            assert told == (payment.amount, payment.paid_at, payment.merchant, payment.paid_for)

    async def test_windows_follow_each_other_and_none_passes_the_start_of_the_run(
        self, gopay: Connector, asked: list[dict[str, Any]]
    ) -> None:
        this = run(since(5))
        async for _ in gopay.pages(this):
            pass
        windows = list(dict.fromkeys((body["fromDateTime"], body["toDateTime"]) for body in asked))
        times = [(datetime.fromisoformat(start), datetime.fromisoformat(end)) for start, end in windows]
        assert all(end - start <= WINDOW for start, end in times)
        assert all(before[1] == after[0] for before, after in pairwise(times))
        assert times[-1][1] == this.now.replace(microsecond=0)

    async def test_pages_count_from_zero_and_end_with_a_short_one(
        self, gopay: Connector, asked: list[dict[str, Any]]
    ) -> None:
        pages = await pages_of(gopay, since(1.5), most=1000)
        assert [body["pageNumber"] for body in asked] == [str(number) for number in range(len(pages))]
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
        assert set(references(before + after)) >= self._held_since(running, 6)

    async def test_a_second_run_costs_few_calls_and_tells_nothing_new(self, running: Running, gopay: Connector) -> None:
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

    async def test_the_detail_says_what_the_list_said(self, gopay: Connector) -> None:
        page = (await pages_of(gopay, since(9), most=1))[0]
        listed = [to_record(item) for item in page.items if to_record(item).final]
        for record in listed[:10]:
            item = await gopay.one(record.external_id)
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
        """A run that starts a second later, so that what came in this second is not in its future."""
        later = dataclasses.replace(run(stored), now=datetime.now(UTC) + timedelta(seconds=2))
        return [page async for page in gopay.pages(later)]

    def _held_since(self, running: Running, days: float) -> set[str]:
        assert isinstance(running.sandbox, GopaySandbox)
        edge, now = datetime.now(UTC) - timedelta(days=days) + timedelta(minutes=1), datetime.now(UTC)
        held = running.sandbox.history.payments.values()
        return {payment.reference for payment in held if edge < payment.at < now - timedelta(minutes=1)}

    @pytest.fixture
    def asked(self, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
        """The bodies of the list calls of a test."""
        bodies: list[dict[str, Any]] = []
        send = Http.send

        async def noted(http: Http, method: str, path: str, **call: Any) -> httpx.Response:
            if path == connector.LIST:
                bodies.append(json.loads(call["content"]))
            return await send(http, method, path, **call)

        monkeypatch.setattr(Http, "send", noted)
        return bodies


class TestTrouble:
    connector: ClassVar[type[Connector]] = Gopay

    async def test_a_token_that_ends_mid_run_is_renewed_once(self, running: Running, gopay: Connector) -> None:
        before = running.sandbox.calls[TOKEN]
        async with running.fault("token_expired", times=1):
            pages = await pages_of(gopay, since(3), most=1000)
        assert len(references(pages)) > 500
        assert running.sandbox.calls[TOKEN] <= before + 2

    async def test_a_token_that_ends_every_time_stops(self, running: Running, gopay: Connector) -> None:
        async with running.fault("token_expired"):
            with pytest.raises(Stop, match="4011201"):
                await pages_of(gopay, since(1))

    async def test_a_token_is_renewed_before_it_ends(
        self, running: Running, gopay: Connector, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await gopay.probe()
        before, time = running.sandbox.calls[TOKEN], access.monotonic()
        monkeypatch.setattr(access, "monotonic", lambda: time + 840)
        await gopay.probe()
        assert running.sandbox.calls[TOKEN] == before
        monkeypatch.setattr(access, "monotonic", lambda: time + 875)
        await gopay.probe()
        assert running.sandbox.calls[TOKEN] == before + 1

    @pytest.mark.parametrize("status", [200, 202])
    async def test_in_progress_is_tried_later_whatever_the_http_status(
        self, running: Running, gopay: Connector, status: int
    ) -> None:
        async with running.fault("in_progress", value=status):
            with pytest.raises(TryLater, match="2021200"):
                await pages_of(gopay, since(1))

    async def test_a_payment_told_on_two_pages_is_one(self, running: Running, gopay: Connector) -> None:
        async with running.fault("duplicate", times=3):
            pages = await pages_of(gopay, since(3), most=1000)
        told = references(pages)
        assert len(told) - len(set(told)) >= 3
        assert all(len(page.items) <= 50 for page in pages)

    async def test_shuffled_pages_and_older_words_change_no_outcome(self, running: Running, gopay: Connector) -> None:
        before = outcome(await pages_of(gopay, since(4), most=1000))
        async with running.fault("out_of_order"):
            after = outcome(await pages_of(gopay, since(4), most=1000))
        settled = [reference for reference, record in before.items() if record.final]
        assert len(settled) > 700
        assert all(after[reference].version >= before[reference].version for reference in settled)

    async def test_a_payment_that_comes_in_late_is_seen_by_the_next_run(
        self, running: Running, gopay: Connector
    ) -> None:
        async with running.fault("page_moved", times=1):
            first = await pages_of(gopay, since(1.9), most=1000)
        assert references(first[:1])[-1] == references(first[1:2])[0], (
            "the second page begins with the end of the first"
        )
        known, again = set(references(first)), outcome(await pages_of(gopay, since(2), most=1))
        start = datetime.fromisoformat(first[0].cursor["from"])
        late = [record for reference, record in again.items() if reference not in known and record.occurred_at > start]
        assert [record.occurred_at for record in late] == [start + timedelta(seconds=1)]

    async def test_an_unknown_status_is_kept_as_told(self, running: Running, gopay: Connector) -> None:
        async with running.fault("unknown_status", times=1):
            pages = await pages_of(gopay, since(2), most=1)
        record = to_record(pages[0].items[0])
        assert (record.status, record.told, record.unknown) == ("UNKNOWN", "77", "latestTransactionStatus")

    async def test_a_taken_external_id_is_replaced_once(
        self, running: Running, gopay: Connector, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await gopay.probe()
        ids = iter(["TAKEN1", "TAKEN1", "FREE1"])
        monkeypatch.setattr(access, "external_id", lambda: next(ids))
        await gopay.probe()
        await gopay.probe()
        assert next(ids, None) is None

    async def test_external_ids_that_are_always_taken_stop(
        self, gopay: Connector, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(access, "external_id", lambda: "TAKEN2")
        await gopay.probe()
        with pytest.raises(Stop, match="4091200"):
            await gopay.probe()

    async def test_every_attempt_of_a_call_has_its_own_external_id(
        self, running: Running, gopay: Connector, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        drawn: list[str] = []
        monkeypatch.setattr(access, "external_id", lambda: drawn.append(f"DRAWN{len(drawn)}") or drawn[-1])
        await gopay.probe()
        async with running.fault("server_error", times=2):
            await gopay.probe()
        assert len(drawn) == len(set(drawn)) == 4

    async def test_a_refused_question_stops_with_the_providers_words(
        self, gopay: Connector, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(connector, "HISTORY", timedelta(days=400))
        with pytest.raises(Stop, match="4001201 Invalid Field Format fromDateTime"):
            await pages_of(gopay, full=True)

    async def test_another_partner_id_stops(self, running: Running) -> None:
        async with running.connected(running.settings.model_copy(update={"partner_id": "OTHER"})) as gopay:
            with pytest.raises(Stop, match="4041216 Partner Not Found"):
                await gopay.probe()

    @pytest.mark.parametrize("name", ["client_key", "private_key_file", "client_secret", "partner_id", "channel_id"])
    async def test_each_missing_setting_is_named(self, running: Running, name: str) -> None:
        empty = type(getattr(running.settings, name))("")
        async with running.connected(running.settings.model_copy(update={name: empty})) as gopay:
            with pytest.raises(BadSetting, match=f"HUB_GOPAY_{name.upper()} is not set"):
                await gopay.probe()

    @pytest.mark.parametrize("content", [b"", b"no key", None])
    async def test_a_key_file_that_holds_no_key_is_named(
        self, running: Running, tmp_path: Any, content: bytes | None
    ) -> None:
        if content is not None:
            (tmp_path / "key.pem").write_bytes(content)
        settings = running.settings.model_copy(update={"private_key_file": str(tmp_path / "key.pem")})
        async with running.connected(settings) as gopay:
            with pytest.raises(BadSetting, match="HUB_GOPAY_PRIVATE_KEY_FILE"):
                await gopay.probe()

    async def test_a_url_that_answers_otherwise_stops(self, running: Running) -> None:
        async with Http(f"{running.url}/v1.0", attempts=1) as http:
            with pytest.raises(Stop, match="404"):
                await Gopay(running.settings, http).probe()


def test_the_key_file_is_made_once_for_its_owner_only(tmp_path: Any) -> None:
    made = Gopay.sandbox_settings("http://127.0.0.1:1", tmp_path / "keys")
    file = tmp_path / "keys" / "gopay.pem"
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["gopay.pem"]
    assert Gopay.sandbox_settings("http://127.0.0.1:1", tmp_path / "keys") == made
    assert set(made) >= {f"HUB_GOPAY_{name}" for name in ("URL", "CLIENT_KEY", "CLIENT_SECRET", "PARTNER_ID")}


def test_days_of_the_list_are_those_of_the_contract() -> None:
    assert timedelta(days=184) == HISTORY
    assert timedelta(days=91) > WINDOW
    assert date(2026, 6, 10) - HISTORY == date(2025, 12, 8)
