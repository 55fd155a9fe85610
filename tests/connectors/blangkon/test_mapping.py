"""The mapping of an order's row, beyond the samples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hub.complaints.agencies import AGENCIES
from hub.connectors.blangkon import mapping
from hub.connectors.blangkon.agency_codes import SATKER, UNITS, agency_of
from hub.connectors.blangkon.mapping import STATUS, supplier_key, to_record
from hub.errors import BadRecord
from hub.kinds import Order

ROW: dict[str, Any] = {
    "order_id": "MB-1",
    "valuasi": 20_000,
    "tanggal_transaksi": "2026-01-01 00:00:00",
    "marketplace": "Tisera",
    "merchant_name": "UD Uji",
    "nama_pemesan": "Sri Rekaan",
    "status_konfirmasi_ppmse": "selesai",
}


@pytest.mark.parametrize(
    ("value", "status", "final", "version"),
    [
        ("selesai", "COMPLETED", True, 1),
        (" SELESAI ", "COMPLETED", True, 1),
        ("gagal", "FAILED", True, 1),
        ("menunggu", "UNKNOWN", False, 1),
        ("proses", "UNKNOWN", False, 1),
        ("diproses", "UNKNOWN", False, 1),
        ("", "PENDING", False, 0),
        (None, "PENDING", False, 0),
        ("retur", "UNKNOWN", False, 1),
        (7, "UNKNOWN", False, 1),
    ],
)
def test_status(value: object, status: str, final: bool, version: int) -> None:
    record = to_record(ROW | {"status_konfirmasi_ppmse": value})
    assert (record.status, record.final, record.version) == (status, final, version)
    assert record.unknown == ("status_konfirmasi_ppmse" if status == "UNKNOWN" else None)


@pytest.mark.parametrize("value", [None, "20000", 20_000.0, True, -1, [1]])
def test_money_that_is_not_a_whole_number_is_refused(value: object) -> None:
    with pytest.raises(BadRecord, match="valuasi"):
        to_record(ROW | {"valuasi": value})


@pytest.mark.parametrize(
    "value", ["", None, "2026-02-30 10:00:00", "2026-01-01T10:00:00+07:00", "2026-01-01", 20260101]
)
def test_a_time_of_another_shape_is_refused(value: object) -> None:
    with pytest.raises(BadRecord, match="tanggal_transaksi"):
        to_record(ROW | {"tanggal_transaksi": value})


def test_invisible_characters_are_dropped_and_empty_is_null() -> None:
    record = to_record(ROW | {"order_id": "MB\u200b-1", "nama_satker": "Dinas \x1b[2J\u202e Uji \u200b"})
    assert isinstance(record.facts, Order)
    assert (record.external_id, record.facts.unit) == ("MB-1", "Dinas [2J Uji")
    for column in ("order_id", "merchant_name", "marketplace"):
        with pytest.raises(BadRecord, match="empty"):
            to_record(ROW | {column: "\u200b\u200e"})


def test_a_refusal_never_repeats_the_value() -> None:
    with pytest.raises(BadRecord) as refused:
        to_record(ROW | {"tanggal_transaksi": "Sri Rekaan"})
    assert "Rekaan" not in refused.value.reason


def test_one_seller_spelled_in_three_ways_has_one_key() -> None:
    spellings = [("mbiz market", "CV. Uji  Coba"), ("Mbiz Market", "cv uji coba"), ("mbiz  market", "CV UJI-COBA")]
    assert {supplier_key(*spelling) for spelling in spellings} == {"mbiz market|cv uji coba"}


def test_one_name_composed_in_two_ways_has_one_key() -> None:
    spellings = ("Caf\u00e9 Uji", "Cafe\u0301 Uji", "CAF\u00c9 UJI", "\uff23af\u00e9 Uji")
    assert {supplier_key("Tisera", name) for name in spellings} == {"tisera|caf\u00e9 uji"}


def test_vowel_signs_distinguish_names() -> None:
    """To a pattern, vowel signs of Javanese script are neither letters nor digits, but they distinguish words."""
    names = ("\ua98f\ua9b6", "\ua98f\ua9b8", "\ua98f", "***", "!!!")
    assert len({supplier_key("Tisera", name) for name in names}) == len(names)


def test_the_same_name_in_two_shops_is_two_suppliers() -> None:
    assert supplier_key("Tisera", "CV Uji") != supplier_key("GratisOngkir", "CV Uji")


def test_the_other_spelling_counts_when_the_first_is_empty() -> None:
    facts = to_record(ROW | {"merchant_name": " ", "nama_merchant": "UD Lain"}).facts
    assert isinstance(facts, Order)
    assert facts.supplier == "UD Lain"


@pytest.mark.parametrize(
    ("satker", "name", "agency"),
    [
        ("D999.262", "Anything", "DISHUB"),
        ("", "DINAS PERHUBUNGAN PROVINSI JAWA TENGAH", "DISHUB"),
        (None, "Balai Transportasi Jawa Tengah", "DISHUB"),
        ("99", "RSUD Tugurejo", "RSUD-ADHYATMA"),
        (None, "SMA Negeri 21 Contoh", "DISDIKBUD"),
        (None, "SMA Negerinya", None),
        (None, "Panitia Misalan", None),
        (None, None, None),
    ],
)
def test_unit_to_agency(satker: str | None, name: str | None, agency: str | None) -> None:
    assert agency_of(satker, name) == agency


def test_agencies_and_units_map_to_each_other() -> None:
    codes = {agency.code for agency in AGENCIES}
    in_office = {agency.code for agency in AGENCIES if agency.valid_to is None}
    assert set(SATKER.values()) == codes
    assert {agency_of(satker, None) for satker in SATKER} == in_office
    assert set(UNITS.values()) <= in_office


def test_the_readme_lists_every_mapped_status() -> None:
    assert mapping.__file__
    table = (Path(mapping.__file__).parent / "README.md").read_text().partition("## Status table")[2]
    assert [name for name in STATUS if name and f"`{name}`" not in table] == []
