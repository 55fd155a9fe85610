"""The calls that change a row in the perizinan sandbox, its officers, and its state across restarts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub.connectors.perizinan.sandbox import PATH
from tests.connectors.perizinan.running_sandbox import RunningApp, running_app

NEW = {
    "kunci": "I-202611200000000009999",
    "id_izin": "I-202611200000000009999",
    "nib": "3399000000007",
    "id_proyek": "R-202611200000000000070",
    "jenis": {"kode": "000023000101", "nama": "Izin Operasional Satuan Pendidikan Menengah"},
    "sektor": "PENDIDIKAN",
    "kewenangan": "00",
    "wilayah": "33.74",
    "kbli": "85220",
    "kbli_edisi": 2020,
    "skala": "02",
    "status": {"kode": "DITERIMA", "sejak": "2026-11-20T09:00:00+07:00"},
}


@pytest.fixture
async def app() -> AsyncIterator[RunningApp]:
    async with running_app() as running:
        yield running


async def a_row(app: RunningApp, **fields: Any) -> dict[str, Any]:
    """Return the first row that has these fields."""
    return next(row for row in await app.rows() if all(row[name] == value for name, value in fields.items()))


async def put(app: RunningApp, row: dict[str, Any], **fields: Any) -> httpx.Response:
    body = {
        "kode": "SURVEI",
        "sejak": "2026-11-20T09:30:00+07:00",
        "dasar": row["diubah_pada"],
        "kunci": "k1",
        **fields,
    }
    return await app.client.put(f"{PATH}/{row['id']}/status", json=body)


class TestNewStatus:
    async def test_the_answer_is_the_row_with_a_new_version(self, app: RunningApp) -> None:
        row = await a_row(app)
        issue = {"nomor_izin": "503/9", "tgl_izin": "2026-11-20", "berlaku_sampai": "2031-11-20"}
        answer = await put(app, row, kode="TERBIT", keterangan="Dari OSS", **issue)
        assert answer.status_code == 200
        changed = answer.json()["data"]
        assert changed == await app.row(row["id"])
        assert changed["status"] == {"kode": "TERBIT", "sejak": "2026-11-20T09:30:00+07:00"}
        assert {name: changed[name] for name in issue} == issue
        assert (changed["catatan"], changed["diubah_pada"]) == ("Dari OSS", "2026-11-20T10:00:00+07:00")

    async def test_what_is_left_out_stays_and_null_clears(self, app: RunningApp) -> None:
        row = await a_row(app)
        first = (await put(app, row, nomor_izin="503/9", tgl_izin="2026-11-20")).json()["data"]
        second = (await put(app, first, kunci="k2", kode="DIBEKUKAN", tgl_izin=None)).json()["data"]
        assert (second["nomor_izin"], second["tgl_izin"]) == ("503/9", None)

    async def test_each_change_within_a_second_is_a_version(self, app: RunningApp) -> None:
        row = await a_row(app)
        first = (await put(app, row)).json()["data"]
        second = (await put(app, first, kunci="k2")).json()["data"]
        assert first["diubah_pada"] < second["diubah_pada"]

    async def test_another_version_is_409_with_the_row(self, app: RunningApp) -> None:
        row = await a_row(app)
        await app.act("status", id=row["id"], kode="PERBAIKAN")
        answer = await put(app, row)
        assert answer.status_code == 409
        assert answer.json() == {"galat": "sudah_berubah", "data": await app.row(row["id"])}
        assert answer.json()["data"]["status"]["kode"] == "PERBAIKAN"

    @pytest.mark.parametrize("conflict", [False, True])
    async def test_the_same_key_gets_the_first_answer(self, app: RunningApp, conflict: bool) -> None:
        row = await a_row(app)
        if conflict:
            await app.act("status", id=row["id"], kode="PERBAIKAN")
        first = await put(app, row)
        assert (first.status_code == 409) is conflict
        await app.act("status", id=row["id"], kode="DITOLAK")
        now = await app.row(row["id"])
        second = await put(app, now)
        assert (second.status_code, second.json()) == (first.status_code, first.json())
        assert await app.row(row["id"]) == now, "the second call changes nothing"

    async def test_a_version_in_the_old_form_is_one(self, app: RunningApp) -> None:
        await app.act("trap", name="old_dates", on=True)
        row = next(row for row in await app.rows() if not row["diubah_pada"].endswith("+07:00"))
        assert (await put(app, row)).status_code == 200
        other = next(row for row in await app.rows() if not row["diubah_pada"].endswith("+07:00"))
        await app.act("trap", name="old_dates", on=False)
        iso = await app.row(other["id"])
        await app.act("trap", name="old_dates", on=True)
        assert (await put(app, iso, kunci="k2")).status_code == 200, "the same time in another form"

    @pytest.mark.parametrize(
        ("fields", "wrong"),
        [
            ({"kode": "SELESAI"}, "kode"),
            ({"kode": 5}, "kode"),
            ({"sejak": "2026-11-20T09:30:00"}, "sejak"),
            ({"sejak": "kemarin"}, "sejak"),
            ({"dasar": "kemarin"}, "dasar"),
            ({"kunci": ""}, "kunci"),
            ({"kunci": None}, "kunci"),
            ({"tgl_izin": "20-11-2026"}, "tgl_izin"),
            ({"nomor_izin": "x" * 51}, "nomor_izin"),
            ({"status": "x"}, "status"),
        ],
    )
    async def test_a_wrong_field_is_422_with_its_name(
        self, app: RunningApp, fields: dict[str, Any], wrong: str
    ) -> None:
        row = await a_row(app)
        answer = await put(app, row, **fields)
        assert (answer.status_code, answer.json()["galat"]) == (422, "tidak_sah")
        assert list(answer.json()["bidang"]) == [wrong]
        assert await app.row(row["id"]) == row
        assert (await put(app, row)).status_code == 200, "a refusal uses no key up"

    @pytest.mark.parametrize("content", [b"{", b"[]", b"null"])
    async def test_a_body_that_is_no_object_is_422(self, app: RunningApp, content: bytes) -> None:
        row = await a_row(app)
        answer = await app.client.put(f"{PATH}/{row['id']}/status", content=content)
        assert (answer.status_code, list(answer.json()["bidang"])) == (422, ["badan"])

    async def test_an_unknown_row_is_404(self, app: RunningApp) -> None:
        assert (await put(app, {"id": 1, "diubah_pada": "2026-11-20T09:30:00+07:00"})).status_code == 404


class TestNewApplication:
    async def test_a_permit_that_is_not_there_is_created_once(self, app: RunningApp) -> None:
        first = await app.client.post(PATH, json=NEW)
        second = await app.client.post(PATH, json=NEW)
        assert (first.status_code, second.status_code) == (201, 200)
        row = first.json()["data"]
        assert row == second.json()["data"] == await app.row(row["id"])
        assert (row["id_izin"], row["status"]) == (NEW["id_izin"], NEW["status"])
        assert row["pemohon"] is None
        assert (await app.page(id_izin=NEW["id_izin"]))["data"] == [row]
        assert (await app.rows())[-1] == row

    async def test_a_permit_that_is_there_is_the_answer(self, app: RunningApp) -> None:
        row = next(row for row in await app.rows() if row["id_izin"])
        answer = await app.client.post(PATH, json={**NEW, "kunci": row["id_izin"], "id_izin": row["id_izin"]})
        assert (answer.status_code, answer.json()) == (200, {"data": row})

    async def test_a_permit_whose_row_has_no_id_is_created_again(self) -> None:
        async with running_app(60, traps=True) as app:
            hidden = next(row for row in await app.rows() if row["id_izin"] is None and row["id"] < 400_000)
            known = app.sandbox.store.get(hidden["id"])
            assert known
            answer = await app.client.post(PATH, json={**NEW, "kunci": known.id_izin, "id_izin": known.id_izin})
            assert answer.status_code == 201
            again = await app.client.post(PATH, json={**NEW, "kunci": known.id_izin, "id_izin": known.id_izin})
            assert (again.status_code, again.json()) == (200, answer.json())

    async def test_what_was_created_shows_its_permit(self) -> None:
        async with running_app(traps=True) as app:
            ids = [f"I-{number}" for number in range(50)]
            for id_ in ids:
                await app.client.post(PATH, json={**NEW, "kunci": id_, "id_izin": id_})
            assert [row["id_izin"] for row in await app.rows()][-50:] == ids

    @pytest.mark.parametrize("trap", ["counter", "blanks"])
    async def test_a_change_leaves_the_id_of_the_permit(self, app: RunningApp, trap: str) -> None:
        before = {row["id"]: row["id_izin"] for row in await app.rows()}
        await app.act("trap", name=trap, on=True)
        odd = next(row for row in await app.rows() if row["id_izin"] != before[row["id"]])
        changed = (await put(app, odd)).json()["data"]
        assert (changed["status"]["kode"], changed["id_izin"]) == ("SURVEI", odd["id_izin"])

    @pytest.mark.parametrize(
        ("fields", "wrong"),
        [
            ({"kunci": "another"}, "kunci"),
            ({"nib": "12"}, "nib"),
            ({"jenis": {"kode": "1", "nama": "x"}}, "jenis.kode"),
            ({"sektor": "PERHUBUNGAN"}, "sektor"),
            ({"kewenangan": "03"}, "kewenangan"),
            ({"wilayah": "3374"}, "wilayah"),
            ({"status": {"kode": "50", "sejak": "2026-11-20T09:00:00+07:00"}}, "status.kode"),
            ({"pemohon": {"nama": "x"}}, "pemohon"),
        ],
    )
    async def test_a_wrong_field_is_422(self, app: RunningApp, fields: dict[str, Any], wrong: str) -> None:
        answer = await app.client.post(PATH, json={**NEW, **fields})
        assert (answer.status_code, list(answer.json()["bidang"])) == (422, [wrong])
        assert app.sandbox.figures()["created"] == 0


class TestFaults:
    async def test_a_row_may_change_just_before(self, app: RunningApp) -> None:
        row = await a_row(app)
        await app.fault("changed_before", 1)
        answer = await put(app, row)
        assert answer.status_code == 409
        assert (await put(app, answer.json()["data"], kunci="k2")).status_code == 200

    async def test_a_call_may_be_refused(self, app: RunningApp) -> None:
        await app.fault("refuse", 1)
        assert (await put(app, await a_row(app))).status_code == 422

    @pytest.mark.parametrize("fault", ["accept_then_hang", "accept_then_500"])
    async def test_a_call_takes_effect_though_the_answer_fails(self, app: RunningApp, fault: str) -> None:
        row = await a_row(app)
        await app.fault(fault, 1)
        if fault == "accept_then_hang":
            with pytest.raises(ConnectionAbortedError):
                await put(app, row)
        else:
            assert (await put(app, row)).status_code == 500
        assert (await app.row(row["id"]))["status"]["kode"] == "SURVEI"
        assert (await put(app, row)).status_code == 200, "the same key gets the first answer"

    async def test_a_call_may_take_effect_later(self, app: RunningApp) -> None:
        row = await a_row(app)
        await app.fault("accept_late", 1, 0.1)
        with pytest.raises(ConnectionAbortedError):
            await put(app, row)
        async with asyncio.timeout(10):
            while (await app.row(row["id"]))["status"]["kode"] != "SURVEI":
                await asyncio.sleep(0.005)

    async def test_the_app_may_be_down(self, app: RunningApp) -> None:
        await app.fault("down", 1)
        with pytest.raises(ConnectionAbortedError):
            await app.client.get(PATH)


class TestOfficers:
    async def test_an_officer_changes_what_the_centre_decides(self, app: RunningApp) -> None:
        row = await a_row(app, kewenangan="00", nomor_izin=None)
        done = await app.act("status", id_izin=row["id_izin"], kode="TERBIT")
        changed = await app.row(row["id"])
        assert (done["id"], changed["status"]["kode"]) == (row["id"], "TERBIT")
        assert changed["nomor_izin"]

    async def test_an_officer_may_write_an_unknown_word(self, app: RunningApp) -> None:
        row = await a_row(app)
        await app.act("status", id=row["id"], kode="DIARSIPKAN")
        assert (await app.row(row["id"]))["status"]["kode"] == "DIARSIPKAN"

    async def test_a_change_of_the_hub_is_taken_back(self, app: RunningApp) -> None:
        row = await a_row(app)
        await put(app, row)
        await app.act("back", id=row["id"])
        again = await app.row(row["id"])
        assert again["status"] == row["status"]
        assert again["diubah_pada"] > row["diubah_pada"]

    async def test_an_officer_edits_what_is_not_the_offices(self, app: RunningApp) -> None:
        row = await a_row(app)
        changes = {"kewenangan": "01", "kbli": "47112", "skala": "04", "wilayah": "33.01", "nomor_izin": "503/X"}
        await app.act("edit", id=row["id"], **changes)
        edited = await app.row(row["id"])
        assert {name: edited[name] for name in changes} == changes
        assert edited["status"] == row["status"]

    async def test_a_copy_at_the_counter_has_no_permit(self, app: RunningApp) -> None:
        row = next(row for row in await app.rows() if row["id_izin"])
        copy = await app.row((await app.act("counter", id=row["id"]))["id"])
        assert (copy["id_izin"], copy["status"]["kode"]) == (None, "DITERIMA")
        assert (copy["nib"], copy["id_proyek"]) == (row["nib"], row["id_proyek"])

    async def test_a_row_can_lose_its_permit_or_be_removed(self, app: RunningApp) -> None:
        row = next(row for row in await app.rows() if row["id_izin"])
        await app.act("unlink", id=row["id"])
        assert (await app.row(row["id"]))["id_izin"] is None
        assert (await app.page(id_izin=row["id_izin"]))["data"] == []
        await app.act("remove", id=row["id"])
        assert (await app.client.get(f"{PATH}/{row['id']}")).status_code == 404
        assert row["id"] not in {each["id"] for each in await app.rows()}

    @pytest.mark.parametrize(
        ("command", "error"),
        [
            ({"do": "status", "id": 1, "kode": "TERBIT"}, "there is no row of this id or id_izin"),
            ({"do": "back"}, "there is no row of this id or id_izin"),
            ({"do": "status"}, "kode is the status to move to, such as TERBIT"),
            ({"do": "dance"}, "there is no act 'dance'"),
        ],
    )
    async def test_an_impossible_act_is_explained(self, app: RunningApp, command: dict[str, Any], error: str) -> None:
        refused = await app.client.post("/_control/act", json=command)
        assert (refused.status_code, refused.json()["error"]) == (400, error)

    async def test_steps_change_rows_and_enter_new_ones(self, app: RunningApp) -> None:
        before = {row["id"]: row for row in await app.rows()}
        await app.client.post("/_control/tick", json={"steps": 60})
        after = {row["id"]: row for row in await app.rows()}
        changed = [id_ for id_, row in before.items() if after[id_] != row]
        assert len(after) > len(before)
        assert {before[id_]["kewenangan"] == "00" for id_ in changed} == {False, True}


class TestRestart:
    async def test_rows_and_answers_survive(self, tmp_path: Path) -> None:
        async with running_app(journal=tmp_path / "journal") as app:
            row, gone = (await app.rows())[:2]
            first = (await put(app, row)).json()
            await app.client.post(PATH, json=NEW)
            await app.act("remove", id=gone["id"])
            rows = await app.rows()
        async with running_app(journal=tmp_path / "journal") as again:
            assert await again.rows() == rows
            assert (await put(again, row)).json() == first
            assert (await again.client.post(PATH, json=NEW)).status_code == 200
            newer = {**NEW, "kunci": "I-2", "id_izin": "I-2"}
            created = (await again.client.post(PATH, json=newer)).json()["data"]
            assert created["id"] not in {row["id"] for row in rows}
