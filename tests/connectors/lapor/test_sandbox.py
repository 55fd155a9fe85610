"""The LAPOR sandbox fulfils its contract, and has the irregularities of contract shared#traps."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub.connectors.lapor.connector import Lapor
from hub.connectors.lapor.parsing import JAKARTA, time_of
from hub.connectors.lapor.sandbox.credentials import variables
from hub.connectors.lapor.sandbox.masters import AGENCY_INSTITUTIONS, OUR_INSTITUTIONS
from hub.connectors.lapor.sandbox.payloads import followups, logs, report
from hub.connectors.lapor.sandbox.reports import SIZE, UNKNOWN_STATUS, year_of_reports
from hub.connectors.lapor.statuses import status_named
from hub.demo.world import DemoWorld, complaints
from hub.testing.running import Running, running_sandbox

TODAY = date(2026, 11, 20)


@pytest.fixture(scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    async with running_sandbox(Lapor, tmp_path_factory.mktemp("keys"), TODAY) as running:
        yield running


@pytest.fixture
def headers(running: Running) -> dict[str, str]:
    return running.settings.headers()  # type: ignore[attr-defined, no-any-return]


async def ask(running: Running, headers: dict[str, str], path: str, **params: Any) -> httpx.Response:
    return await running.control.get(path, params=params, headers=headers)


@pytest.mark.parametrize("without", ["Authorization", "token"])
async def test_either_header_missing_is_refused(running: Running, headers: dict[str, str], without: str) -> None:
    answer = await ask(running, {name: value for name, value in headers.items() if name != without}, "/complaints")
    assert (answer.status_code, answer.json()) == (401, {"message": "Unauthenticated."})


async def test_the_listing_is_ordered_and_filtered(running: Running, headers: dict[str, str]) -> None:
    window = {"updated_from": "2026-10-01 00:00:00", "updated_to": "2026-10-03 12:00:00"}
    answer = await ask(running, headers, "/complaints", institution_id=list(OUR_INSTITUTIONS), **window)
    assert answer.headers["X-Contract-Status"] == "assumed"
    results = answer.json()["results"]
    assert (results["current_page"], results["per_page"]) == (1, 50)
    places = [(time_of(row["updated_at"]), row["id"]) for row in results["data"]]
    assert places == sorted(places)
    first, end = time_of(window["updated_from"]), time_of(window["updated_to"])
    assert first
    assert end
    assert all(at and first <= at < end for at, _ in places)
    assert all({row["institution_id"], row["disposition_id"]} & {*OUR_INSTITUTIONS} for row in results["data"])
    everywhere = (await ask(running, headers, "/complaints", **window)).json()["results"]
    assert everywhere["next_page_url"].startswith("https://")
    assert any(not {row["institution_id"], row["disposition_id"]} & {*OUR_INSTITUTIONS} for row in everywhere["data"])


async def test_a_window_includes_its_start_and_not_its_end(running: Running, headers: dict[str, str]) -> None:
    one = running.sandbox.store.of(OUR_INSTITUTIONS)[0]  # type: ignore[attr-defined]
    at = f"{one.updated_at.astimezone(JAKARTA):%Y-%m-%d %H:%M:%S}"
    found = (await ask(running, headers, "/complaints", updated_from=at)).json()["results"]["data"]
    assert found[0]["id"] == one.id
    before = (await ask(running, headers, "/complaints", updated_to=at, updated_from=at)).json()["results"]["data"]
    assert before == []


async def test_a_ticket_finds_its_report(running: Running, headers: dict[str, str]) -> None:
    cited = next(complaint for complaint in complaints(TODAY) if complaint.report)
    assert cited.report is not None
    (found,) = (await ask(running, headers, "/complaints", tag=cited.ticket)).json()["results"]["data"]
    assert (found["id"], found["tracking_id"]) == (cited.report.id, cited.report.tracking_id)
    assert status_named(found["status_name"]) == cited.report.status
    assert (await ask(running, headers, "/complaints", tag=cited.ticket[:-1])).json()["results"]["data"] == []


@pytest.mark.parametrize(
    ("name", "value"),
    [("updated_from", "01-10-2026"), ("updated_to", "kemarin"), ("page", "0"), ("institution_id", "x")],
)
async def test_unreadable_parameters_are_named(
    running: Running, headers: dict[str, str], name: str, value: str
) -> None:
    answer = await ask(running, headers, "/complaints", **{name: value})
    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == [name]


@pytest.mark.parametrize("path", ["/complaints/1/complaint", "/complaints/x/followups", "/masters/unknown"])
async def test_what_is_not_there_is_404(running: Running, headers: dict[str, str], path: str) -> None:
    answer = await ask(running, headers, path)
    assert (answer.status_code, answer.json()) == (404, {"message": "Data tidak ditemukan"})


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("institutions/external", {"id", "name"}),
        ("templates", {"id", "template_code", "content"}),
        ("locations", {"id", "name", "code"}),
        ("categories", {"id", "name"}),
        ("classifications", {"id", "name"}),
        ("channels", {"id", "name"}),
    ],
)
async def test_masters(running: Running, headers: dict[str, str], name: str, columns: set[str]) -> None:
    results = (await ask(running, headers, f"/masters/{name}", page_size=1000)).json()["results"]
    assert results["next_page_url"] is None
    assert {frozenset(row) for row in results["data"]} == {frozenset(columns)}
    assert len({row["id"] for row in results["data"]}) == len(results["data"])
    short = (await ask(running, headers, f"/masters/{name}", page_size=2, page=2)).json()["results"]
    assert short["data"] == results["data"][2:4]


async def test_time_passes(running: Running) -> None:
    before = running.sandbox.figures()
    newest = max(year_of_reports.updated_at for year_of_reports in running.sandbox.store.of(OUR_INSTITUTIONS))  # type: ignore[attr-defined]
    for _ in range(60):
        running.sandbox.tick()
    assert running.sandbox.figures()["reports"] > before["reports"]
    assert max(year_of_reports.updated_at for year_of_reports in running.sandbox.store.of(OUR_INSTITUTIONS)) > newest  # type: ignore[attr-defined]


@pytest.mark.whole
def test_the_year_is_the_same_for_every_process() -> None:
    assert year_of_reports(DemoWorld(TODAY)) == year_of_reports(DemoWorld(TODAY))
    assert year_of_reports(DemoWorld(TODAY)) != year_of_reports(DemoWorld(date(2026, 11, 21)))


def test_the_year_contains_all_cited_reports_and_more() -> None:
    year = {each.id: each for each in year_of_reports(DemoWorld(TODAY))}
    assert len(year) == SIZE == len({each.tracking_id for each in year.values()})
    for complaint in complaints(TODAY):
        if complaint.report:
            report = year[complaint.report.id]
            assert (report.ticket, report.status) == (complaint.ticket, complaint.report.status)
            assert abs((report.updated_at - complaint.report.updated_at).total_seconds()) < 1
            assert (report.secret, report.anonymous) == (complaint.secret, complaint.anonymous)
    hidden = [each for each in year.values() if not {each.institution, each.disposition} & {*OUR_INSTITUTIONS}]
    assert 1_000 < len(hidden) < 3_000


def test_the_year_shows_the_traps() -> None:
    rows = [report(each) for each in year_of_reports(DemoWorld(TODAY))]
    assert {type(row["followups_count"]) for row in rows} == {int, str}
    assert any("<script>" in row["content"] for row in rows)
    assert any(row["attachments"].endswith(".") for row in rows)
    transport = {row["disposition_name"] for row in rows if row["disposition_id"] == AGENCY_INSTITUTIONS["DISHUB"]}
    assert len(transport) == 2, "the same institution by the name it had and the one it has"
    assert any(row["location_id"] == 34 for row in rows)
    assert 0 < sum(row["status_name"] == UNKNOWN_STATUS for row in rows) < 5
    assert not any(row["user"] for row in rows if row["is_secret"] or row["is_anonymous"])
    history = [row for each in year_of_reports(DemoWorld(TODAY)) for row in logs(each)]
    assert {type(row["data"]) for row in history} == {str, type(None)}
    assert any(row["data"] == "perubahan status" for row in history)
    inside = {("created_at" in row, "created_at" in json.loads(row["data"] or "{}")) for row in history if is_json(row)}
    assert inside == {(True, False), (False, True), (True, True)}
    assert any(len(followups(each)) > 20 for each in year_of_reports(DemoWorld(TODAY)))


def is_json(row: dict[str, Any]) -> bool:
    return row["data"] is None or row["data"].startswith("{")


def test_made_up_credentials_name_no_real_host(tmp_path: Path) -> None:
    settings = variables("http://127.0.0.1:1", tmp_path)
    assert settings.keys() == {f"HUB_LAPOR_{name}" for name in ("URL", "AUTH", "TOKEN", "INSTITUTIONS")}
    assert list(tmp_path.iterdir()) == []
