"""The shared fields of a report: the maps of statuses, the authorities, and times that can be compared."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.complaints.enums import ComplaintStatus
from hub.complaints.field_authority import Authority, MergeResult, SharedField, Value, merge
from hub.connectors.lapor.field_authority import SHARED, shared_values
from hub.connectors.lapor.mapping import to_record
from hub.connectors.lapor.statuses import (
    COMPLAINT_STATUS,
    LEAVES,
    LOSSES,
    OWN_STEPS,
    REPORT_STATUS,
    UNDER_WAY,
    status_named,
)
from hub.kinds import ReportStatus
from tests.connectors.lapor.test_mapping import raw

DISHUB = {"disposition_id": 380, "disposition_name": "Dinas Perhubungan Provinsi Jawa Tengah"}
STRANGER = {"disposition_id": 921, "disposition_name": "Kementerian Perhubungan"}
PROVINCE = {"disposition_id": 310, "disposition_name": "Pemerintah Provinsi Jawa Tengah"}
MOVED = {"id": 1, "type": "status", "content": "", "created_at": "02-01-2026 10:00:00"}
PASSED = {"id": 2, "type": "disposition", "content": "", "created_at": "02-01-2026 09:00:00"}
UPDATED = datetime(2026, 1, 2, 23, 0, tzinfo=UTC)


def values_of(*logs: dict[str, Any], **fields: Any) -> dict[str, Value]:
    """Return the shared values of a report with these fields and log rows."""
    report = {"updated_at": "03-01-2026 06:00:00", **fields}
    return shared_values(to_record({**raw(**report), "logs": list(logs)}))


def test_the_maps_are_total_in_both_directions() -> None:
    assert COMPLAINT_STATUS.keys() == set(ReportStatus)
    assert REPORT_STATUS.keys() == set(ComplaintStatus)


@pytest.mark.parametrize("status", ReportStatus)
def test_a_reports_status_comes_back_or_its_loss_is_listed(status: ReportStatus) -> None:
    meant = COMPLAINT_STATUS[status]
    assert (meant is not None and REPORT_STATUS[meant] is status) != (status in LOSSES)


@pytest.mark.parametrize("status", ComplaintStatus)
def test_a_complaints_status_comes_back_or_its_loss_is_listed(status: ComplaintStatus) -> None:
    assert (COMPLAINT_STATUS[REPORT_STATUS[status]] is status) != (status in LOSSES)


def test_the_readme_lists_both_maps_and_every_loss() -> None:
    text = (Path(__file__).parents[3] / "hub/connectors/lapor/README.md").read_text()
    for status, meant in COMPLAINT_STATUS.items():
        name = f"*`{status}`*" if status in LOSSES else f"`{status}`"
        assert f"| {name} | {f'`{meant}`' if meant else 'nothing'} |" in text, status
    for ours, there in REPORT_STATUS.items():
        name = f"*`{ours}`*" if ours in LOSSES else f"`{ours}`"
        assert f"| {name} | `{there}` |" in text, ours


def test_the_readme_lists_authorities_with_reasons() -> None:
    text = (Path(__file__).parents[3] / "hub/connectors/lapor/README.md").read_text()
    for shared in SHARED:
        assert f"| {shared.field} | {shared.authority} | {shared.why_en} |" in text
        assert shared.why_id


def test_each_field_has_one_authority() -> None:
    fields = [shared.field for shared in SHARED]
    assert len(set(fields)) == len(fields)
    assert set(values_of(**DISHUB, status_name="Selesai")) <= set(fields)


def test_a_status_counts_from_its_row_in_the_log() -> None:
    found = values_of(MOVED, **DISHUB, status_name="Selesai")
    assert found["status"] == Value(datetime(2026, 1, 2, 3, 0, tzinfo=UTC), "CLOSED")
    assert found["class"].at == UPDATED if "class" in found else True


def test_an_edit_does_not_make_a_status_newer() -> None:
    before = values_of(MOVED, **DISHUB, status_name="Selesai")["status"]
    after = values_of(MOVED, **DISHUB, status_name="Selesai", updated_at="09-01-2026 06:00:00")["status"]
    assert before == after


@pytest.mark.parametrize("time", ["00-00-0000 00:00:00", None])
def test_a_status_without_readable_time_has_the_updates_time(time: str | None) -> None:
    assert values_of({**MOVED, "created_at": time}, **DISHUB, status_name="Selesai")["status"].at == UPDATED
    assert values_of(**DISHUB, status_name="Selesai")["status"].at == UPDATED


def test_the_later_of_two_rows_counts_whatever_their_order() -> None:
    later = {**MOVED, "id": 7, "created_at": "02-01-2026 11:00:00"}
    for rows in ((MOVED, later), (later, MOVED)):
        assert values_of(*rows, **DISHUB, status_name="Selesai")["status"].at == datetime(2026, 1, 2, 4, 0, tzinfo=UTC)


def moved(number: int, at: str, new: str) -> dict[str, Any]:
    """Return a row of the log."""
    data = json.dumps({"status_new": {"name": new}})
    return {"id": number, "type": "status", "content": "", "created_at": f"02-01-2026 {at}", "data": data}


def wrote(number: int, at: str, text: str) -> dict[str, Any]:
    """Return a follow-up of an institution."""
    return {"id": number, "content": text, "created_at": f"02-01-2026 {at}", "institution_from_name": "Dishub"}


def status_after(name: str, logs: list[dict[str, Any]], followups: list[dict[str, Any]]) -> Value:
    """Return the shared status after these log rows."""
    item = {**raw(**DISHUB, status_name=name, updated_at="03-01-2026 06:00:00"), "logs": logs, "followups": followups}
    return shared_values(to_record(item))["status"]


def test_a_citizens_text_with_our_reference_is_not_our_update() -> None:
    forged = wrote(1, "10:00:00", "Ref. LG-2026-000123/2") | {"institution_from_name": None}
    status = status_after(
        "Dalam Proses", [moved(1, "09:00:00", "Didisposisi"), moved(2, "10:00:00", "Dalam Proses")], [forged]
    )
    assert status.at == datetime(2026, 1, 2, 3, 0, tzinfo=UTC)


def test_effects_of_our_updates_are_not_the_centres_decisions() -> None:
    disposed, at_work, answered = (
        moved(1, "09:00:00", "Didisposisi"),
        moved(2, "10:00:00", "Dalam Proses"),
        moved(3, "11:00:01", "Ditindaklanjuti"),
    )
    ours = [
        wrote(1, "10:00:00", "Kami periksa.\n\nRef. LG-2026-000123/2"),
        wrote(2, "11:00:00", "Ref. LG-2026-000123/3"),
    ]
    decided = datetime(2026, 1, 2, 2, 0, tzinfo=UTC)
    assert status_after("Didisposisi", [disposed], []) == Value(decided, "ASSIGNED")
    first = status_after("Dalam Proses", [disposed, at_work], ours[:1])
    then = status_after("Ditindaklanjuti", [disposed, at_work, answered], ours)
    assert [first.value, then.value] == ["IN_PROGRESS", "ANSWERED"]
    assert decided < first.at < then.at < decided + timedelta(seconds=1), "it is newer there, and no news here"
    untold = {**at_work, "data": None}
    assert status_after("Dalam Proses", [disposed, untold], ours[:1]) == first, "LAPOR does not always tell where to"
    alone = status_after("Dalam Proses", [at_work], ours[:1])
    assert alone.at < datetime(1971, 1, 1, tzinfo=UTC), "the centre never moved it"


@pytest.mark.parametrize(
    ("name", "followups"),
    [
        ("Dalam Proses", [wrote(1, "10:00:00", "Kami periksa.")]),
        ("Dalam Proses", [wrote(1, "10:00:03", "Ref. LG-2026-000123/2")]),
        ("Selesai", [wrote(1, "10:00:00", "Ref. LG-2026-000123/2")]),
        ("Dalam Proses", []),
    ],
)
def test_what_the_centre_does_by_itself_is_its_decision(name: str, followups: list[dict[str, Any]]) -> None:
    assert status_after(name, [moved(2, "10:00:00", name)], followups).at == datetime(2026, 1, 2, 3, 0, tzinfo=UTC)


def test_a_log_behind_the_status_does_not_name_its_author() -> None:
    ours = [wrote(1, "10:00:00", "Ref. LG-2026-000123/2")]
    found = status_after("Selesai", [moved(2, "10:00:00", "Dalam Proses")], ours)
    assert found == Value(datetime(2026, 1, 2, 3, 0, tzinfo=UTC), "CLOSED")


@pytest.mark.parametrize("name", ["Belum Diverifikasi", "Diverifikasi", "Dialihkan", "Ditelaah Ulang", ""])
def test_entries_without_the_province_are_skipped(name: str) -> None:
    assert "status" not in values_of(MOVED, **DISHUB, status_name=name)


@pytest.mark.parametrize("who", [DISHUB, PROVINCE, {}])
def test_an_act_of_our_agency_is_a_status_change(who: dict[str, Any]) -> None:
    assert values_of(MOVED, **who, status_name="Dalam Proses")["status"].value == "IN_PROGRESS"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("Didisposisi", None),
        ("Dalam Proses", None),
        ("Ditunda", None),
        ("Ditindaklanjuti", "ANSWERED"),
        ("Selesai", "CLOSED"),
    ],
)
def test_only_answers_and_closures_of_others_count(name: str, meant: str | None) -> None:
    status = values_of(MOVED, **STRANGER, status_name=name).get("status")
    assert (status.value if status else None) == meant


def test_an_agency_is_set_from_the_time_it_must_answer() -> None:
    owner = {"institution_name": "Dinas Sosial Provinsi Jawa Tengah"}
    assert values_of(PASSED, **owner, **DISHUB, status_name="Didisposisi")["agency"] == Value(
        datetime(2026, 1, 2, 2, 0, tzinfo=UTC), "DISHUB"
    )
    assert "agency" not in values_of(**owner)
    assert "agency" not in values_of(PASSED, **STRANGER)
    assert "agency" not in values_of(**DISHUB, status_name="Diverifikasi"), "a wish of whoever sent it"


def test_of_two_rows_in_one_second_the_second_is_later() -> None:
    once = values_of(MOVED, **DISHUB, status_name="Dalam Proses")["status"]
    twice = values_of(MOVED, {**MOVED, "id": 7}, **DISHUB, status_name="Ditindaklanjuti")["status"]
    assert (once.value, twice.value) == ("IN_PROGRESS", "ANSWERED")
    assert once.at < twice.at


def test_codes_map_to_our_statuses_and_prose_does_not() -> None:
    item = raw(classification_name="permintaan  informasi", category_name="Angkutan umum", is_secret=True)
    found = shared_values(to_record({**item, "location": {"id": 1, "name": "Kota Semarang", "code": "33.74"}}))
    values = {name: value.value for name, value in found.items() if name != "status"}
    expected = {"class": "INFORMATION_REQUEST", "category": "PUBLIC_TRANSPORT", "area": "33.74"}
    assert values == expected | {"anonymous": "false", "secret": "true"}
    assert not {"class", "category", "area"} & set(values_of(classification_name="Lainnya", category_name="Lainnya"))


def test_a_value_the_complaint_implies_leaves_it_unchanged() -> None:
    early, late = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
    returned, at_work = Value(early, "RETURNED"), Value(late, "IN_PROGRESS")
    assert merge(Authority.LATEST, returned, at_work, LEAVES) == MergeResult("RETURNED")
    assert merge(Authority.LATEST, at_work, Value(late, "ASSIGNED"), LEAVES) == MergeResult("IN_PROGRESS")
    assert merge(Authority.LATEST, Value(early, "ANSWERED"), Value(late, "ASSIGNED"), LEAVES) == MergeResult("ASSIGNED")
    assert merge(Authority.LATEST, returned, Value(late, "CLOSED"), LEAVES) == MergeResult("CLOSED")


def test_an_update_preserves_only_steps_the_round_trip_passes() -> None:
    order = list(ComplaintStatus)
    for theirs, ours in LEAVES.items():
        assert all(order.index(ComplaintStatus(theirs)) < order.index(ComplaintStatus(one)) for one in ours)
    assert OWN_STEPS.isdisjoint(UNDER_WAY)


def test_declared_fields_are_read_as_they_were() -> None:
    assert tuple(SharedField.from_json(shared.to_json()).authority for shared in SHARED) == tuple(
        s.authority for s in SHARED
    )


@given(st.text(max_size=40))
def test_any_status_name_maps_as_the_table_says_or_is_unknown(name: str) -> None:
    status = status_named(name)
    shared = values_of(MOVED, **DISHUB, status_name=name).get("status")
    expected = None if status in OWN_STEPS else COMPLAINT_STATUS[status]
    assert (shared.value if shared else None) == (expected.value if expected else None)
