"""Paging through LAPOR's listing, and the meaning of its responses, against its sandbox."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from hub.connectors import registry
from hub.connectors.lapor.connector import Lapor
from hub.connectors.lapor.items import MAX_CONCURRENT
from hub.connectors.lapor.mapping import to_record
from hub.connectors.lapor.sandbox import LaporSandbox
from hub.connectors.lapor.sandbox.masters import OUR_INSTITUTIONS, PROVINCE
from hub.connectors.lapor.sandbox.payloads import format_time
from hub.connectors.lapor.sandbox.payloads import report as row_of
from hub.connectors.lapor.sandbox.reports import Move, Reply, StoredReport, other
from hub.contract import Coverage, Cursor, Page
from hub.errors import BadRecord, ConfigurationError, ContractBroken, TryLater
from hub.http_client import Http
from hub.testing.running import Running, pages_of, run, running_sandbox

START = datetime(2026, 1, 1, tzinfo=UTC)
Start = Callable[[list[StoredReport]], contextlib.AbstractAsyncContextManager[Running]]


def reports(count: int, apart: float) -> list[StoredReport]:
    """Return that many reports of the province in progress, with changes ``apart`` seconds from each other."""
    made = [other(number, START, START, Random(number)) for number in range(count)]
    for number, report in enumerate(made):
        report.institution, report.disposition, report.replies = PROVINCE, PROVINCE, []
        report.moves = [Move("UNVERIFIED", START), Move("IN_PROGRESS", START + timedelta(seconds=1 + number * apart))]
    return made


def reply_to(report: StoredReport) -> list[Reply]:
    """Return one follow-up, by the citizen."""
    return [Reply(report.created_at + timedelta(seconds=5), None, "Mohon kabar.")]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    @contextlib.asynccontextmanager
    async def started(stored: list[StoredReport]) -> AsyncIterator[Running]:
        with (
            patch("hub.connectors.lapor.sandbox.year_of_reports", lambda world, size: stored),
            patch.object(LaporSandbox, "tick_every", 3600.0),
        ):
            async with running_sandbox(Lapor, tmp_path) as running:
                yield running

    return started


async def pull(running: Running, cursor: Cursor | None = None, **settings: Any) -> list[Page]:
    async with running.connected(running.settings.model_copy(update=settings), attempts=2) as connector:
        return await pages_of(connector, cursor)


def listed_ids(pages: list[Page]) -> list[int]:
    return [item["report"]["id"] for page in pages for item in page.items]


@pytest.mark.parametrize("apart", [60, 0.1, 0])
async def test_no_report_is_lost_while_pages_move(start: Start, apart: float) -> None:
    stored = reports(170, apart)
    ids = {report.id for report in stored}
    async with start(stored) as running, running.fault("page_moved", times=12):
        pages = await pull(running)
    newest = {}
    for page in pages:
        for item in page.items:
            newest[item["report"]["id"]] = item["report"]["updated_at"]
    assert newest.keys() == ids
    moved = [report for report in stored if report.updated_at > START + timedelta(days=1)]
    assert moved
    assert all(newest[report.id] == format_time(report.updated_at) for report in moved), "what moved is met at the end"


async def test_a_quiet_listing_is_read_once(start: Start) -> None:
    async with start(reports(170, 61)) as running:
        pages = await pull(running)
        again = await pull(running, pages[-1].cursor)
    assert Counter(Counter(listed_ids(pages)).values()) == {1: 167, 2: 3}, (
        "each page begins with the last of the one before"
    )
    assert listed_ids(again) == listed_ids(pages)[-1:]
    assert again[-1].cursor == pages[-1].cursor


async def test_a_pull_goes_on_from_the_middle(start: Start) -> None:
    async with start(reports(170, 61)) as running:
        whole = await pull(running)
        rest = await pull(running, whole[1].cursor)
    assert set(listed_ids(whole[:2])) | set(listed_ids(rest)) == set(listed_ids(whole))
    assert len(listed_ids(rest)) < 80


@pytest.mark.parametrize(("late", "found"), [(59, True), (61, False)])
async def test_a_report_may_show_late(start: Start, late: int, found: bool) -> None:
    *shown, hidden = reports(11, 3600)
    async with start(shown) as running:
        pages = await pull(running)
        hidden.moves[-1] = Move("IN_PROGRESS", shown[-1].updated_at - timedelta(seconds=late))
        running.sandbox.store.put(hidden)  # type: ignore[attr-defined]
        assert (hidden.id in listed_ids(await pull(running, pages[-1].cursor))) is found


async def test_an_empty_listing_keeps_the_cursor(start: Start) -> None:
    cursor = {"updated_from": "2026-01-01 00:00:00"}
    async with start([]) as running:
        assert await pull(running, cursor) == [Page([], cursor)]


async def test_a_repeated_or_older_state_changes_nothing(start: Start) -> None:
    async with start(reports(60, 61)) as running:
        plain = {item["report"]["id"]: item["report"] for page in await pull(running) for item in page.items}
        async with running.fault("duplicate"), running.fault("out_of_order"):
            pages = await pull(running)
    versions: dict[str, int] = {}
    for page in pages:
        for item in page.items:
            record = Lapor.map(object.__new__(Lapor), item)
            versions[record.external_id] = max(record.version, versions.get(record.external_id, 0))
            assert item["report"] == plain[item["report"]["id"]] or record.version < versions[record.external_id]
    assert len(listed_ids(pages)) > len(plain) == len(versions)


async def test_a_status_nobody_knows_comes_through(start: Start) -> None:
    async with start(reports(3, 61)) as running, running.fault("unknown_status", times=1):
        (page,) = await pull(running)
    records = [Lapor.map(object.__new__(Lapor), item) for item in page.items]
    assert [record.source_status for record in records if record.unknown] == ["Ditelaah Ulang"]


async def test_an_error_under_200_passes(start: Start) -> None:
    async with start(reports(3, 61)) as running, running.fault("status_error", times=2):
        assert len(listed_ids(await pull(running))) == 3


@pytest.mark.whole
async def test_an_error_under_200_that_stays_is_tried_later(start: Start) -> None:
    async with start(reports(3, 61)) as running, running.fault("status_error"):
        with pytest.raises(TryLater, match="200"):
            await pull(running)


async def test_history_is_requested_only_if_there_is_one(start: Start) -> None:
    fresh, verified, answered, disposed = reports(4, 61)
    for report in (fresh, verified, answered):
        report.moves = report.moves[:1]
    verified.moves.append(Move("VERIFIED", START + timedelta(seconds=9)))
    answered.replies = reply_to(answered)
    async with start([fresh, verified, answered, disposed]) as running:
        (page,) = await pull(running)
        calls = running.sandbox.calls
    requests = {
        report.id: calls[f"GET /complaints/{report.id}/complaint"] for report in (fresh, verified, answered, disposed)
    }
    assert list(requests.values()) == [0, 0, 1, 1]
    assert calls[f"GET /complaints/{answered.id}/followups"] == 1
    assert calls[f"GET /complaints/{disposed.id}/followups"] == 0
    history = {item["report"]["id"]: (len(item["logs"]) > 0, len(item["followups"])) for item in page.items}
    assert history == {fresh.id: (False, 0), verified.id: (False, 0), answered.id: (False, 1), disposed.id: (True, 0)}


async def test_masters_are_read_once_a_pull(start: Start) -> None:
    async with start(reports(120, 61)) as running:
        await pull(running)
        masters = {path: count for path, count in running.sandbox.calls.items() if "/masters/" in path}
    assert set(masters.values()) == {1}
    assert len(masters) == 3


async def test_all_follow_ups_are_read_page_by_page(start: Start) -> None:
    (report,) = reports(1, 0)
    report.replies = reply_to(report) * 45
    async with start([report]) as running:
        (page,) = await pull(running)
    assert len(page.items[0]["followups"]) == 45


async def test_follow_ups_that_never_end_are_that_reports_matter(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.connectors.lapor.client.MAX_PAGES", 5)
    answer = JSONResponse({"results": {"data": [{"id": 1}], "next_page_url": "https://elsewhere.example/?page=2"}})
    with patch.object(LaporSandbox, "_followups", lambda self, request: answer):
        (report,) = reports(1, 61)
        report.replies = reply_to(report)
        async with start([report]) as running:
            (page,) = await pull(running)
    assert [item["followups"] for item in page.items] == [None]


async def test_a_report_deleted_after_listing_is_kept_as_listed(start: Start) -> None:
    async with start(reports(2, 61)) as running:
        with patch.object(running.sandbox.store, "get", return_value=None):  # type: ignore[attr-defined]
            (page,) = await pull(running)
    assert [(item["logs"], item["followups"]) for item in page.items] == [([], []), ([], [])]


def instead(call: str, answer: Response, number: int) -> Any:
    """Replace one call about one report by ``answer``."""
    real = getattr(LaporSandbox, call)

    def answered(self: LaporSandbox, request: Request) -> Response:
        return answer if request.path_params["id"] == str(number) else real(self, request)

    return patch.object(LaporSandbox, call, answered)


async def test_a_report_that_is_not_there_under_200_is_its_own_matter(start: Start) -> None:
    stored = reports(3, 61)
    absent = JSONResponse({"status": "error", "message": "Data tidak ditemukan"})
    with instead("_single", absent, stored[1].id):
        async with start(stored) as running:
            (page,) = await pull(running)
            unlisted = running.settings.model_copy(update={"listing": False})
            async with running.connected(unlisted) as connector, running.fault("absent_200"):
                assert await connector.fetch_one(str(stored[1].id)) is None
                ids = ("404404404", *(str(report.id) for report in stored))
                pages = [page async for page in connector.pages(run({}, known=ids))]
    assert listed_ids([page]) == [report.id for report in stored]
    assert listed_ids(pages) == [stored[0].id, stored[2].id]


LOG = {"id": 1, "type": "note", "content": "Catatan", "data": None, "created_at": "01-01-2026 00:00:00"}


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        ("_single", JSONResponse({"results": {"data": {}, "data_logs": None}})),
        ("_single", JSONResponse({"results": None})),
        ("_single", JSONResponse([])),
        ("_single", JSONResponse({"message": "Anda tidak berhak"}, 403)),
        ("_single", JSONResponse({"message": "?", "errors": {}}, 422)),
        ("_followups", JSONResponse({"message": "Data tidak ditemukan"}, 404)),
        ("_followups", JSONResponse({"message": "Data tidak ditemukan"}, 410)),
        ("_followups", JSONResponse({"status": "error", "message": "Data tidak ditemukan"})),
        ("_followups", JSONResponse({"results": {"data": None, "next_page_url": None}})),
        ("_followups", JSONResponse({"results": {"data": []}})),
    ],
)
async def test_an_unavailable_history_quarantines_its_report_only(start: Start, call: str, answer: Response) -> None:
    stored = reports(3, 61)
    for report in stored:
        report.replies = reply_to(report)
    with instead(call, answer, stored[1].id):
        async with start(stored) as running:
            (page,) = await pull(running)
    assert listed_ids([page]) == [report.id for report in stored]
    for item in page.items:
        if item["report"]["id"] == stored[1].id:
            with pytest.raises(BadRecord, match="its history cannot be read: "):
                to_record(item)
        else:
            assert to_record(item)


async def test_a_log_of_numbered_names_is_a_list(start: Start) -> None:
    stored = reports(1, 61)
    logs = {"10": LOG | {"id": 3}, "2": LOG | {"id": 2}}
    row = row_of(stored[0]) | {"followups_count": 0}
    with instead("_single", JSONResponse({"results": {"data": row, "data_logs": logs}}), stored[0].id):
        async with start(stored) as running, running.connected() as connector:
            item = await connector.fetch_one(str(stored[0].id))
    assert item is not None
    assert [log["id"] for log in item["logs"]] == [2, 3]


async def test_the_newer_of_listed_and_single_form_wins(start: Start) -> None:
    def late(self: LaporSandbox, request: Request) -> Response:
        filed = self.store.get(request.path_params["id"])
        assert filed is not None
        single = {**row_of(filed), "title": "Lama", "updated_at": format_time(filed.updated_at - timedelta(seconds=1))}
        return JSONResponse({"results": {"data": single, "data_logs": []}})

    with patch.object(LaporSandbox, "_single", late):
        async with start(reports(1, 61)) as running:
            (page,) = await pull(running)
            async with running.connected() as connector:
                single = await connector.fetch_one(str(listed_ids([page])[0]))
    assert single is not None
    assert single["report"]["title"] == "Lama" != page.items[0]["report"]["title"]


async def test_without_a_listing_known_reports_are_requested(start: Start) -> None:
    stored = reports(3, 61)
    async with start(stored) as running:
        settings = running.settings.model_copy(update={"listing": False, "institutions": ()})
        async with running.connected(settings) as connector:
            known = (str(stored[0].id), "404404404", str(stored[2].id), "../masters/channels")
            pages = [page async for page in connector.pages(run({"kept": 1}, known=known))]
        assert not any(path.endswith("/complaints") for path in running.sandbox.calls)
    assert (listed_ids(pages), pages[0].cursor) == ([stored[0].id, stored[2].id], {"kept": 1})
    assert Lapor.covers(settings) is Coverage.KNOWN_ONLY
    assert Lapor.covers(running.settings) is Coverage.FULL


async def test_few_reports_are_requested_in_parallel(start: Start) -> None:
    here, most = 0, 0
    once = Http._once

    async def counted(self: Http, *args: Any, **kwargs: Any) -> Any:
        nonlocal here, most
        here, most = here + 1, max(most, here + 1)
        try:
            return await once(self, *args, **kwargs)
        finally:
            here -= 1

    async with start(reports(50, 61)) as running:
        with patch.object(Http, "_once", counted):
            await pull(running)
    assert most == MAX_CONCURRENT


@pytest.mark.parametrize(
    ("answer", "error", "reason"),
    [
        (JSONResponse({"message": "Unauthenticated."}, 401), ConfigurationError, "HUB_LAPOR_TOKEN"),
        (JSONResponse({"message": "?", "errors": {"updated_from": ["?"]}}, 422), ConfigurationError, "422"),
        (JSONResponse({"message": "Data tidak ditemukan"}, 404), ContractBroken, "HUB_LAPOR_URL"),
        (JSONResponse({"status": "error", "message": "Data tidak ditemukan"}), ContractBroken, "HUB_LAPOR_URL"),
        (JSONResponse([1]), ContractBroken, "shape"),
        (JSONResponse({"results": {"data": [1]}}), ContractBroken, "next_page_url"),
        (JSONResponse({"results": {"data": {}, "next_page_url": None}}), ContractBroken, "shape"),
        (PlainTextResponse("<html>pemeliharaan</html>"), ContractBroken, "not JSON"),
        (JSONResponse({"results": {"data": [{"id": 1}], "next_page_url": "x"}}), ContractBroken, "updated_from"),
    ],
)
async def test_what_answers_mean(start: Start, answer: Response, error: type[Exception], reason: str) -> None:
    with patch.object(LaporSandbox, "_listing", lambda self, request: answer):
        async with start([]) as running:
            with pytest.raises(error, match=reason):
                await pull(running)


async def test_a_listing_ignoring_updated_from_breaks_the_contract(start: Start) -> None:
    row = {"id": 1, "updated_at": "01-01-2026 00:00:00"}
    answer = JSONResponse({"results": {"data": [row] * 50, "next_page_url": "https://elsewhere.example/?page=2"}})
    with patch.object(LaporSandbox, "_listing", lambda self, request: answer):
        async with start([]) as running:
            with pytest.raises(ContractBroken, match="updated_from"):
                await pull(running, {"updated_from": "2026-02-01 00:00:00"})


async def test_institutions_are_a_comma_list() -> None:
    settings = Lapor.Settings(institutions="310, 311,")
    assert settings.institutions == (310, 311)
    listed = registry.sandbox_variables("lapor", "http://127.0.0.1:1", Path())["HUB_LAPOR_INSTITUTIONS"]
    assert Lapor.Settings(institutions=listed).institutions == OUR_INSTITUTIONS


async def test_each_missing_setting_is_named(start: Start) -> None:
    async with start([]) as running:
        for name in ("auth", "token", "institutions"):
            with pytest.raises(ConfigurationError, match=f"HUB_LAPOR_{name.upper()}"):
                await pull(running, **{name: Lapor.Settings.model_fields[name].default})
