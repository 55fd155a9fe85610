"""What a report says of what a complaint says too: the status maps, the authorities, and times that mean something."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.complaints.codes import ComplaintStatus
from hub.connectors.lapor.mapping import to_record
from hub.connectors.lapor.shared import SHARED, told
from hub.connectors.lapor.statuses import HERE, LEAVES, LOSSES, OWN_STEPS, THERE, UNDER_WAY, status_named
from hub.connectors.sharing import Authority, Merged, Shared, Told, merge
from hub.kinds import ReportStatus
from tests.connectors.test_lapor_mapping import raw

DISHUB = {"disposition_id": 380, "disposition_name": "Dinas Perhubungan Provinsi Jawa Tengah"}
STRANGER = {"disposition_id": 921, "disposition_name": "Kementerian Perhubungan"}
PROVINCE = {"disposition_id": 310, "disposition_name": "Pemerintah Provinsi Jawa Tengah"}
MOVED = {"id": 1, "type": "status", "content": "", "created_at": "02-01-2026 10:00:00"}
PASSED = {"id": 2, "type": "disposition", "content": "", "created_at": "02-01-2026 09:00:00"}
UPDATED = datetime(2026, 1, 2, 23, 0, tzinfo=UTC)


def words(*logs: dict[str, Any], **fields: Any) -> dict[str, Told]:
    """What a report with these fields and log rows says."""
    report = {"updated_at": "03-01-2026 06:00:00", **fields}
    return told(to_record({**raw(**report), "logs": list(logs)}))


def test_the_maps_are_total_in_both_directions() -> None:
    assert HERE.keys() == set(ReportStatus)
    assert THERE.keys() == set(ComplaintStatus)


@pytest.mark.parametrize("status", ReportStatus)
def test_a_reports_status_comes_back_or_its_loss_is_listed(status: ReportStatus) -> None:
    meant = HERE[status]
    assert (meant is not None and THERE[meant] is status) != (status in LOSSES)


@pytest.mark.parametrize("status", ComplaintStatus)
def test_a_complaints_status_comes_back_or_its_loss_is_listed(status: ComplaintStatus) -> None:
    assert (HERE[THERE[status]] is status) != (status in LOSSES)


def test_the_readme_tells_both_maps_and_every_loss() -> None:
    text = (Path(__file__).parents[2] / "hub/connectors/lapor/README.md").read_text()
    for status, meant in HERE.items():
        name = f"*`{status}`*" if status in LOSSES else f"`{status}`"
        assert f"| {name} | {f'`{meant}`' if meant else 'nothing'} |" in text, status
    for status, there in THERE.items():
        name = f"*`{status}`*" if status in LOSSES else f"`{status}`"
        assert f"| {name} | `{there}` |" in text, status


def test_the_readme_tells_who_has_the_say_and_why() -> None:
    text = (Path(__file__).parents[2] / "hub/connectors/lapor/README.md").read_text()
    for shared in SHARED:
        assert f"| {shared.field} | {shared.authority} | {shared.why_en} |" in text
        assert shared.why_id


def test_each_field_has_one_authority() -> None:
    fields = [shared.field for shared in SHARED]
    assert len(set(fields)) == len(fields)
    assert set(words(**DISHUB, status_name="Selesai")) <= set(fields)


def test_a_status_counts_from_its_row_in_the_log() -> None:
    found = words(MOVED, **DISHUB, status_name="Selesai")
    assert found["status"] == Told(datetime(2026, 1, 2, 3, 0, tzinfo=UTC), "CLOSED")
    assert found["class"].at == UPDATED if "class" in found else True


def test_an_edit_does_not_make_a_status_newer() -> None:
    before = words(MOVED, **DISHUB, status_name="Selesai")["status"]
    after = words(MOVED, **DISHUB, status_name="Selesai", updated_at="09-01-2026 06:00:00")["status"]
    assert before == after


@pytest.mark.parametrize("time", ["00-00-0000 00:00:00", None])
def test_a_status_whose_time_nobody_can_read_held_at_the_last_update(time: str | None) -> None:
    assert words({**MOVED, "created_at": time}, **DISHUB, status_name="Selesai")["status"].at == UPDATED
    assert words(**DISHUB, status_name="Selesai")["status"].at == UPDATED


def test_the_later_of_two_rows_counts_whatever_their_order() -> None:
    later = {**MOVED, "id": 7, "created_at": "02-01-2026 11:00:00"}
    for rows in ((MOVED, later), (later, MOVED)):
        assert words(*rows, **DISHUB, status_name="Selesai")["status"].at == datetime(2026, 1, 2, 4, 0, tzinfo=UTC)


def moved(number: int, at: str, new: str) -> dict[str, Any]:
    """A row of the log."""
    data = json.dumps({"status_new": {"name": new}})
    return {"id": number, "type": "status", "content": "", "created_at": f"02-01-2026 {at}", "data": data}


def wrote(number: int, at: str, text: str) -> dict[str, Any]:
    """A follow-up of an institution."""
    return {"id": number, "content": text, "created_at": f"02-01-2026 {at}", "institution_from_name": "Dishub"}


def status_after(name: str, logs: list[dict[str, Any]], followups: list[dict[str, Any]]) -> Told:
    """What the log says of the status."""
    item = {**raw(**DISHUB, status_name=name, updated_at="03-01-2026 06:00:00"), "logs": logs, "followups": followups}
    return told(to_record(item))["status"]


def test_what_our_own_words_did_is_no_decision_of_the_centres() -> None:
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
    assert status_after("Didisposisi", [disposed], []) == Told(decided, "ASSIGNED")
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


def test_a_log_that_is_behind_the_status_says_nothing_of_whose_it_is() -> None:
    ours = [wrote(1, "10:00:00", "Ref. LG-2026-000123/2")]
    found = status_after("Selesai", [moved(2, "10:00:00", "Dalam Proses")], ours)
    assert found == Told(datetime(2026, 1, 2, 3, 0, tzinfo=UTC), "CLOSED")


@pytest.mark.parametrize("name", ["Belum Diverifikasi", "Diverifikasi", "Dialihkan", "Ditelaah Ulang", ""])
def test_what_says_nothing_of_the_province_is_left_out(name: str) -> None:
    assert "status" not in words(MOVED, **DISHUB, status_name=name)


@pytest.mark.parametrize("who", [DISHUB, PROVINCE, {}])
def test_what_one_of_ours_does_is_told(who: dict[str, Any]) -> None:
    assert words(MOVED, **who, status_name="Dalam Proses")["status"].value == "IN_PROGRESS"


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
def test_of_somebody_elses_work_the_answer_and_the_end_are_told(name: str, meant: str | None) -> None:
    word = words(MOVED, **STRANGER, status_name=name).get("status")
    assert (word.value if word else None) == meant


def test_an_agency_is_told_once_it_must_answer_and_since_then() -> None:
    owner = {"institution_name": "Dinas Sosial Provinsi Jawa Tengah"}
    assert words(PASSED, **owner, **DISHUB, status_name="Didisposisi")["agency"] == Told(
        datetime(2026, 1, 2, 2, 0, tzinfo=UTC), "DISHUB"
    )
    assert "agency" not in words(**owner)
    assert "agency" not in words(PASSED, **STRANGER)
    assert "agency" not in words(**DISHUB, status_name="Diverifikasi"), "a wish of whoever sent it"


def test_of_two_rows_in_one_second_the_second_is_later() -> None:
    once = words(MOVED, **DISHUB, status_name="Dalam Proses")["status"]
    twice = words(MOVED, {**MOVED, "id": 7}, **DISHUB, status_name="Ditindaklanjuti")["status"]
    assert (once.value, twice.value) == ("IN_PROGRESS", "ANSWERED")
    assert once.at < twice.at


def test_codes_are_told_in_the_complaints_words_and_prose_is_not() -> None:
    item = raw(classification_name="permintaan  informasi", category_name="Angkutan umum", is_secret=True)
    found = told(to_record({**item, "location": {"id": 1, "name": "Kota Semarang", "code": "33.74"}}))
    values = {name: word.value for name, word in found.items() if name != "status"}
    expected = {"class": "INFORMATION_REQUEST", "category": "PUBLIC_TRANSPORT", "area": "33.74"}
    assert values == expected | {"anonymous": "false", "secret": "true"}
    assert not {"class", "category", "area"} & set(words(classification_name="Lainnya", category_name="Lainnya"))


def test_what_repeats_what_went_before_leaves_a_complaint_as_it_is() -> None:
    early, late = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
    returned, at_work = Told(early, "RETURNED"), Told(late, "IN_PROGRESS")
    assert merge(Authority.LATEST, returned, at_work, LEAVES) == Merged("RETURNED")
    assert merge(Authority.LATEST, at_work, Told(late, "ASSIGNED"), LEAVES) == Merged("IN_PROGRESS")
    assert merge(Authority.LATEST, Told(early, "ANSWERED"), Told(late, "ASSIGNED"), LEAVES) == Merged("ASSIGNED")
    assert merge(Authority.LATEST, returned, Told(late, "CLOSED"), LEAVES) == Merged("CLOSED")


def test_what_a_word_leaves_is_what_the_round_trip_loses_or_goes_through() -> None:
    order = list(ComplaintStatus)
    for theirs, ours in LEAVES.items():
        assert all(order.index(ComplaintStatus(theirs)) < order.index(ComplaintStatus(one)) for one in ours)
    assert OWN_STEPS.isdisjoint(UNDER_WAY)


def test_declared_fields_are_read_as_they_were() -> None:
    assert tuple(Shared.read(shared.declared()).authority for shared in SHARED) == tuple(s.authority for s in SHARED)


@given(st.text(max_size=40))
def test_any_name_is_a_status_or_unknown_and_says_what_the_map_says(name: str) -> None:
    status = status_named(name)
    word = words(MOVED, **DISHUB, status_name=name).get("status")
    expected = None if status in OWN_STEPS else HERE[status]
    assert (word.value if word else None) == (expected.value if expected else None)
