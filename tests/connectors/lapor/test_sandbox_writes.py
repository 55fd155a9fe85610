"""The LAPOR sandbox accepts the calls of contract lapor#create and acts of its staff; its state survives a crash."""

from __future__ import annotations

import asyncio
import json
import re
import signal
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
import pytest

from hub.connectors.lapor.connector import Lapor
from hub.connectors.lapor.sandbox import masters
from hub.connectors.lapor.sandbox.reports import SENT_ID, StoredReport
from hub.connectors.lapor.statuses import status_named
from hub.testing.running import Running, running_sandbox
from tests.connectors.lapor.test_connector import reports
from tests.hub_processes import started, status, variables
from tests.waits import steps

FORM = {"title": "Jalan rusak", "content": "Sejak lama.", "tags_raw": "#LG-2026-000001"}


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    with patch("hub.connectors.lapor.sandbox.year_of_reports", lambda world, size: reports(3, 61)):
        async with running_sandbox(Lapor, tmp_path) as running:
            running.control.headers.update(running.settings.headers())  # type: ignore[attr-defined]
            yield running


async def create(running: Running, **fields: Any) -> httpx.Response:
    return await running.control.post("/complaints/complaint", json={**FORM, **fields})


async def created(running: Running, **fields: Any) -> StoredReport:
    """Create a report and return it."""
    assert (await create(running, **fields)).status_code == 200
    return stored(running, max(running.sandbox.store.ids()))  # type: ignore[attr-defined]


def stored(running: Running, number: int) -> StoredReport:
    return running.sandbox.store.get(str(number))  # type: ignore[attr-defined, no-any-return]


async def follow_up(running: Running, number: int, **fields: Any) -> httpx.Response:
    form = {"complaint_id": number, "content": "Kami periksa.", **fields}
    files = {name: (None, str(value)) for name, value in form.items()}
    return await running.control.post("/complaints/followup/add", files=files)


async def test_nothing_is_idempotent(running: Running) -> None:
    for _ in range(2):
        await create(running)
    assert running.sandbox.figures() | {"sent": 2, "doubled": 1} == running.sandbox.figures()


async def test_the_new_id_is_at_the_documented_positions(running: Running) -> None:
    ids = [await create(running) for _ in range(3)]
    answers = [answer.json() for answer in ids]
    assert {answer.headers["X-Contract-Status"] for answer in ids} == {"assumed"}
    shapes = {json.dumps(answer).replace(str(number), "N") for number, answer in enumerate(answers, SENT_ID)}
    assert shapes == {
        '{"complaint_id": N}',
        '{"status": "success", "data": {"complaint_id": N}}',
        '{"data": {"results": {"complaint": {"id": N}}}}',
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", None),
        ("title", " "),
        ("content", ""),
        ("channel", "13"),
        ("channel", 4),
        ("category_id", 1),
        ("disposition_id", 1),
        ("location_id", "34"),
        ("is_secret", "false"),
        ("attachments", [66]),
        ("attachments", "{}"),
        ("tags_raw", "tanpa pagar"),
    ],
)
async def test_a_wrong_field_is_named(running: Running, field: str, value: object) -> None:
    answer = await create(running, **{field: value})
    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == [field]
    assert running.sandbox.figures()["sent"] == 0


@pytest.mark.parametrize("body", ["{", "[]", "null"])
async def test_a_body_that_is_no_object_is_refused(running: Running, body: str) -> None:
    assert (await running.control.post("/complaints/complaint", content=body)).status_code == 422


@pytest.mark.parametrize("path", ["complaint", "followup/add", "process/1/reject", "complaint/file"])
async def test_both_keys_are_needed_to_send(running: Running, path: str) -> None:
    del running.control.headers["token"]
    assert (await running.control.post(f"/complaints/{path}", json=FORM)).status_code == 401


async def test_a_new_report_waits_for_the_national_desk(running: Running) -> None:
    report = await created(running, disposition_id=380, nameUser="Uji Coba", attachments="[66].")
    assert (report.status, report.institution, report.disposition) == ("UNVERIFIED", masters.PROVINCE, 380)
    assert report.user == {"name": "Uji Coba", "phone": None, "email": None}
    assert (await created(running, nameUser="Uji Coba", is_anonymous=True)).user is None
    listed = (await running.control.get("/complaints", params={"tag": "LG-2026-000001"})).json()["results"]["data"]
    assert [row["id"] for row in listed] == [SENT_ID, SENT_ID + 1]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"institution_from_id": 380, "template_code": "reply_instansi"}, "FOLLOWED_UP"),
        ({"institution_from_id": 380, "template_code": "progress_instansi"}, "IN_PROGRESS"),
        ({"institution_from_id": 380}, "IN_PROGRESS"),
        ({"institution_from_id": "", "rating": 5}, "DISPOSED"),
    ],
)
async def test_an_institutions_follow_up_changes_the_status(
    running: Running, fields: dict[str, Any], status: str
) -> None:
    report = await created(running)
    running.sandbox.act({"do": "dispose", "id": report.id, "to": "DISHUB"})
    assert (await follow_up(running, report.id, **fields)).status_code == 200
    assert report.status == status
    rows = (await running.control.get(f"/complaints/{report.id}/followups")).json()["results"]["data"]
    assert [row["content"] for row in rows] == ["Kami periksa."]


async def test_nothing_moves_a_report_that_has_ended(running: Running) -> None:
    report = await created(running)
    running.sandbox.act({"do": "status", "ticket": "LG-2026-000001", "status": "CLOSED"})
    await follow_up(running, report.id, institution_from_id=380, template_code="reply_instansi")
    assert (report.status, len(report.replies)) == ("CLOSED", 1)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("complaint_id", 4),
        ("complaint_id", "x"),
        ("content", ""),
        ("institution_from_id", 1),
        ("template_code", "?"),
        ("rating", 6),
    ],
)
async def test_a_wrong_field_of_a_follow_up_is_named(running: Running, field: str, value: object) -> None:
    report = await created(running)
    answer = await follow_up(running, report.id, **{field: value})
    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == [field]
    assert report.replies == []


async def test_files_travel_with_a_follow_up_and_are_served(running: Running) -> None:
    report = await created(running)
    files: list[tuple[str, Any]] = [
        ("complaint_id", (None, str(report.id))),
        ("content", (None, "Lihat.")),
        ("institution_from_id", (None, "380")),
        ("attachment[0]", ("a.jpg", b"\xff\xd8", "image/jpeg")),
        ("attachment[1]", ("b.jpg", b"\xff\xd8", "image/jpeg")),
    ]
    assert (await running.control.post("/complaints/followup/add", files=files)).status_code == 200
    (row,) = (await running.control.get(f"/complaints/{report.id}/followups")).json()["results"]["data"]
    assert len(row["attachments"]) == 2
    for file in row["attachments"]:
        assert (await running.control.get(file["path"])).status_code == 200
        assert (await running.control.get(file["path"] + "0")).status_code == 403
        assert (await running.control.get(file["path"].partition("?")[0])).status_code == 403


async def test_files_get_ids_before_they_are_named(running: Running) -> None:
    files = [("attachments[]", ("a.jpg", b"\xff\xd8")), ("attachments[]", ("b.jpg", b"\xff\xd8"))]
    answer = await running.control.post("/complaints/complaint/file", files=files)
    ids = [doc["id"] for doc in answer.json()["results"]["docs"]]
    assert len(set(ids)) == 2
    none = await running.control.post("/complaints/complaint/file", files={"lain": (None, "x")})
    assert none.status_code == 422


async def test_a_rejection_passes_the_report_on(running: Running) -> None:
    report = await created(running)
    running.sandbox.act({"do": "dispose", "id": report.id, "to": "DINSOS"})
    body = {"is_request": 1, "reason": 921, "reason_description": "Wewenang kementerian", "not_authority": 1}
    url = f"/complaints/process/{report.id}/reject"
    assert (await running.control.post(url, json={**body, "reason": 5})).status_code == 422
    assert (await running.control.post(url, json=body)).status_code == 200
    assert (report.status, report.disposition) == ("TRANSFERRED", 921)
    logs = (await running.control.get(f"/complaints/{report.id}/complaint")).json()["results"]["data_logs"]
    passed = {row["institution_to_name"] for row in logs if row["type"] == "disposition"}
    assert passed == {masters.INSTITUTIONS[masters.AGENCY_INSTITUTIONS["DINSOS"]]}, (
        "what was passed on before keeps its institution"
    )
    (note,) = [row for row in logs if row["type"] == "note"]
    assert (note["content"], note["institution_to_name"]) == ("Wewenang kementerian", "Kementerian Perhubungan")
    assert (await running.control.post("/complaints/process/4/reject", json=body)).status_code == 404


async def test_an_edit_changes_the_text_only(running: Running) -> None:
    report = await created(running)
    answer = await running.control.put(f"/complaints/{report.id}/complaint", json={"admin": 1, "content": "Lain."})
    assert (answer.status_code, report.content, report.status) == (200, "Lain.", "UNVERIFIED")


async def act(running: Running, **fields: Any) -> httpx.Response:
    return await running.control.post("/_control/act", json=fields)


async def test_a_person_acts_for_the_centre(running: Running) -> None:
    made = (await act(running, do="create", title="Bus", content="Terlambat", to="DISHUB", nameUser="Uji")).json()
    assert made == {"id": made["id"], "tracking_id": made["tracking_id"], "status": "DISPOSED", "to": 380}
    number = made["id"]
    assert (await act(running, do="status", id=number, status="Ditelaah Ulang")).json()["status"] == "Ditelaah Ulang"
    assert (await act(running, do="dispose", id=number, to="DINSOS")).json()["to"] == masters.AGENCY_INSTITUTIONS[
        "DINSOS"
    ]
    assert (await act(running, do="reply", id=number, by="DINSOS", text="Sudah.")).json()["status"] == "FOLLOWED_UP"
    assert (await act(running, do="reply", id=number, text="Belum.")).json()["status"] == "FOLLOWED_UP"
    await act(running, do="edit", id=number, secret=True)
    report = stored(running, number)
    assert (report.secret, report.user, len(report.replies)) == (True, None, 2)
    row = (await running.control.get(f"/complaints/{number}/complaint")).json()["results"]["data"]
    assert status_named(row["status_name"]) == "FOLLOWED_UP"
    assert running.sandbox.figures()["sent"] == 0, "the centre's own reports were not sent by a caller"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "no act"),
        ({"do": "dance"}, "no act"),
        ({"do": "status", "id": 1}, "no report"),
        ({"do": "status", "ticket": "LG-2026-000001"}, "status is missing"),
        ({"do": "dispose", "ticket": "LG-2026-000001", "to": 1}, "no institution"),
        ({"do": "reply", "ticket": "LG-2026-000001"}, "text is missing"),
        ({"do": "create", "title": "?"}, "content"),
    ],
)
async def test_an_impossible_act_explains_why(running: Running, fields: dict[str, Any], message: str) -> None:
    report = await created(running)
    answer = await act(running, **fields)
    assert answer.status_code == 400
    assert message in answer.json()["error"]
    listed = (await running.control.get("/complaints")).json()["results"]["data"]
    assert report.id in [row["id"] for row in listed], "a refused act leaves the report in the listing"


async def test_what_happened_is_there_in_the_next_life(running: Running, tmp_path: Path) -> None:
    path = tmp_path / "lapor.jsonl"
    running.sandbox.use_journal(path)
    report = await created(running)
    await follow_up(running, report.id, institution_from_id=380, content="Ref. LG-2026-000001/2")
    await act(running, do="create", title="Bus", content="Terlambat", to="DISHUB")
    for _ in range(20):
        running.sandbox.tick()
    before = {number: stored(running, number) for number in running.sandbox.store.ids()}  # type: ignore[attr-defined]
    with patch("hub.connectors.lapor.sandbox.year_of_reports", lambda world, size: reports(3, 61)):
        async with running_sandbox(Lapor, tmp_path) as again:
            again.sandbox.use_journal(path)
            assert {number: stored(again, number) for number in again.sandbox.store.ids()} == before  # type: ignore[attr-defined]
            assert again.sandbox.figures() == running.sandbox.figures()
            again.control.headers.update(running.control.headers)
            assert (await created(again)).id == SENT_ID + 1


async def test_what_is_taken_late_is_not_there_before(running: Running) -> None:
    async with running.fault("accept_late", times=1, value=0.3):
        with pytest.raises(httpx.HTTPError):
            await create(running)
    assert running.sandbox.figures()["sent"] == 0
    await asyncio.sleep(0.4)
    assert running.sandbox.figures()["sent"] == 1


async def test_what_is_refused_is_not_taken_late(running: Running) -> None:
    async with running.fault("accept_late"):
        assert (await create(running, title="")).status_code == 422


@pytest.mark.whole
def test_a_killed_sandbox_goes_on_where_it_was(tmp_path: Path) -> None:
    """The real command is killed between two acts."""
    env = variables(tmp_path, HUB_DEMO_DAY=f"{datetime.now(UTC):%Y-%m-%d}")
    first = _life(env, tmp_path / "first.log", {"do": "create", "title": "Bus", "content": "Lewat", "to": "DISHUB"})
    second = _life(env, tmp_path / "second.log", {"do": "reply", "id": first["id"], "by": "DISHUB", "text": "Sudah."})
    assert (second["tracking_id"], second["status"]) == (first["tracking_id"], "FOLLOWED_UP")


def _life(env: dict[str, str], log: Path, act: dict[str, Any]) -> dict[str, Any]:
    """Start the sandbox, act, and kill it at once."""
    with started("sandbox", "lapor", env=env, log=log) as process:
        url = ""
        for _ in steps("the sandbox did not answer", log):
            found = re.search(r"HUB_LAPOR_URL=(\S+)", log.read_text())
            url = found[1] if found else ""
            if url and status(f"{url}/_control") == 200:
                break
        answer = httpx.post(f"{url}/_control/act", json=act, trust_env=False)
        process.send_signal(signal.SIGKILL)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())
