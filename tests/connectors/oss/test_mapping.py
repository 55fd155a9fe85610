"""The mapping of OSS's items to businesses and permits: codes, clocks, versions, and personal data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hub.connectors.oss import documents, statuses
from hub.connectors.oss.mapping import to_record
from hub.contract import Record
from hub.errors import BadRecord
from hub.kinds import Business, Permit, PermitStatus
from tests.connectors.oss.signed_calls import DOCUMENT, NIB

SAMPLES = Path(__file__).parents[3] / "hub" / "connectors" / "oss" / "samples"
LOOKED_UP: dict[str, Any] = json.loads((SAMPLES / "looked_up.json").read_text())["raw"]


def looked_up(**over: Any) -> Record:
    return to_record(LOOKED_UP | {"status": LOOKED_UP["status"] | over})


def from_document(row: dict[str, Any] | None = None, **over: Any) -> Record:
    rows = [DOCUMENT["data_checklist"][0] | (row or {})]
    return to_record(documents.split(DOCUMENT | {"data_checklist": rows} | over)[1])


def business(**over: Any) -> Business:
    facts = to_record(documents.split(DOCUMENT | over)[0]).facts
    assert isinstance(facts, Business)
    return facts


def test_every_status_has_a_code_or_is_named_as_untold() -> None:
    assert set(PermitStatus) == statuses.CODE.keys() | statuses.WITHOUT_CODE
    assert not statuses.CODE.keys() & statuses.WITHOUT_CODE


def test_only_declared_losses_occur_in_both_directions() -> None:
    lost = {code for code, status in statuses.STATUS.items() if statuses.CODE[status] != code}
    assert lost == set(statuses.LOST_IN_STATUS)
    assert all(statuses.STATUS[code] is status for status, code in statuses.CODE.items())


@pytest.mark.parametrize(
    ("code", "clock"),
    [
        *((code, "RUNNING") for code in ("09", "10", "20", "30", "40", "42", "45", "49")),
        *((code, "STOPPED") for code in ("11", "12", "41", "43")),
        ("44", "RESTARTED"),
        *((code, "ENDED") for code in ("50", "52", "57", "60", "70", "80", "90", "93")),
        *((code, None) for code in ("05", "58")),
    ],
)
def test_codes_stop_resume_and_restart_the_clock(code: str, clock: str | None) -> None:
    facts = looked_up(kd_status=code).facts
    assert isinstance(facts, Permit)
    assert facts.clock == clock


@pytest.mark.parametrize("code", ["58", "91", "92", "1", "baru"])
def test_a_code_of_no_list_is_kept_and_reported(code: str) -> None:
    record = looked_up(kd_status=code)
    assert (record.status, record.source_status, record.unknown) == ("UNKNOWN", code, "status.kd_status")


@pytest.mark.parametrize(
    ("value", "iso"),
    [
        ("2026-04-02 10:15:30", "2026-04-02T10:15:30+07:00"),
        ("2026-04-02 10:15:3", "2026-04-02T10:15:03+07:00"),
        ("2026-04-02 10:15", "2026-04-02T10:15:00+07:00"),
        ("2026-04-02", "2026-04-02T00:00:00+07:00"),
    ],
)
def test_a_time_is_read_as_far_as_it_goes(value: str, iso: str) -> None:
    assert looked_up(tgl_status=value).occurred_at.isoformat() == iso


@pytest.mark.parametrize("value", ["", None, "02-04-2026 10:15:00", "2026-13-02", "0000-00-00 00:00:00", 5])
def test_a_status_without_a_readable_time_is_refused(value: Any) -> None:
    with pytest.raises(BadRecord, match="tgl_status is not a time"):
        looked_up(tgl_status=value)


def test_a_look_up_is_newer_than_a_document_without_status() -> None:
    opened = from_document({"no_izin": "", "tgl_izin": "", "flag_checklist": "N"})
    assert (opened.status, opened.version) == ("RECEIVED", 0)
    assert looked_up(kd_status="41").version > opened.version


def test_a_stated_status_is_newer_than_a_flag_of_its_second() -> None:
    flagged, stated = (
        from_document(tgl_perubahan_nib="2025-01-02 08:00:00"),
        from_document({"status_checklist": "50"}, tgl_perubahan_nib="2025-01-02 08:00:00"),
    )
    assert (flagged.status, flagged.source_status, stated.source_status) == (stated.status, "Y", "50")
    assert (stated.version, stated.updated_at) == (flagged.version + 1, flagged.updated_at)


def test_facts_of_a_document_win_over_those_without_one() -> None:
    alone = to_record({"id": "I-1", "status": LOOKED_UP["status"]})
    document = from_document(tgl_perubahan_nib="2000-01-01 00:00:00")
    assert alone.facts_version is not None
    assert document.facts_version is not None
    assert alone.facts_version < 0 < document.facts_version


def test_a_look_up_with_its_document_has_the_last_day() -> None:
    record = to_record(LOOKED_UP)
    same = to_record({name: value for name, value in LOOKED_UP.items() if name != "status"})
    assert record.facts.valid_until == "2029-04-01"  # type: ignore[attr-defined]
    assert record.facts_version == (same.facts_version or 0) + 1


def test_an_issued_permit_is_as_old_as_its_day_at_most() -> None:
    later = from_document(tgl_perubahan_nib="2025-06-01 08:00:00")
    at_once = from_document(tgl_perubahan_nib="2025-01-02 08:00:00")
    assert (later.status, at_once.status) == ("ISSUED", "ISSUED")
    assert later.version - at_once.version == 16 * 3600


@pytest.mark.parametrize(("kind", "status"), [("3", "REVOKED"), ("4", "CANCELLED")])
def test_a_document_that_ends_ends_business_and_permits(kind: str, status: str) -> None:
    permit = from_document(tipe_dokumen=kind)
    assert (permit.status, permit.final) == (status, True)
    assert to_record(documents.split(DOCUMENT | {"tipe_dokumen": kind})[0]).status == "REVOKED"


@pytest.mark.parametrize("person", [{"jenis_pelaku_usaha": "02"}, {"jenis_perseroan": "17"}])
def test_the_name_of_an_individual_is_not_kept(person: dict[str, str]) -> None:
    facts = business(nama_perseroan="Sri Rekaan", **person)
    assert (facts.name, facts.legal_form) == (None, "INDIVIDUAL")
    assert business().name == "Koperasi Randu Kencana"


def test_the_numbers_of_a_business_are_personal_keys() -> None:
    keys = to_record(documents.split(DOCUMENT)[0]).keys
    assert {key.name for key in keys if key.personal} == {"nib", "npwp"}
    assert all(key.personal for key in from_document().keys if key.value == NIB)


def test_numbers_of_own_registers_are_keys() -> None:
    proofs = [
        {"id_syarat": "NIK_KOPERASI", "no_dokumen": "3399000000001"},
        {"id_syarat": "NPSN", "no_dokumen": "69900001"},
        {"id_syarat": "KTP", "no_dokumen": "3399014107900001"},
        {"id_syarat": "NPYP", "no_dokumen": ""},
    ]
    keys = {key.name: key.value for key in from_document({"data_persyaratan": proofs}).keys}
    assert keys["cooperative"] == "3399000000001"
    assert keys["npsn"] == "69900001"
    assert "3399014107900001" not in keys.values()
    assert "npyp" not in keys


def test_people_in_any_place_are_in_no_item() -> None:
    person = {"nama": "Sri Rekaan", "nik": "3399014107900001"}
    row = DOCUMENT["data_checklist"][0] | {"penanggung_jwb": person, "hp_user_proses": "081100000001"}
    project = DOCUMENT["data_proyek"][0] | {"pemegang_saham": [person], "data_lokasi_proyek": [person]}
    odd = {"data_checklist": [row], "data_proyek": [project], "legalitas": [person], "nama": person}
    items = json.dumps(documents.split(DOCUMENT | odd))
    assert not [value for value in (*person.values(), "081100000001") if value in items]


def test_the_largest_project_gives_the_scale_of_a_business() -> None:
    projects = [{"id_proyek": f"R-{n}", "kbli": f"6414{n}", "skala_usaha": f"0{n}"} for n in (1, 3, 2)]
    facts = business(data_proyek=projects)
    assert (facts.scale, facts.kbli) == ("MEDIUM", ["64141", "64143", "64142"])
