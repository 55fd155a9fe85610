"""Validates the input of transitions: verdict, response, reason and rating.

Whether a transition is allowed is decided by ``hub.complaints.workflow``. Texts are checked as they are stored, after
``hub.complaints.text.paragraphs``.
"""

from __future__ import annotations

from hub.complaints.problems import Problem, ProblemCode, check_input_length, check_length
from hub.complaints.text import paragraphs
from hub.complaints.workflow import RejectionReason, Verdict
from hub.messages import Bilingual


def check_verdict(
    verdict: Verdict, reason: RejectionReason | None, note: str | None, target: str | None = None
) -> list[Problem]:
    """Return the problems of a verdict.

    A rejection needs a reason, and only a rejection has one. A return needs a note for the reporter. Only the reason
    NOT_OUR_AUTHORITY has a target, the institution that has the authority.
    """
    problems = [] if reason is not None or verdict is not Verdict.REJECTED else [_MISSING_REASON]
    if reason is not None and verdict is not Verdict.REJECTED:
        problems.append(_NEEDLESS_REASON)
    if target is not None:
        problems += check_length("target", target, 1, 100)
        problems += [_NEEDLESS_TARGET] if reason is not RejectionReason.NOT_OUR_AUTHORITY else []
    if note is not None or verdict is Verdict.RETURNED:
        problems += check_input_length("note", note) or check_length("note", paragraphs(note or ""), 10, 2_000)
    return problems


def check_response(text: str) -> list[Problem]:
    """Return the problems of the text of a first or final response."""
    return check_input_length("text", text) or check_length("text", paragraphs(text), 10, 10_000)


def check_reply(text: str) -> list[Problem]:
    """Return the problems of a reporter's reply."""
    return check_input_length("text", text) or check_length("text", paragraphs(text), 2, 10_000)


def check_reopening(reason: str) -> list[Problem]:
    """Return the problems of the reason for reopening a complaint."""
    return check_input_length("reason", reason) or check_length("reason", paragraphs(reason), 10, 2_000)


def check_rating(rating: int) -> list[Problem]:
    """Return a problem if a rating is not one to five stars."""
    if 1 <= rating <= 5:
        return []
    message = Bilingual("A rating is 1 to 5.", "Nilai harus 1 sampai 5.")
    return [Problem("rating", ProblemCode.OUT_OF_RANGE, message)]


_REASONS = ", ".join(RejectionReason)
_MISSING_REASON = Problem(
    "reason",
    ProblemCode.REQUIRED,
    Bilingual(f"A rejection needs a reason: {_REASONS}.", f"Penolakan memerlukan alasan: {_REASONS}."),
)
_NEEDLESS_REASON = Problem(
    "reason",
    ProblemCode.NOT_ALLOWED,
    Bilingual("Only a rejection has a reason.", "Hanya penolakan yang memiliki alasan."),
)
_NEEDLESS_TARGET = Problem(
    "target",
    ProblemCode.NOT_ALLOWED,
    Bilingual("Only NOT_OUR_AUTHORITY names an institution.", "Hanya NOT_OUR_AUTHORITY yang memiliki instansi tujuan."),
)
