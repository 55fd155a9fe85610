"""Whatever another system passed on fits the rules of a submission; what words on shared fields mean."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from hub.complaints import passed_on, reporter
from hub.complaints.adopting import FIELDS, means
from hub.complaints.agencies import AGENCIES
from hub.complaints.codes import ComplaintStatus
from hub.complaints.problems import length
from hub.complaints.reporter import Reporter

TODAY = date(2026, 1, 5)
# Half characters and NUL are taken out before anything is mapped.
told = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=300)
long = told | st.integers(150, 12_000).map(lambda count: "kata " * (count // 5) + "x")


@given(long, long)
def test_title_and_text_fit_whatever_was_written(title: str, text: str) -> None:
    assert length("title", passed_on.title(title, text), *passed_on.TITLE) == []
    assert length("text", passed_on.text(text, title), *passed_on.TEXT) == []


@given(
    told.map(lambda title: title.strip() + " Jalan rusak"), told.map(lambda text: text.strip() + " Mohon diperiksa.")
)
def test_what_fits_is_kept_as_a_submission_would_be(title: str, text: str) -> None:
    if len(title) <= 200:
        assert passed_on.title(title, text) == passed_on.one_line(title)
    assert passed_on.text(text, title) == passed_on.paragraphs(text)


@given(st.builds(Reporter, name=told, phone=st.none() | told, email=st.none() | told, nik=st.none() | told))
def test_of_a_reporter_only_what_is_right_is_kept(who: Reporter) -> None:
    kept = passed_on.who(who)
    assert kept is None or reporter.check(kept) == []


def test_an_agency_is_followed_until_one_is_in_office() -> None:
    for agency in AGENCIES:
        found = passed_on.agency(agency.code, TODAY)
        assert found is None or next(each for each in AGENCIES if each.code == found).in_office(TODAY)
        if agency.in_office(TODAY):
            assert found == agency.code
    assert passed_on.agency("NASA", TODAY) is passed_on.agency(None, TODAY) is None


def test_a_word_means_what_a_complaint_can_say() -> None:
    row = {"status": "ASSIGNED", "agency_code": None, "secret": True, "anonymous": False}
    said = {name: FIELDS[name].word(row) for name in ("status", "agency", "secret", "anonymous")}
    assert said == {"status": "ASSIGNED", "agency": None, "secret": "true", "anonymous": "false"}
    assert FIELDS["secret"].of("true") is True
    assert FIELDS["anonymous"].of("false") is False
    assert all(means("status", status.value, TODAY) for status in ComplaintStatus)
    for field, word in (("status", "DITELAAH"), ("agency", "NASA"), ("secret", "maybe"), ("title", "Jalan rusak")):
        assert not means(field, word, TODAY)


def test_nobody_is_given_a_complaint_before_or_after_its_time() -> None:
    former = next(agency for agency in AGENCIES if agency.valid_to)
    assert former.valid_to
    assert means("agency", former.code, former.valid_to - timedelta(days=1))
    assert not means("agency", former.code, former.valid_to)
