"""What the perizinan sandbox lists, from the view of contract perizinan: paging, look-ups, irregular rows, upkeep."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.complaints.agencies import AGENCIES
from hub.connectors.perizinan.sandbox import PATH
from hub.connectors.perizinan.sandbox.forms import STATUSES
from hub.demo.businesses import BusinessWorld
from hub.demo.permit_stages import APP_STATUSES
from tests.connectors.perizinan.running_sandbox import TODAY, RunningApp, running_app

WORLD = BusinessWorld(TODAY, 40)
PERMITS = [permit for number in range(WORLD.count) for permit in WORLD.business(number).permits]
Row = dict[str, Any]


@pytest.fixture
async def app() -> AsyncIterator[RunningApp]:
    async with running_app() as running:
        yield running


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


class TestListing:
    async def test_pages_follow_each_other_in_order(self, app: RunningApp) -> None:
        whole = await app.rows()
        places = [(instant(row["diubah_pada"]), row["id"]) for row in whole]
        assert places == sorted(places)
        small: list[Row] = []
        cursor = None
        while not small or cursor:
            page = await app.page(batas=7, **({"kursor": cursor} if cursor else {}))
            assert len(page["data"]) <= 7
            small, cursor = small + page["data"], page["kursor"]
        assert small == whole
        assert await app.page(batas=len(whole)) == {"data": whole, "kursor": None}

    async def test_all_permits_are_there_but_those_absent(self, app: RunningApp) -> None:
        listed = {row["id_izin"]: row for row in await app.rows() if row["id_izin"]}
        assert set(listed) == {permit.id for permit in PERMITS if not permit.absent}
        for permit in PERMITS:
            if not permit.absent:
                last, given = permit.steps_at(centre=False)[-1], permit.licence(centre=False)
                row = listed[permit.id]
                assert row["status"]["kode"] == APP_STATUSES[last.stage]
                assert row["nomor_izin"] == (given.number if given else None)
                assert row["kewenangan"] == permit.authority

    async def test_a_row_has_the_fields_of_the_contract(self, app: RunningApp) -> None:
        row = (await app.page(batas=1))["data"][0]
        assert set(row) == {
            *(
                "id",
                "nomor",
                "id_izin",
                "nib",
                "id_proyek",
                "jenis",
                "sektor",
                "kewenangan",
                "dinas",
                "wilayah",
                "kbli",
            ),
            *("kbli_edisi", "skala", "pemohon", "status", "nomor_izin", "tgl_izin", "berlaku_sampai", "catatan"),
            "diubah_pada",
        }
        assert re.fullmatch(r"PTSP-\d{4}-\d{6}", row["nomor"])
        assert re.fullmatch(r"33\.\d\d", row["wilayah"])
        assert row["sektor"] in {"PENDIDIKAN", "KOPERASI", "USAHA"}
        assert row["dinas"] in {name for agency in AGENCIES for name in (agency.name, *agency.aliases)}
        assert set(row["pemohon"]) == {"nama", "npwp", "telepon", "alamat"}
        assert row["diubah_pada"].endswith("+07:00")

    async def test_changed_since_includes_its_second(self, app: RunningApp) -> None:
        whole = await app.rows()
        at = whole[10]["diubah_pada"]
        assert await app.rows(diubah_sejak=at) == whole[10:]
        later = (instant(at) + timedelta(seconds=1)).isoformat()
        assert await app.rows(diubah_sejak=later) == whole[11:]

    async def test_a_change_moves_a_row_to_the_end(self, app: RunningApp) -> None:
        first = (await app.page(batas=1))["data"][0]
        await app.act("status", id=first["id"], kode="DIBEKUKAN")
        last = (await app.rows())[-1]
        assert (last["id"], last["status"]["kode"], last["diubah_pada"]) == (
            first["id"],
            "DIBEKUKAN",
            "2026-11-20T10:00:00+07:00",
        )

    async def test_fifty_rows_are_the_default(self) -> None:
        async with running_app(80) as app:
            assert len((await app.page())["data"]) == 50

    @pytest.mark.parametrize(
        ("params", "field"),
        [
            ({"batas": "201"}, "batas"),
            ({"batas": "0"}, "batas"),
            ({"batas": "x"}, "batas"),
            ({"kursor": "made-up"}, "kursor"),
            ({"diubah_sejak": "yesterday"}, "diubah_sejak"),
            ({"diubah_sejak": "2026-11-20T10:00:00"}, "diubah_sejak"),
            ({"halaman": "2"}, "halaman"),
        ],
    )
    async def test_wrong_parameters_are_422(self, app: RunningApp, params: dict[str, str], field: str) -> None:
        answer = await app.client.get(PATH, params=params)
        assert (answer.status_code, answer.json()["galat"]) == (422, "tidak_sah")
        assert list(answer.json()["bidang"]) == [field]


class TestLookUps:
    async def test_a_row_is_found_by_its_id(self, app: RunningApp) -> None:
        row = (await app.page(batas=1))["data"][0]
        assert await app.row(row["id"]) == row

    @pytest.mark.parametrize("id_", ["1", "x", "9" * 30, "-1"])
    async def test_an_unknown_id_is_404(self, app: RunningApp, id_: str) -> None:
        answer = await app.client.get(f"{PATH}/{id_}")
        assert (answer.status_code, answer.json()) == (404, {"galat": "tidak_ada"})

    async def test_a_row_is_found_by_its_permit(self, app: RunningApp) -> None:
        permit = next(permit for permit in PERMITS if not permit.absent)
        page = await app.page(id_izin=permit.id)
        assert [row["id_izin"] for row in page["data"]] == [permit.id]
        assert page["kursor"] is None
        assert (await app.page(id_izin="I-1"))["data"] == []

    @pytest.mark.parametrize("sent", ["", "Bearer", "Bearer another", "Basic the-key"])
    async def test_without_the_key_it_is_401(self, app: RunningApp, sent: str) -> None:
        answer = await app.client.get(PATH, headers={"Authorization": sent})
        assert (answer.status_code, answer.json()) == (401, {"galat": "tidak_berwenang"})

    async def test_every_answer_says_that_it_is_assumed(self, app: RunningApp) -> None:
        for path in (PATH, f"{PATH}/1"):
            assert (await app.client.get(path)).headers["X-Contract-Status"] == "assumed"


class TestUpkeep:
    @pytest.mark.parametrize(
        ("at", "status"),
        [("18:59:59", 200), ("19:00:00", 503), ("19:19:59", 503), ("19:20:00", 200)],
    )
    async def test_each_night_from_two_to_twenty_past(self, app: RunningApp, at: str, status: int) -> None:
        await app.act("trap", name="upkeep", on=True)
        app.clock.now = datetime.fromisoformat(f"2026-11-20T{at}").replace(tzinfo=UTC)
        answer = await app.client.get(PATH)
        assert answer.status_code == status
        if status == 503:
            assert answer.headers["Content-Type"].startswith("text/html")

    async def test_upkeep_is_off_at_first(self) -> None:
        async with running_app(traps=True) as app:
            app.clock.now = datetime(2026, 11, 20, 19, 10, tzinfo=UTC)
            assert (await app.client.get(PATH)).status_code == 200
            assert [name for name, on in app.sandbox.trap.figures().items() if not on] == ["upkeep"]


ODD: dict[str, Callable[[Row], bool]] = {
    "old_dates": lambda row: not row["diubah_pada"].endswith("+07:00"),
    "counter": lambda row: row["id_izin"] is None and row["id"] < 400_000,
    "blanks": lambda row: (row["id_izin"] or "").endswith(" "),
    "unknown_statuses": lambda row: row["status"]["kode"] not in STATUSES,
    "no_edition": lambda row: "kbli_edisi" not in row,
    "people_in_notes": lambda row: row["pemohon"]["nama"] in row["catatan"],
    "duplicates": lambda row: 400_000 <= row["id"] < 500_000,
}


class TestTraps:
    @pytest.mark.parametrize("trap", list(ODD))
    async def test_each_trap_alone(self, trap: str) -> None:
        async with running_app(60) as app:
            assert not [row for row in await app.rows() if any(is_odd(row) for is_odd in ODD.values())]
            await app.act("trap", name=trap, on=True)
            rows = await app.rows()
        assert [name for name, is_odd in ODD.items() if any(map(is_odd, rows))] == [trap]

    async def test_old_times_are_whole_minutes_of_jakarta(self) -> None:
        async with running_app() as app:
            plain = {row["id"]: row["diubah_pada"] for row in await app.rows()}
            await app.act("trap", name="old_dates", on=True)
            for row in await app.rows():
                text, iso = row["diubah_pada"], plain[row["id"]]
                old = instant(iso).year < 2026
                assert text == (f"{instant(iso):%d-%m-%Y %H:%M}" if old else iso)

    async def test_a_copy_has_the_number_of_another_row(self) -> None:
        async with running_app(60, traps=True) as app:
            rows = await app.rows()
        twice = [nomor for nomor, times in Counter(row["nomor"] for row in rows).items() if times > 1]
        assert twice
        for nomor in twice:
            original, copy = sorted((row for row in rows if row["nomor"] == nomor), key=lambda row: row["id"])
            assert copy["id_izin"] is None
            assert (copy["nib"], copy["id_proyek"], copy["jenis"]) == (
                original["nib"],
                original["id_proyek"],
                original["jenis"],
            )

    async def test_applications_at_the_counter_have_no_permit(self) -> None:
        async with running_app(60) as app:
            counter = [row for row in await app.rows() if row["id_izin"] is None]
        assert counter
        assert all(500_000 <= row["id"] < 600_000 for row in counter)

    async def test_blanks_do_not_hide_a_permit_but_a_missing_id_does(self) -> None:
        async with running_app(60, traps=True) as app:
            rows = await app.rows()
            blank = next(row for row in rows if (row["id_izin"] or "").endswith(" "))
            assert (await app.page(id_izin=blank["id_izin"].strip()))["data"] == [blank]
            hidden = next(row for row in rows if row["id_izin"] is None and row["id"] < 400_000)
            permit = app.sandbox.store.get(hidden["id"])
            assert permit
            assert (await app.page(id_izin=permit.id_izin))["data"] == []


class TestPageFaults:
    async def test_each_fault_of_a_page(self, app: RunningApp) -> None:
        plain = (await app.page(batas=5))["data"]
        await app.fault("duplicate", 1)
        assert (await app.page(batas=5))["data"] == [*plain, plain[-1]]
        await app.fault("out_of_order", 1)
        assert (await app.page(batas=5))["data"] == plain[::-1]
        await app.fault("unknown_status", 1)
        assert (await app.page(batas=5))["data"][0]["status"]["kode"] not in STATUSES
        await app.fault("empty", 1)
        assert await app.page(batas=5) == {"data": [], "kursor": None}
        assert (await app.page(batas=5))["data"] == plain

    async def test_a_page_that_moves_loses_no_row(self, app: RunningApp) -> None:
        ids = [row["id"] for row in await app.rows()]
        await app.fault("page_moved", 1)
        first = await app.page(batas=5)
        again = first["data"] + (await app.page(batas=200, kursor=first["kursor"]))["data"]
        assert [row["id"] for row in again] == [*ids, ids[0]]
