"""The methods of the OSS sandbox, from the view of contract oss: bodies, failures, and every form of an answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from hub.connectors.oss.sandbox import build
from hub.connectors.oss.sandbox.codes import STATUSES
from hub.connectors.oss.sandbox.envelopes import FORMS
from hub.demo.businesses import Business, BusinessWorld
from hub.demo.permits import Permit
from hub.demo.world import DemoWorld
from tests.connectors.oss.running_sandbox import TODAY, RunningOss, built, oss_in_process, settings

WORLD = BusinessWorld(TODAY, 60)
BUSINESSES = [WORLD.business(number) for number in range(WORLD.count)]


@pytest.fixture
async def oss() -> AsyncIterator[RunningOss]:
    async with oss_in_process() as running:
        yield running


def decided_by(*authorities: str, issued: bool = False) -> tuple[Business, Permit]:
    """Return the first permit that one of these levels decides, and that is issued or still open."""
    return next(
        (business, permit)
        for business in BUSINESSES
        for permit in business.permits
        if permit.authority in authorities and (permit.licence(centre=True) is not None) == issued
    )


def status_of(business: Business, permit: Permit, code: str = "40", **fields: Any) -> dict[str, Any]:
    return {
        "IZINSTATUS": {
            "nib": business.nib,
            "id_proyek": permit.project_id,
            "id_izin": permit.id,
            "kd_izin": permit.type.code,
            "kd_instansi": "3300000000",
            "kd_status": code,
            "tgl_status": "2026-11-20 10:00:00",
            "keterangan": "",
            **fields,
        }
    }


def licence_of(business: Business, permit: Permit, **fields: Any) -> dict[str, Any]:
    return {
        "IZINFINAL": {
            "nib": business.nib,
            "id_izin": permit.id,
            "kd_izin": permit.type.code,
            "kd_daerah": f"{business.area_code.replace('.', '')}000000",
            "nomor_izin": "503/77/2026",
            "tgl_terbit_izin": "2026-11-20",
            "tgl_berlaku_izin": "2031-11-20",
            "status_izin": "50",
            **fields,
        }
    }


async def checked(oss: RunningOss, permit: Permit) -> dict[str, Any]:
    found: dict[str, Any] = (await oss.call("inqueryLicense", {"INQUERYLICENSE": {"id_izin": permit.id}}))["dataIZIN"]
    return found


class TestLookUps:
    async def test_a_business_is_found_by_nib_and_by_npwp(self, oss: RunningOss) -> None:
        business = BUSINESSES[2]
        by_nib = await oss.call("inqueryNIB", {"INQUERYNIB": {"nib": business.nib, "oss_id": business.oss_id}})
        by_npwp = await oss.call("inqueryNIB", {"INQUERYNIB": {"npwp": business.npwp}})
        by_longer = await oss.call("inqueryNIB", {"INQUERYNIB": {"npwp": f"0{business.npwp}"}})
        assert by_nib == by_npwp == by_longer
        assert (by_nib["kode"], by_nib["dataNIB"]["nama_perseroan"]) == (200, business.name)
        rows = by_nib["dataNIB"]["data_checklist"]
        assert [row["id_izin"] for row in rows] == [permit.id for permit in business.permits]
        assert all(row["status_checklist"] and "file_izin_oss" in row for row in rows)

    async def test_a_permit_has_its_place_status_and_licence(self, oss: RunningOss) -> None:
        business, permit = decided_by("00", issued=True)
        found = await checked(oss, permit)
        licence = permit.licence(centre=True)
        assert licence
        assert found["nib"] == business.nib
        assert found["kd_daerah"] == f"{business.area_code.replace('.', '')}000000"
        assert (found["no_izin"], found["tgl_izin"]) == (licence.number, f"{licence.issued_on}")
        assert (found["kewenangan"], found["kd_izin"]) == ("00", permit.type.code)
        assert len(found["tgl_status"]) == 19

    @pytest.mark.parametrize("name", ["IZINSTATUS", "CHECKLICENSESTATUS"])
    async def test_a_status_is_checked_under_either_name(self, oss: RunningOss, name: str) -> None:
        _, permit = decided_by("00", issued=True)
        found = (await oss.call("checkLicenseStatus", {name: {"id_izin": permit.id}}))["dataIZIN"]
        assert set(found) == {"nib", "id_proyek", "id_izin", "kd_status", "uraian_status"}
        assert found["kd_status"] == (await checked(oss, permit))["kd_status"]

    @pytest.mark.parametrize(
        ("method", "body"),
        [
            ("inqueryNIB", {"INQUERYNIB": {"nib": "3399000009999"}}),
            ("inqueryNIB", {"INQUERYNIB": {"npwp": "990000029999000"}}),
            ("inqueryNIB", {"INQUERYNIB": {"nib": BUSINESSES[0].nib, "oss_id": "P-1"}}),
            ("inqueryLicense", {"INQUERYLICENSE": {"id_izin": "I-202600000000000000001"}}),
            ("checkLicenseStatus", {"CHECKLICENSESTATUS": {"id_izin": "0"}}),
        ],
    )
    async def test_what_is_not_there_is_404_under_http_200(self, oss: RunningOss, method: str, body: Any) -> None:
        assert (await oss.call(method, body))["kode"] == 404

    async def test_the_declared_call_says_that_it_is_assumed(self, oss: RunningOss) -> None:
        answers = [
            await oss.client.post(f"/{method}", json={name: {"id_izin": "0"}})
            for method, name in (("inqueryLicense", "INQUERYLICENSE"), ("checkLicenseStatus", "IZINSTATUS"))
        ]
        assert [answer.headers.get("X-Contract-Status") for answer in answers] == ["assumed", None]


class TestRefusals:
    async def test_a_wrong_or_missing_key_is_401_under_http_200(self, oss: RunningOss) -> None:
        body = {"INQUERYNIB": {"nib": BUSINESSES[0].nib}}
        for headers in ({"user_key": "another"}, {"user_key": ""}):
            answer = await oss.client.post("/inqueryNIB", json=body, headers=headers)
            inner = answer.json()["responinqueryNIB"]
            assert (answer.status_code, inner["kode"]) == (200, 401)
            assert "dataNIB" not in inner

    async def test_without_a_key_of_its_own_it_lets_nobody_in(self) -> None:
        sandbox = build(settings(user_key=""), DemoWorld(TODAY, citing=()), 4)
        transport = httpx.ASGITransport(sandbox.app())
        async with httpx.AsyncClient(transport=transport, base_url="http://oss", headers={"user_key": ""}) as client:
            answer = await client.post("/inqueryNIB", json={"INQUERYNIB": {"nib": BUSINESSES[0].nib}})
        assert f"{answer.json()['responinqueryNIB']['kode']}" == "401"

    @pytest.mark.parametrize(
        ("method", "body"),
        [
            ("inqueryNIB", {"nib": BUSINESSES[0].nib}),
            ("inqueryNIB", {"INQUERYNIB": {"nib": "12"}}),
            ("inqueryNIB", {"INQUERYNIB": {}}),
            ("inqueryNIB", []),
            ("inqueryLicense", {"IZINSTATUS": {"id_izin": "I-1"}}),
            ("checkLicenseStatus", {"IZINSTATUS": {"id_izin": 12}}),
        ],
    )
    async def test_a_body_against_the_contract_is_400(self, oss: RunningOss, method: str, body: Any) -> None:
        assert (await oss.call(method, body))["kode"] == 400

    async def test_a_body_that_is_no_json_is_400(self, oss: RunningOss) -> None:
        answer = await oss.client.post("/inqueryNIB", content=b"{")
        assert answer.json()["responinqueryNIB"]["kode"] == 400

    @pytest.mark.parametrize("code", [400, 401, 403, 404, 405, 500, 504])
    async def test_any_failure_comes_under_http_200(self, oss: RunningOss, code: int) -> None:
        await oss.fault("failure_under_200", 1, code)
        body = {"INQUERYNIB": {"nib": BUSINESSES[0].nib}}
        assert (await oss.call("inqueryNIB", body))["kode"] == code
        assert (await oss.call("inqueryNIB", body))["kode"] == 200

    async def test_success_may_have_no_data(self, oss: RunningOss) -> None:
        await oss.fault("no_data", 1)
        inner = await oss.call("inqueryNIB", {"INQUERYNIB": {"nib": BUSINESSES[0].nib}})
        assert (inner["kode"], inner.get("dataNIB")) == (200, None)


class TestReports:
    async def test_a_status_of_the_region_is_taken_once(self, oss: RunningOss) -> None:
        business, permit = decided_by("01", "02")
        body = status_of(business, permit)
        first, second = [await oss.call("receiveLicenseStatus", body) for _ in range(2)]
        assert first["kode"] == second["kode"] == 200
        assert first["dataNIB"]["nib"] == business.nib
        assert (await checked(oss, permit))["kd_status"] == "40"
        assert (await checked(oss, permit))["tgl_status"] == "2026-11-20 10:00:00"
        assert oss.sandbox.figures()["decisions"] == 1

    async def test_an_older_status_does_not_replace_a_newer_one(self, oss: RunningOss) -> None:
        business, permit = decided_by("01", "02")
        await oss.call("receiveLicenseStatus", status_of(business, permit))
        late = status_of(business, permit, "20", tgl_status="2026-11-20 09:00:00")
        assert (await oss.call("receiveLicenseStatus", late))["kode"] == 200
        assert (await checked(oss, permit))["kd_status"] == "40"

    async def test_a_permit_that_the_region_issued_has_its_number(self, oss: RunningOss) -> None:
        business, permit = decided_by("01", "02")
        body = licence_of(business, permit)
        answers = [await oss.call("receiveLicense", body) for _ in range(2)]
        assert [(each["kode"], each["nomor_izin"]) for each in answers] == [(200, "503/77/2026")] * 2
        found = await checked(oss, permit)
        assert (found["kd_status"], found["no_izin"], found["tgl_berlaku"]) == ("50", "503/77/2026", "2031-11-20")
        assert oss.sandbox.figures()["decisions"] == 1

    async def test_the_region_cannot_decide_for_the_centre(self, oss: RunningOss) -> None:
        business, permit = decided_by("00")
        assert (await oss.call("receiveLicenseStatus", status_of(business, permit)))["kode"] == 403
        assert (await oss.call("receiveLicense", licence_of(business, permit)))["kode"] == 403

    @pytest.mark.parametrize(
        ("fields", "code"),
        [
            ({"kd_status": "58"}, 400),
            ({"kd_status": "91"}, 400),
            ({"kd_status": 50}, 400),
            ({"tgl_status": "2026-11-20"}, 400),
            ({"tgl_status": "2026-11-20T10:00:00+07:00"}, 400),
            ({"tgl_status": "2026-13-20 10:00:00"}, 400),
            ({"nib": "3399000000059"}, 404),
            ({"kd_izin": "000000000000"}, 400),
            ({"kd_instansi": "1"}, 403),
            ({"data_pnbp": []}, 400),
            ({"catatan": "x"}, 400),
        ],
    )
    async def test_a_wrong_status_is_refused(self, oss: RunningOss, fields: dict[str, Any], code: int) -> None:
        business, permit = decided_by("01", "02")
        before = await checked(oss, permit)
        assert (await oss.call("receiveLicenseStatus", status_of(business, permit, **fields)))["kode"] == code
        assert await checked(oss, permit) == before

    @pytest.mark.parametrize(
        ("fields", "code"),
        [
            ({"nomor_izin": "x" * 51}, 400),
            ({"nomor_izin": ""}, 400),
            ({"nip_ttd": "1" * 26}, 400),
            ({"jabatan_ttd": "x" * 151}, 400),
            ({"tgl_terbit_izin": "20-11-2026"}, 400),
            ({"kd_daerah": "3399000000"}, 400),
            ({"status_izin": "5"}, 400),
            ({"id_izin": "I-1"}, 404),
        ],
    )
    async def test_a_wrong_licence_is_refused(self, oss: RunningOss, fields: dict[str, Any], code: int) -> None:
        business, permit = decided_by("01", "02")
        assert (await oss.call("receiveLicense", licence_of(business, permit, **fields)))["kode"] == code
        assert oss.sandbox.figures()["decisions"] == 0

    @pytest.mark.parametrize("fault", ["accept_then_hang", "accept_then_500"])
    async def test_a_report_is_taken_though_the_answer_fails(self, oss: RunningOss, fault: str) -> None:
        business, permit = decided_by("01", "02")
        await oss.fault(fault, 1)
        try:
            answer = await oss.client.post("/receiveLicenseStatus", json=status_of(business, permit))
            assert answer.status_code == 500
        except ConnectionAbortedError:
            assert fault == "accept_then_hang"
        assert (await checked(oss, permit))["kd_status"] == "40"

    async def test_a_report_may_take_effect_later(self, oss: RunningOss) -> None:
        business, permit = decided_by("01", "02")
        await oss.fault("accept_late", 1, 0.1)
        with pytest.raises(ConnectionAbortedError):
            await oss.client.post("/receiveLicenseStatus", json=status_of(business, permit))
        async with asyncio.timeout(10):
            while (await checked(oss, permit))["kd_status"] != "40":
                await asyncio.sleep(0.005)


class TestForms:
    """Every wrapper and type that the official document uses."""

    async def test_each_form_can_be_requested(self, oss: RunningOss) -> None:
        _, permit = decided_by("00")
        seen = set()
        for number in range(len(FORMS)):
            await oss.fault("form", 1, number)
            body = (await oss.client.post("/checkLicenseStatus", json={"IZINSTATUS": {"id_izin": permit.id}})).json()
            (wrapper,) = set(body) - {"meta"}
            seen.add((wrapper, type(body[wrapper]["kode"]), type(body["meta"])))
        assert len(seen) == 12
        assert {wrapper for wrapper, _, _ in seen} == {
            "responcheckLicenseStatus",
            "responcheckStatusLicense",
            "responsecheckStatusLicense",
        }
        assert {kind for _, kind, _ in seen} == {int, str}
        assert {kind for _, _, kind in seen} == {dict, list}

    async def test_a_permit_always_gets_the_same_form(self) -> None:
        async with oss_in_process(traps=True) as oss:
            ids = [permit.id for business in BUSINESSES for permit in business.permits]
            rounds = [
                [
                    (await oss.client.post("/checkLicenseStatus", json={"IZINSTATUS": {"id_izin": each}})).text
                    for each in ids
                ]
                for _ in range(2)
            ]
        assert rounds[0] == rounds[1]
        assert len({tuple(json.loads(text)) for text in rounds[0]}) > 2

    async def test_without_traps_there_is_one_form(self, oss: RunningOss) -> None:
        for permit in (permit for business in BUSINESSES for permit in business.permits):
            answer = await oss.client.post("/checkLicenseStatus", json={"IZINSTATUS": {"id_izin": permit.id}})
            assert answer.json()["responcheckLicenseStatus"]["kode"] == 200


class TestTraps:
    """What a reader must expect of data, and that it can be switched off."""

    @pytest.mark.parametrize(
        ("trap", "is_odd"),
        [
            ("unknown_status", lambda row: row["kd_status"] == "58"),
            ("removed_status", lambda row: row["kd_status"] == "91"),
            ("short_times", lambda row: len(row["tgl_status"]) == 18),
            ("dates_for_times", lambda row: len(row["tgl_status"]) == 10),
            ("other_names", lambda row: row["uraian_status"] != STATUSES[row["kd_status"]]),
        ],
    )
    def test_each_trap_alone(self, trap: str, is_odd: Callable[[dict[str, Any]], bool]) -> None:
        sandbox, _ = built(160)
        ids = [permit.id for number in range(160) for permit in sandbox.register.business(number).permits]

        def odd() -> int:
            answers = [sandbox.methods.inquery_license({"INQUERYLICENSE": {"id_izin": each}}) for each in ids]
            return sum(is_odd(answer["dataIZIN"]) for answer in answers)

        assert odd() == 0
        sandbox.act({"do": "trap", "name": trap, "on": True})
        assert 0 < odd() < len(ids) / 10
