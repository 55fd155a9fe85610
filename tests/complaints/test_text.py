"""Text that people write: which characters are removed, and that the work grows only with its length."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from itertools import groupby
from typing import Any
from unittest.mock import patch

import pytest

from hub.complaints import intake_fields
from hub.complaints.problems import MAX_INPUT_LENGTH, Problem, ProblemCode
from hub.complaints.reporter import Reporter
from hub.complaints.submission import check
from hub.complaints.text import MARKS, one_line, paragraphs
from hub.complaints.tickets import Ticket, is_tracking_code
from hub.complaints.validation import check_reopening, check_reply, check_response, check_verdict
from hub.complaints.workflow import Verdict
from tests.complaints.test_submission import FIT, TODAY

# Alternating classes are the worst case: each mark has to be moved past all those before it.
ZALGO = "a" + "\u0301\u0323" * 5_000


def longest_run(text: str) -> int:
    """Return the longest run of combining marks."""
    runs = groupby(text, lambda each: unicodedata.combining(each) > 0)
    return max((len(list(run)) for marks, run in runs if marks), default=0)


def normalised(*calls: object) -> list[str]:
    """Return all texts that were normalised during ``calls``."""
    with patch("hub.complaints.text.unicodedata.normalize", side_effect=lambda _, text: text) as seen:
        for call in calls:
            call()  # type: ignore[operator]
    return [each.args[1] for each in seen.call_args_list]


def test_no_more_marks_than_a_letter_can_have_are_put_in_order() -> None:
    somebody = Reporter(name=ZALGO, phone=ZALGO, email=ZALGO, nik=ZALGO)
    written = replace(FIT, title=ZALGO, text=ZALGO, payment_reference=ZALGO, tracking_id=ZALGO, reporter=somebody)
    given = normalised(
        lambda: check(written, TODAY),
        lambda: check_reply(ZALGO),
        lambda: check_verdict(Verdict.RETURNED, None, ZALGO),
        lambda: intake_fields.title(ZALGO, ZALGO),
        lambda: intake_fields.text(ZALGO, ZALGO),
        lambda: intake_fields.valid_reporter(somebody),
        lambda: is_tracking_code(ZALGO, "1", b"k" * 16),
        lambda: Ticket.parse(ZALGO[:90]),
    )
    assert len(given) > 10
    assert max(map(longest_run, given)) == MARKS


def test_marks_that_a_letter_can_have_stay() -> None:
    assert one_line("e\u0301\u0323") == "\u1eb9\u0301"
    assert len(one_line("a" + "\u0301" * MARKS)) == MARKS  # the first one is composed with the letter
    assert one_line(one_line(ZALGO)) == one_line(ZALGO)


@pytest.mark.parametrize("check_it", [check_reply, check_response, check_reopening])
def test_what_is_too_long_is_not_looked_at(check_it: object) -> None:
    long = "é" * (MAX_INPUT_LENGTH + 1)
    problems: list[Problem] = []
    assert normalised(lambda: problems.extend(check_it(long))) == []  # type: ignore[operator]
    assert [problem.code for problem in problems] == [ProblemCode.TOO_LONG]
    assert normalised(lambda: check_verdict(Verdict.RETURNED, None, long)) == []


@pytest.mark.parametrize("field", ["title", "text", "area_code", "category", "order_id", "tracking_id"])
def test_a_too_long_field_is_reported_before_any_other_check(field: str) -> None:
    problems: list[Problem] = []
    texts: dict[str, Any] = {"text": "é" * 100, field: "é" * (MAX_INPUT_LENGTH + 1)}
    changed = replace(FIT, **texts)
    assert normalised(lambda: problems.extend(check(changed, TODAY))) == []
    assert [(each.field.lower(), each.code) for each in problems] == [(field.replace("_", ""), ProblemCode.TOO_LONG)]
    who = replace(FIT, reporter=Reporter(name="é" * (MAX_INPUT_LENGTH + 1)))
    assert [each.field for each in check(who, TODAY)] == ["reporter.name"]


@pytest.mark.parametrize(
    "unseen",
    [
        "\u200b" * 9,
        "\u200d\u200c \ufe0f\u200d",
        "\u2060\u00ad\u200e",
        "\u3164\u115f",
        "\u0301\u0301",
        "\u2800",
        "\ue000",
    ],
)
def test_what_cannot_be_seen_is_nothing(unseen: str) -> None:
    assert (one_line(unseen), paragraphs(f"{unseen}\n{unseen}")) == ("", "")
    assert [(each.field, each.code) for each in check(replace(FIT, title=unseen, text=unseen), TODAY)] == [
        ("title", ProblemCode.REQUIRED),
        ("text", ProblemCode.REQUIRED),
    ]
    somebody = check(replace(FIT, reporter=Reporter(name=unseen)), TODAY)
    assert [(each.field, each.code) for each in somebody] == [("reporter.name", ProblemCode.REQUIRED)]


@pytest.mark.parametrize("seen", ["👨\u200d👩\u200d👧", "❤\ufe0f", "می\u200cخواهم", "عربي"])
def test_what_scripts_and_emoji_need_stays(seen: str) -> None:
    assert one_line(seen) == seen
