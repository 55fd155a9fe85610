"""The mapping of the licensing app's rows to permits: odd values, times of both forms, and its statuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hub.connectors.perizinan import statuses
from hub.connectors.perizinan.mapping import time_of, to_record
from hub.errors import BadRecord
from hub.kinds import Permit, PermitStatus

SAMPLES = Path(__file__).parents[3] / "hub" / "connectors" / "perizinan" / "samples"
ROW: dict[str, Any] = json.loads((SAMPLES / "issued.json").read_text())["raw"]


def permit(**over: Any) -> Permit:
    facts = to_record(ROW | over).facts
    assert isinstance(facts, Permit)
    return facts


def test_every_status_has_a_word_or_is_named_as_untold() -> None:
    assert set(PermitStatus) == statuses.CODE.keys() | statuses.WITHOUT_CODE
    assert not statuses.CODE.keys() & statuses.WITHOUT_CODE


def test_only_declared_losses_occur_there_and_back() -> None:
    back = {status: statuses.STATUS[name] for status, name in statuses.CODE.items()}
    assert {status for status, found in back.items() if found is not status} == set(statuses.LOST_IN_CODE)
    assert {name: statuses.CODE[status] for name, status in statuses.STATUS.items()} == {
        name: name for name in statuses.STATUS
    }


def test_an_unknown_word_is_kept_and_reported() -> None:
    record = to_record(ROW | {"status": {"kode": "DIALIHKAN", "sejak": "2026-04-02T10:15:00+07:00"}})
    assert (record.status, record.source_status, record.unknown) == ("UNKNOWN", "DIALIHKAN", "status.kode")
    assert record.facts.clock is None  # type: ignore[attr-defined]


def test_blanks_around_an_id_do_not_make_another_permit() -> None:
    spaced = to_record(ROW | {"id_izin": f"{ROW['id_izin']}  "})
    assert spaced == to_record(ROW)


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2026-04-02T10:15:00+07:00", "2026-04-02T10:15:00+07:00"),
        ("04-11-2025 09:30", "2025-11-04T09:30:00+07:00"),
        (" 04-11-2025 09:30 ", "2025-11-04T09:30:00+07:00"),
        ("2026-04-02T10:15:00", None),
        ("04-13-2025 09:30", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("", None),
        (None, None),
        (1_775_099_700, None),
    ],
)
def test_times_of_both_forms_are_read_and_no_others(text: Any, iso: str | None) -> None:
    found = time_of(text)
    assert (found.isoformat() if found else None) == iso


def test_later_changes_have_a_greater_version() -> None:
    changes = ("31-12-2025 23:59", "2026-01-01T00:00:00+07:00", "2026-01-01T00:00:01+07:00")
    versions = [to_record(ROW | {"diubah_pada": at}).version for at in changes]
    assert versions == sorted(set(versions))


def test_unknown_codes_of_a_row_become_null() -> None:
    found = permit(sektor="LAIN", kewenangan="09", skala="9", wilayah="33.99", dinas="Kantor Tanpa Nama")
    assert (found.sector, found.authority, found.scale, found.area_code) == (None, None, None, None)
    assert (found.agency_code, found.office) == (None, "Kantor Tanpa Nama")


@pytest.mark.parametrize("name", ["Disdikbud", "DISDIKBUD", "Dinas Pendidikan & Kebudayaan"])
def test_an_office_is_found_by_each_of_its_names(name: str) -> None:
    assert permit(dinas=name).agency_code == "DISDIKBUD"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", "104512"),
        ("id", True),
        ("nib", "3399"),
        ("kbli", "852"),
        ("kbli_edisi", "2020"),
        ("tgl_izin", "02-04-2026"),
        ("nomor", " "),
        ("jenis", []),
        ("diubah_pada", "kemarin"),
    ],
)
def test_an_unreadable_field_is_named_and_not_repeated(field: str, value: Any) -> None:
    with pytest.raises(BadRecord, match=f"^{field} ") as refused:
        to_record(ROW | {field: value})
    assert not isinstance(value, str) or value.strip() == "" or value not in refused.value.reason


def test_neither_applicant_nor_note_is_read() -> None:
    assert to_record(ROW | {"pemohon": None, "catatan": None}) == to_record(ROW)
