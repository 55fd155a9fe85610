"""The mapping of LAPOR's single values, statuses and history; the samples test the rest."""

from __future__ import annotations

import contextlib
import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.connectors.lapor.history import history
from hub.connectors.lapor.mapping import to_record
from hub.connectors.lapor.parsing import flag_of, json_in, number_of, plain, time_of
from hub.connectors.lapor.statuses import status_named
from hub.errors import BadRecord
from hub.kinds import ReportStatus

REPORT: dict[str, Any] = {
    "id": 1,
    "tracking_id": "0012",
    "title": "Jalan rusak",
    "content": "",
    "status_name": "Selesai",
    "is_anonymous": False,
    "is_secret": False,
    "created_at": "31-12-2025 23:59:59",
    "updated_at": "01-01-2026 06:30:00",
}


def raw(**fields: Any) -> dict[str, Any]:
    return {"report": {**REPORT, **fields}, "logs": [], "followups": [], "location": None, "channel": None}


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("01-01-2026 06:30:00", datetime(2025, 12, 31, 23, 30, tzinfo=UTC)),
        ("2026-01-01 06:30:00", datetime(2025, 12, 31, 23, 30, tzinfo=UTC)),
        (" 1-1-2026 6:30:00 ", datetime(2025, 12, 31, 23, 30, tzinfo=UTC)),
        ("00-00-0000 00:00:00", None),
        ("01-01-0001 00:00:00", None),
        ("31-02-2026 00:00:00", None),
        ("", None),
        (20260101, None),
    ],
)
def test_times_are_those_of_jakarta(value: object, meant: datetime | None) -> None:
    assert time_of(value) == meant


@pytest.mark.parametrize(("value", "meant"), [(3, 3), ("3", 3), (" 03 ", 3), (True, None), ("٣", None), ("3.0", None)])
def test_numbers_come_as_numbers_or_strings(value: object, meant: int | None) -> None:
    assert number_of(value) == meant


@pytest.mark.parametrize(
    ("value", "meant"), [(True, True), (0, False), ("1", True), ("", None), (None, None), (2, None), ("ya", None)]
)
def test_flags_are_never_guessed(value: object, meant: bool | None) -> None:
    assert flag_of(value) is meant


@pytest.mark.parametrize(
    ("value", "meant"), [("[66]", [66]), ("[66, 67].", [66, 67]), ("", None), ("null", None), ("[" * 100_000, None)]
)
def test_json_comes_in_strings(value: str, meant: object) -> None:
    assert json_in(value) == meant


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("<p>Satu</p><p>Dua &amp; tiga</p>", "Satu\nDua & tiga"),
        ("Satu<br/>Dua", "Satu\nDua"),
        ("Baik<script>alert('x')</script><style>p{}</style> sekali", "Baik sekali"),
        ("<img src=x onerror=alert(1)>Halo", "Halo"),
        ("suhu < 3 dan > 1", "suhu < 3 dan > 1"),
        ("baris\u00a0satu\x00\u202e \ud800", "baris satu"),
        (None, ""),
    ],
)
def test_markup_becomes_plain_text(value: object, meant: str) -> None:
    assert plain(value) == meant


@given(st.text("<>![]-/?&#;=\"' ab\n", max_size=60) | st.text())
def test_any_text_becomes_one_that_can_be_stored(value: str) -> None:
    text = plain(value)
    text.encode()
    assert all(line == line.strip() and line.isprintable() for line in text.split("\n"))


def test_a_hostile_text_costs_little() -> None:
    began = time.process_time()
    for piece in ("<!--", "<a ", "<a b='", "<a b='>", "&#", "<script>", "<![", "<?>"):
        plain(piece * 8_000)
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("BELUM_DIVERIFIKASI", ReportStatus.UNVERIFIED),
        ("Ditolak/Dihapus", ReportStatus.REJECTED),
        ("  dalam   proses ", ReportStatus.IN_PROGRESS),
        ("belum ditindaklanjuti", ReportStatus.DISPOSED),
        ("Ditindaklanjuti", ReportStatus.FOLLOWED_UP),
        ("Dibuka kembali", ReportStatus.UNKNOWN),
        ("", ReportStatus.UNKNOWN),
    ],
)
def test_status_names(name: str, status: ReportStatus) -> None:
    assert status_named(name) is status


def test_every_status_has_a_name() -> None:
    names = "BELUM_DIVERIFIKASI DIVERIFIKASI DIDISPOSISI DALAM_PROSES DITINDAKLANJUTI DITUNDA DIALIHKAN SELESAI DITOLAK"
    assert {status_named(name) for name in names.split()} == set(ReportStatus) - {ReportStatus.UNKNOWN}


def test_an_unknown_status_is_kept_and_not_final() -> None:
    record = to_record(raw(status_name="Selesai?!", status_code=108))
    assert record.status == "CLOSED", "punctuation does not make another name"
    record = to_record(raw(status_name=None, status_code=108))
    assert (record.status, record.source_status, record.unknown, record.final) == ("UNKNOWN", "", "status_name", False)


def test_only_tags_of_our_shape_are_tickets() -> None:
    record = to_record(raw(tags_raw="#LG-2026-000123#x#LG-2026-12#LG-2026-000123#LG-2026-1000000 #ALG-2026-000001"))
    assert [key.value for key in record.keys if key.name == "ticket"] == ["LG-2026-000123", "LG-2026-1000000"]


@pytest.mark.parametrize(
    ("code", "area"),
    [("33.74", "33.74"), ("33.74.05", "33.74"), ("34.71", None), ("33", None), ("33.99", None), (None, None)],
)
def test_only_our_places_are_areas(code: str | None, area: str | None) -> None:
    record = to_record({**raw(), "location": {"id": 1, "name": "?", "code": code}})
    assert [key.value for key in record.keys if key.name == "area"] == ([area] if area else [])


def test_the_owner_counts_only_until_somebody_must_answer() -> None:
    owner = {"institution_name": "Dinas Sosial Provinsi Jawa Tengah"}
    assert to_record(raw(**owner)).facts.agency_code == "DINSOS"  # type: ignore[attr-defined]
    assert to_record(raw(**owner, disposition_name="Pemerintah Kota Semarang")).facts.agency_code is None  # type: ignore[attr-defined]


def test_template_values_are_not_parsed_as_markup_or_template() -> None:
    row = {
        "id": 1,
        "content": "<b>{{ institution_from }}</b> {{status_new}} {{what}}",
        "institution_from_name": "{{status_new}} &lt;i&gt;",
        "data": json.dumps({"status_new": {"name": "A <u>B</u>"}}),
    }
    assert history([row], [])[1] == ["{{status_new}} <i> A B …"]


def test_an_entry_of_log_and_follow_up_appears_once_with_files() -> None:
    row = {"id": 7, "type": "note", "content": "<p>Sudah</p> kami tegur", "created_at": "02-01-2026 10:00:00"}
    followed = {**row, "created_at": "2026-01-02 10:00:00", "attachments": [{"path": "x"}]}
    rows, notes = history([row, {**row, "id": 8}], [followed])
    assert [(each["type"], each["attachments"]) for each in rows] == [("NOTE", 0), ("FOLLOW_UP", 1)]
    assert notes == ["Sudah\nkami tegur"] * 2


@pytest.mark.parametrize("other", [{"id": 8}, {"content": "Lain"}, {"created_at": "03-01-2026 10:00:00"}, {"id": None}])
def test_rows_that_differ_in_id_time_or_text_are_two(other: dict[str, object]) -> None:
    row = {"id": 7, "type": "note", "content": "Sudah", "created_at": "02-01-2026 10:00:00"}
    assert len(history([row], [{**row, **other}])[0]) == 2


@pytest.mark.parametrize(
    "value", ["01-01-0001 00:00:00", "31-12-1989 23:00:00", "01-01-2100 08:00:00", "31-12-9999 00:00:00"]
)
def test_a_time_out_of_reach_is_none(value: str) -> None:
    assert time_of(value) is None
    assert history([{"created_at": value}], [])[0][0]["at"] is None


def test_history_is_chronological_and_keeps_its_texts() -> None:
    logs = [
        {"id": number, "content": f"n{number}", "created_at": f"0{number}-01-2026 00:00:00"} for number in (3, 1, 2)
    ]
    rows, notes = history(logs, [{"id": 1, "content": "f", "created_at": "02-01-2026 00:00:00"}])
    assert notes == ["n1", "n2", "f", "n3"]
    assert [row["type"] for row in rows] == ["NOTE", "NOTE", "FOLLOW_UP", "NOTE"]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.dictionaries(
        st.sampled_from([*REPORT, "tags_raw", "attachments", "channel", "institution_name", "followups_count"]), _JSON
    ),
    _JSON,
    _JSON,
    _JSON,
)
def test_any_item_becomes_a_record_or_a_reason(
    fields: dict[str, Any], logs: Any, location: Any, institutions: Any
) -> None:
    item = {**raw(**fields), "logs": logs, "location": location, "channel": location, "institutions": institutions}
    with contextlib.suppress(BadRecord):
        record = to_record(item)
        assert record.external_id
        assert len(record.facts.log) == len(record.facts.notes)  # type: ignore[attr-defined]
