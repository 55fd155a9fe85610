"""The calls of the OSS sandbox to the hub: documents, tokens, repetitions, and the acts that cause them."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from starlette.responses import JSONResponse

from hub.connectors.oss.sandbox import OssSandbox
from hub.connectors.oss.sandbox.caller import Caller
from hub.connectors.oss.sandbox.credentials import Credentials
from hub.demo.businesses import BusinessWorld
from hub.testing.serving import serve
from tests.connectors.oss.running_sandbox import TODAY, RunningOss, StandInHub, answer, built, oss_and_hub

WORLD = BusinessWorld(TODAY, 60)
WITH_PERMITS = WORLD.business(2)
PERMIT = next(
    permit
    for number in range(60)
    for permit in WORLD.business(number).permits
    if permit.authority == "00" and permit.licence(centre=True) is None
)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Repeat calls without a pause."""
    monkeypatch.setattr("hub.connectors.oss.sandbox.caller.RETRY_DELAYS", (0.0, 0.0, 0.0))


@pytest.fixture(scope="module")
async def hub() -> AsyncIterator[tuple[StandInHub, str]]:
    stand_in = StandInHub()
    async with serve(stand_in.app()) as url:
        yield stand_in, url


@pytest.fixture
async def oss(hub: tuple[StandInHub, str]) -> AsyncIterator[RunningOss]:
    async with oss_and_hub(*hub) as running:
        yield running


def sha1(text: str) -> str:
    return hashlib.sha1(text.encode()).hexdigest()


def rows(data: dict[str, Any]) -> dict[str, Any]:
    return {row["id_izin"]: row for row in data["data_checklist"]}


def test_the_token_is_that_of_the_contract() -> None:
    credentials = Credentials(SecretStr(""), "user", SecretStr("pass"), "nib", "1")
    day = datetime(2025, 1, 2, tzinfo=UTC).date()
    assert credentials.token("1234567890123", day) == "c5a719203592b3e142d46013c43dcb88d60eaaa3"
    assert credentials.token("000000000000000", day) == "716e73acb537152bdd0dee7c1088e4202d585e77"


class TestActs:
    async def test_an_approval_sends_the_whole_document(self, oss: RunningOss) -> None:
        shown = await oss.act("approve", id_izin=PERMIT.id)
        assert (shown["id_izin"], shown["kd_status"]) == (PERMIT.id, "50")
        ((token, data),) = oss.hub.calls
        assert token == sha1(f"userpass{shown['nib']}20261120")
        assert (data["nib"], data["tipe_dokumen"], data["tgl_perubahan_nib"]) == (
            shown["nib"],
            "5",
            "2026-11-20 10:00:00",
        )
        row = rows(data)[PERMIT.id]
        assert row["no_izin"]
        assert (row["tgl_izin"], row["flag_checklist"]) == ("2026-11-20", "Y")
        assert "status_checklist" not in row, "only inqueryNIB has it"
        assert data["pemegang_saham"]
        assert data["data_proyek"][0]["data_lokasi_proyek"]

    async def test_a_status_causes_no_call_unless_requested(self, oss: RunningOss) -> None:
        await oss.act("status", id_izin=PERMIT.id, kd_status="41")
        assert oss.hub.calls == []
        found = await oss.call("inqueryLicense", {"INQUERYLICENSE": {"id_izin": PERMIT.id}})
        assert found["dataIZIN"]["kd_status"] == "41"
        await oss.act("status", id_izin=PERMIT.id, kd_status="42", notify=True)
        assert len(oss.hub.calls) == 1

    async def test_two_changes_in_a_second_have_different_times(self, oss: RunningOss) -> None:
        for scale in ("01", "02", "01"):
            await oss.act("business", nib=WITH_PERMITS.nib, skala=scale)
        times = [data["tgl_perubahan_nib"] for data in oss.hub.documents]
        assert times == ["2026-11-20 10:00:00", "2026-11-20 10:00:01", "2026-11-20 10:00:02"]

    async def test_a_licence_can_change(self, oss: RunningOss) -> None:
        await oss.act("approve", id_izin=PERMIT.id)
        await oss.act("licence", id_izin=PERMIT.id, no_izin="503/X", tgl_berlaku="2030-01-02")
        assert rows(oss.hub.documents[1])[PERMIT.id]["no_izin"] == "503/X"
        found = (await oss.call("inqueryLicense", {"INQUERYLICENSE": {"id_izin": PERMIT.id}}))["dataIZIN"]
        assert (found["no_izin"], found["tgl_izin"], found["tgl_berlaku"]) == ("503/X", "2026-11-20", "2030-01-02")

    async def test_the_authority_can_change(self, oss: RunningOss) -> None:
        await oss.act("authority", id_izin=PERMIT.id, kewenangan="01")
        assert rows(oss.hub.documents[0])[PERMIT.id]["kewenangan"] == "01"
        found = await oss.call("inqueryLicense", {"INQUERYLICENSE": {"id_izin": PERMIT.id}})
        assert found["dataIZIN"]["kewenangan"] == "01"

    async def test_the_data_of_a_business_can_change(self, oss: RunningOss) -> None:
        await oss.act("business", nib=WITH_PERMITS.nib, nama="CV Baru", kbli="47112", status_nib="05")
        (data,) = oss.hub.documents
        assert (data["nama_perseroan"], data["status_nib"]) == ("CV Baru", "05")
        assert {project["kbli"] for project in data["data_proyek"]} == {"47112"}

    @pytest.mark.parametrize("kind", ["3", "4"])
    async def test_a_business_can_be_revoked(self, oss: RunningOss, kind: str) -> None:
        await oss.act("revoke", nib=WITH_PERMITS.nib, tipe_dokumen=kind)
        assert [(data["tipe_dokumen"], data["status_nib"]) for data in oss.hub.documents] == [(kind, "06")]

    async def test_a_new_business_is_sent_and_can_be_looked_up(self, oss: RunningOss) -> None:
        shown = await oss.act("create")
        (data,) = oss.hub.documents
        assert (data["nib"], data["tipe_dokumen"]) == (shown["nib"], "9")
        assert list(rows(data)) == shown["id_izin"]
        assert (await oss.call("inqueryNIB", {"INQUERYNIB": {"nib": shown["nib"]}}))["kode"] == 200

    @pytest.mark.parametrize(
        ("command", "error"),
        [
            ({"do": "approve", "id_izin": "I-1"}, "there is no permit of this id_izin"),
            ({"do": "notify", "nib": "1"}, "there is no business of this nib"),
            ({"do": "notify", "nib": WITH_PERMITS.nib, "how": "loudly"}, "how is one of "),
            ({"do": "status", "id_izin": PERMIT.id, "kd_status": "99"}, "kd_status is one of 05, "),
            ({"do": "status", "id_izin": PERMIT.id}, "kd_status is one of 05, "),
            ({"do": "authority", "id_izin": PERMIT.id, "kewenangan": "3"}, "kewenangan is one of 00, 01, 02"),
            ({"do": "licence", "id_izin": PERMIT.id, "tgl_izin": "soon"}, "Invalid isoformat string"),
            ({"do": "trap", "name": "hole", "on": True}, "there is no trap 'hole'"),
            ({"do": "trap", "name": "echo", "on": "yes"}, "send JSON such as"),
        ],
    )
    async def test_an_impossible_act_is_explained(self, oss: RunningOss, command: dict[str, Any], error: str) -> None:
        refused = await oss.client.post("/_control/act", json=command)
        assert refused.status_code == 400
        assert refused.json()["error"].startswith(error)

    @pytest.mark.parametrize("reference", [WITH_PERMITS.nib, f"NIB-{WITH_PERMITS.nib}", WITH_PERMITS.permits[1].id])
    async def test_a_document_is_sent_by_any_reference(self, oss: RunningOss, reference: str) -> None:
        await oss.act("notify", reference=reference)
        assert [data["nib"] for data in oss.hub.documents] == [WITH_PERMITS.nib]

    async def test_all_documents_can_be_sent(self, oss: RunningOss) -> None:
        await oss.act("notify_all", first=10, count=25)
        assert {data["nib"] for data in oss.hub.documents} == {WORLD.business(n).nib for n in range(10, 35)}
        assert len(oss.hub.calls) == 25


class TestOddCalls:
    async def test_a_repeated_call_is_the_same_twice(self, oss: RunningOss) -> None:
        await oss.act("notify", nib=WITH_PERMITS.nib, how="repeated")
        first, second = oss.hub.calls
        assert first == second

    async def test_an_overtaken_call_is_the_document_before(self, oss: RunningOss) -> None:
        nib = (await oss.act("approve", id_izin=PERMIT.id))["nib"]
        await oss.act("notify", nib=nib, how="overtaken")
        _, newest, older = oss.hub.documents
        assert newest["tgl_perubahan_nib"] > older["tgl_perubahan_nib"]
        assert (rows(newest)[PERMIT.id]["flag_checklist"], rows(older)[PERMIT.id]["flag_checklist"]) == ("Y", "N")

    async def test_an_unchanged_business_has_an_older_document_too(self, oss: RunningOss) -> None:
        await oss.act("notify", nib=WITH_PERMITS.nib, how="overtaken")
        newest, older = oss.hub.documents
        assert newest["tgl_perubahan_nib"] > older["tgl_perubahan_nib"]
        assert older["data_checklist"] == []

    @pytest.mark.parametrize(
        ("how", "text"),
        [
            ("", f"userpass{WITH_PERMITS.nib}20261120"),
            ("yesterday", f"userpass{WITH_PERMITS.nib}20261119"),
            ("npwp", f"userpass{WITH_PERMITS.npwp}20261120"),
        ],
    )
    async def test_the_token_may_be_another(self, oss: RunningOss, how: str, text: str) -> None:
        await oss.act("notify", nib=WITH_PERMITS.nib, how=how)
        assert [token for token, _ in oss.hub.calls] == [sha1(text)]

    async def test_a_wrong_token_is_none_of_them_and_sent_once(self, oss: RunningOss) -> None:
        oss.hub.answers = [JSONResponse({}, 401)]
        await oss.act("notify", nib=WITH_PERMITS.nib, how="wrong_token")
        ((token, _),) = oss.hub.calls
        assert len(token) == 40
        assert token not in {sha1(f"userpass{n}20261120") for n in (WITH_PERMITS.nib, WITH_PERMITS.npwp)}
        assert oss.sandbox.figures()["calls"] == {"401": 1}

    async def test_the_day_of_the_token_is_that_of_jakarta(self, oss: RunningOss) -> None:
        oss.clock.now = datetime(2026, 11, 20, 17, 0, 1, tzinfo=UTC)
        await oss.act("notify", nib=WITH_PERMITS.nib)
        assert [token for token, _ in oss.hub.calls] == [sha1(f"userpass{WITH_PERMITS.nib}20261121")]

    async def test_people_may_stand_in_odd_places(self, oss: RunningOss) -> None:
        await oss.act("notify", nib=WITH_PERMITS.nib, how="odd_people")
        (data,) = oss.hub.documents
        places = [path for path, value in leaves(data) if value == WITH_PERMITS.owner]
        assert {path.split(".")[0] for path in places} >= {"data_proyek", "data_checklist", "legalitas"}

    async def test_a_body_may_be_too_big(self, oss: RunningOss) -> None:
        await oss.act("notify", nib=WITH_PERMITS.nib, how="too_big")
        assert [size > 3_000_000 for size in oss.hub.sizes] == [True]


class TestRepetition:
    async def test_a_call_without_an_answer_is_repeated(self, oss: RunningOss) -> None:
        oss.hub.answers = [JSONResponse({}, 503), JSONResponse([], 200)]
        await oss.act("notify", nib=WITH_PERMITS.nib)
        assert len(oss.hub.calls) == 3
        assert oss.sandbox.figures()["calls"] == {"503": 1, "200": 1, "1": 1}

    async def test_a_refusal_is_not_repeated(self, oss: RunningOss) -> None:
        oss.hub.answers = [answer("2")]
        await oss.act("notify", nib=WITH_PERMITS.nib)
        assert oss.sandbox.figures()["calls"] == {"2": 1}

    async def test_a_call_is_given_up_after_four_attempts(self, oss: RunningOss) -> None:
        oss.hub.answers = [JSONResponse({}, 503) for _ in range(4)]
        await oss.act("notify", nib=WITH_PERMITS.nib)
        assert oss.sandbox.figures()["calls"] == {"503": 4, "given up": 1}

    async def test_while_oss_is_down_it_calls_nobody(self, oss: RunningOss) -> None:
        await oss.fault("down")
        await oss.client.post("/_control/act", json={"do": "notify", "nib": WITH_PERMITS.nib})
        assert oss.sandbox.caller.waiting == 1
        assert oss.hub.calls == []
        await oss.client.post("/_control/clear")
        await oss.settled()
        assert len(oss.hub.calls) == 1


class TestTraps:
    async def test_some_calls_come_twice(self, oss: RunningOss) -> None:
        await oss.act("trap", name="repeats", on=True)
        for _ in range(20):
            await oss.act("notify", nib=WITH_PERMITS.nib)
        assert 20 < len(oss.hub.calls) < 30

    async def test_a_report_of_the_hub_comes_back_as_a_document(self, oss: RunningOss) -> None:
        await oss.act("trap", name="echo", on=True)
        business, permit = next(
            (business, permit)
            for business in map(WORLD.business, range(60))
            for permit in business.permits
            if permit.authority == "01"
        )
        final = {
            "nib": business.nib,
            "id_izin": permit.id,
            "kd_izin": permit.type.code,
            "kd_daerah": f"{business.area_code.replace('.', '')}000000",
            "nomor_izin": "503/1/2026",
            "tgl_terbit_izin": "2026-11-20",
            "status_izin": "50",
        }
        await oss.call("receiveLicense", {"IZINFINAL": final})
        await oss.settled()
        assert [rows(data)[permit.id]["no_izin"] for data in oss.hub.documents] == ["503/1/2026"]

    async def test_documents_have_each_irregularity_only_with_its_trap(self, oss: RunningOss) -> None:
        await oss.act("notify_all")
        plain = list(oss.hub.documents)
        oss.hub.calls.clear()
        for name in ("odd_people", "long_kbli"):
            await oss.act("trap", name=name, on=True)
        await oss.act("notify_all")
        for documents, some in ((plain, False), (oss.hub.documents, True)):
            assert len(documents) == 60
            kbli = [project["kbli"] for data in documents for project in data["data_proyek"]]
            assert any(len(code) == 7 for code in kbli) is some
            assert any(isinstance(data["penanggung_jwb"], dict) for data in documents) is some


class TestTime:
    async def test_steps_introduce_all_businesses_to_the_hub_once(self, oss: RunningOss) -> None:
        for _ in range(3):
            await oss.client.post("/_control/tick", json={"steps": 1})
            await oss.settled()
        originals = [data["nib"] for data in oss.hub.documents]
        assert {WORLD.business(number).nib for number in range(60)} <= set(originals)
        assert oss.sandbox.figures()["introduced"] == 60

    async def test_the_next_are_sent_when_the_last_have_arrived(
        self, oss: RunningOss, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("hub.connectors.oss.sandbox.INTRODUCED_AT_ONCE", 10)
        await oss.client.post("/_control/tick", json={"steps": 3})
        assert oss.sandbox.figures()["introduced"] == 10
        await oss.settled()
        await oss.client.post("/_control/tick", json={"steps": 1})
        assert oss.sandbox.figures()["introduced"] == 20
        await oss.settled()

    async def test_steps_move_what_the_centre_decides(self, oss: RunningOss) -> None:
        before = {n: [permit.steps[:] for permit in filing.permits] for n, filing in enumerate(_filings(oss.sandbox))}
        await oss.client.post("/_control/tick", json={"steps": 40})
        await oss.settled()
        after = _filings(oss.sandbox)
        assert len(after) > 60, "new businesses"
        moved = [
            permit
            for number, steps in before.items()
            for permit, then in zip(after[number].permits, steps, strict=True)
            if permit.steps != then
        ]
        assert moved
        assert {permit.authority for permit in moved} == {"00"}

    async def test_a_restart_goes_on_from_the_journal(self, tmp_path: Any) -> None:
        first, _ = built()
        first.use_journal(tmp_path / "journal")
        async with first.app().router.lifespan_context(first.app()):
            first.act({"do": "create"})
            first.act({"do": "approve", "id_izin": PERMIT.id})
        second, _ = built()
        second.use_journal(tmp_path / "journal")
        async with second.app().router.lifespan_context(second.app()):
            pass
        assert second.register.count == 61
        found = second.register.with_permit(PERMIT.id)
        assert found
        assert found[1].status[0] == "50"
        assert found == first.register.with_permit(PERMIT.id)

    async def test_a_shifted_clock_signs_for_its_own_day(self, oss: RunningOss) -> None:
        await oss.fault("clock", value=timedelta(days=2).total_seconds())
        await oss.act("notify", nib=WITH_PERMITS.nib)
        assert [token for token, _ in oss.hub.calls] == [sha1(f"userpass{WITH_PERMITS.nib}20261122")]


async def test_without_a_hub_nothing_is_sent() -> None:
    sandbox, clock = built()
    caller = Caller(Credentials(SecretStr(""), "", SecretStr(""), "nib", "1"), clock, lambda: False)
    async with caller.open(""):
        sandbox.act({"do": "notify_all"})
        sandbox.tick()
    assert (caller.waiting, sandbox.figures()["introduced"]) == (0, 0)


def _filings(sandbox: OssSandbox) -> list[Any]:
    return [sandbox.register.get(number) for number in range(sandbox.register.count)]


def leaves(value: Any, path: str = "") -> list[tuple[str, Any]]:
    """Return every leaf of JSON with its path."""
    if isinstance(value, dict):
        return [leaf for name, child in value.items() for leaf in leaves(child, f"{path}.{name}".lstrip("."))]
    if isinstance(value, list):
        return [leaf for child in value for leaf in leaves(child, path)]
    return [(path, value)]
