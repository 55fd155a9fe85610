"""What officers and reporters send while a complaint is handled."""

from __future__ import annotations

from datetime import date

import pytest

from hub.complaints.assignment import check_agency
from hub.complaints.handling import check_rating, check_reopening, check_response, check_verdict
from hub.complaints.problems import Problem, ProblemCode
from hub.complaints.workflow import RejectReason, Verdict


def told(problems: list[Problem]) -> list[tuple[str, ProblemCode]]:
    assert all(problem.message.indonesian and problem.message.english for problem in problems)
    return [(problem.field, problem.code) for problem in problems]


@pytest.mark.parametrize(
    ("verdict", "reason", "note", "problems"),
    [
        (Verdict.VERIFIED, None, None, []),
        (Verdict.VERIFIED, RejectReason.SPAM, None, [("reason", ProblemCode.NOT_ALLOWED)]),
        (Verdict.RETURNED, None, "Mohon foto halte.", []),
        (Verdict.RETURNED, None, None, [("note", ProblemCode.REQUIRED)]),
        (Verdict.RETURNED, None, "Foto?", [("note", ProblemCode.TOO_SHORT)]),
        (Verdict.REJECTED, RejectReason.NOT_OUR_AUTHORITY, None, []),
        (Verdict.REJECTED, None, None, [("reason", ProblemCode.REQUIRED)]),
        (Verdict.REJECTED, RejectReason.SPAM, "a" * 2_001, [("note", ProblemCode.TOO_LONG)]),
    ],
)
def test_verdict(
    verdict: Verdict, reason: RejectReason | None, note: str | None, problems: list[tuple[str, ProblemCode]]
) -> None:
    assert told(check_verdict(verdict, reason, note)) == problems


def test_a_missing_reason_names_the_reasons_there_are() -> None:
    [problem] = check_verdict(Verdict.REJECTED, None, None)
    assert problem.message.english == "A rejection needs a reason: UNFIT, NOT_OUR_AUTHORITY, SPAM."


def test_response_and_reopening_are_texts_of_a_certain_length() -> None:
    assert told(check_response("Sudah kami perbaiki.")) == []
    assert told(check_response("  Sudah.  ")) == [("text", ProblemCode.TOO_SHORT)]
    assert told(check_reopening("Belum diperbaiki.")) == []
    assert told(check_reopening("")) == [("reason", ProblemCode.REQUIRED)]


@pytest.mark.parametrize(("rating", "fit"), [(0, False), (1, True), (5, True), (6, False), (-1, False)])
def test_rating(rating: int, fit: bool) -> None:
    assert told(check_rating(rating)) == ([] if fit else [("rating", ProblemCode.OUT_OF_RANGE)])


def test_a_complaint_is_given_to_agencies_in_office_only() -> None:
    assert told(check_agency("agencyCode", "DISHUB", date(2026, 11, 20))) == []
    assert told(check_agency("agencyCode", "DPPKI", date(2026, 11, 20))) == [("agencyCode", ProblemCode.NOT_ALLOWED)]
    assert told(check_agency("agencyCode", "", date(2026, 11, 20))) == [("agencyCode", ProblemCode.UNKNOWN)]
