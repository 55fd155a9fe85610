"""Values of other systems fit the rules of a submission; the meaning of shared values."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from hub.complaints import intake_fields, reporter
from hub.complaints.agencies import AGENCIES
from hub.complaints.enums import ComplaintStatus
from hub.complaints.problems import check_length
from hub.complaints.reporter import Reporter
from hub.complaints.shared_fields import FIELDS, is_valid_value
from hub.complaints.submission import TEXT, TITLE
from hub.complaints.text import one_line, paragraphs

TODAY = date(2026, 1, 5)
# Half characters and NUL are taken out before anything is mapped.
prose = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=300)
long = prose | st.integers(150, 12_000).map(lambda count: "kata " * (count // 5) + "x")


@given(long, long)
def test_title_and_text_fit_whatever_was_written(title: str, text: str) -> None:
    assert check_length("title", intake_fields.title(title, text), *TITLE) == []
    assert check_length("text", intake_fields.text(text, title), *TEXT) == []


@given(
    prose.map(lambda title: title.strip() + " Jalan rusak"), prose.map(lambda text: text.strip() + " Mohon diperiksa.")
)
def test_what_fits_is_kept_as_a_submission_would_be(title: str, text: str) -> None:
    if len(title) <= 200:
        assert intake_fields.title(title, text) == one_line(title)
    assert intake_fields.text(text, title) == paragraphs(text)


@given(st.builds(Reporter, name=prose, phone=st.none() | prose, email=st.none() | prose, nik=st.none() | prose))
def test_of_a_reporter_only_what_is_right_is_kept(who: Reporter) -> None:
    kept = intake_fields.valid_reporter(who)
    assert kept is None or reporter.check(kept) == []


def test_an_agency_is_followed_until_one_is_in_office() -> None:
    for agency in AGENCIES:
        found = intake_fields.agency(agency.code, TODAY)
        assert found is None or next(each for each in AGENCIES if each.code == found).in_office(TODAY)
        if agency.in_office(TODAY):
            assert found == agency.code
    assert intake_fields.agency("NASA", TODAY) is intake_fields.agency(None, TODAY) is None


def test_valid_shared_values_are_those_of_the_complaint() -> None:
    row = {"status": "ASSIGNED", "agency_code": None, "secret": True, "anonymous": False}
    serialized = {name: FIELDS[name].serialize(row) for name in ("status", "agency", "secret", "anonymous")}
    assert serialized == {"status": "ASSIGNED", "agency": None, "secret": "true", "anonymous": "false"}
    assert FIELDS["secret"].parse("true") is True
    assert FIELDS["anonymous"].parse("false") is False
    assert all(is_valid_value("status", status.value, TODAY) for status in ComplaintStatus)
    for field, value in (("status", "DITELAAH"), ("agency", "NASA"), ("secret", "maybe"), ("title", "Jalan rusak")):
        assert not is_valid_value(field, value, TODAY)


def test_a_complaint_is_assigned_to_agencies_in_their_time_only() -> None:
    former = next(agency for agency in AGENCIES if agency.valid_to)
    assert former.valid_to
    assert is_valid_value("agency", former.code, former.valid_to - timedelta(days=1))
    assert not is_valid_value("agency", former.code, former.valid_to)
