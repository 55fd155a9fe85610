"""Input of officers and reporters for a complaint."""

from __future__ import annotations

from datetime import date

import pytest

from hub.complaints.assignment import check_agency
from hub.complaints.problems import Problem, ProblemCode
from hub.complaints.validation import check_rating, check_reopening, check_response, check_verdict
from hub.complaints.workflow import RejectionReason, Verdict


def fields_and_codes(problems: list[Problem]) -> list[tuple[str, ProblemCode]]:
    assert all(problem.message.indonesian and problem.message for problem in problems)
    return [(problem.field, problem.code) for problem in problems]


@pytest.mark.parametrize(
    ("verdict", "reason", "note", "problems"),
    [
        (Verdict.VERIFIED, None, None, []),
        (Verdict.VERIFIED, RejectionReason.SPAM, None, [("reason", ProblemCode.NOT_ALLOWED)]),
        (Verdict.RETURNED, None, "Mohon foto halte.", []),
        (Verdict.RETURNED, None, None, [("note", ProblemCode.REQUIRED)]),
        (Verdict.RETURNED, None, "Foto?", [("note", ProblemCode.TOO_SHORT)]),
        (Verdict.REJECTED, RejectionReason.NOT_OUR_AUTHORITY, None, []),
        (Verdict.REJECTED, None, None, [("reason", ProblemCode.REQUIRED)]),
        (Verdict.REJECTED, RejectionReason.SPAM, "a" * 2_001, [("note", ProblemCode.TOO_LONG)]),
    ],
)
def test_verdict(
    verdict: Verdict, reason: RejectionReason | None, note: str | None, problems: list[tuple[str, ProblemCode]]
) -> None:
    assert fields_and_codes(check_verdict(verdict, reason, note)) == problems


def test_a_missing_reason_names_the_reasons_there_are() -> None:
    [problem] = check_verdict(Verdict.REJECTED, None, None)
    assert problem.message == "A rejection needs a reason: UNFIT, NOT_OUR_AUTHORITY, SPAM."


def test_response_and_reopening_are_texts_of_a_certain_length() -> None:
    assert fields_and_codes(check_response("Sudah kami perbaiki.")) == []
    assert fields_and_codes(check_response("  Sudah.  ")) == [("text", ProblemCode.TOO_SHORT)]
    assert fields_and_codes(check_reopening("Belum diperbaiki.")) == []
    assert fields_and_codes(check_reopening("")) == [("reason", ProblemCode.REQUIRED)]


@pytest.mark.parametrize(("rating", "fit"), [(0, False), (1, True), (5, True), (6, False), (-1, False)])
def test_rating(rating: int, fit: bool) -> None:
    assert fields_and_codes(check_rating(rating)) == ([] if fit else [("rating", ProblemCode.OUT_OF_RANGE)])


def test_a_complaint_is_assigned_to_agencies_in_office_only() -> None:
    assert fields_and_codes(check_agency("agencyCode", "DISHUB", date(2026, 11, 20))) == []
    assert fields_and_codes(check_agency("agencyCode", "DPPKI", date(2026, 11, 20))) == [
        ("agencyCode", ProblemCode.NOT_ALLOWED)
    ]
    assert fields_and_codes(check_agency("agencyCode", "", date(2026, 11, 20))) == [("agencyCode", ProblemCode.UNKNOWN)]
