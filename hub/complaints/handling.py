"""What those who handle a complaint send: verdict, response, reason, rating; and what is wrong with it.

Whether they may move the complaint at all is the workflow's question. Texts are checked as they are kept, that is
after ``hub.complaints.text.paragraphs``.
"""

from __future__ import annotations

from hub.complaints.problems import Message, Problem, ProblemCode, length
from hub.complaints.text import paragraphs
from hub.complaints.workflow import RejectReason, Verdict


def check_verdict(
    verdict: Verdict, reason: RejectReason | None, note: str | None, target: str | None = None
) -> list[Problem]:
    """A rejection has a reason, and only a rejection; a return has a note that says what the reporter owes.

    Only who lacks the authority can say who has it.
    """
    problems = [] if reason is not None or verdict is not Verdict.REJECTED else [_MISSING_REASON]
    if reason is not None and verdict is not Verdict.REJECTED:
        problems.append(_NEEDLESS_REASON)
    if target is not None:
        problems += length("target", target, 1, 100)
        problems += [_NEEDLESS_TARGET] if reason is not RejectReason.NOT_OUR_AUTHORITY else []
    if note is not None or verdict is Verdict.RETURNED:
        problems += length("note", paragraphs(note or ""), 10, 2_000)
    return problems


def check_response(text: str) -> list[Problem]:
    """What is wrong with the text of a first or final response."""
    return length("text", paragraphs(text), 10, 10_000)


def check_reply(text: str) -> list[Problem]:
    """What is wrong with what a reporter writes."""
    return length("text", paragraphs(text), 2, 10_000)


def check_reopening(reason: str) -> list[Problem]:
    """What is wrong with the reason for which a complaint is opened again."""
    return length("reason", paragraphs(reason), 10, 2_000)


def check_rating(rating: int) -> list[Problem]:
    """A rating is one to five stars."""
    if 1 <= rating <= 5:
        return []
    message = Message("Nilai harus 1 sampai 5.", "A rating is 1 to 5.")
    return [Problem("rating", ProblemCode.OUT_OF_RANGE, message)]


_REASONS = ", ".join(RejectReason)
_MISSING_REASON = Problem(
    "reason",
    ProblemCode.REQUIRED,
    Message(f"Penolakan memerlukan alasan: {_REASONS}.", f"A rejection needs a reason: {_REASONS}."),
)
_NEEDLESS_REASON = Problem(
    "reason",
    ProblemCode.NOT_ALLOWED,
    Message("Hanya penolakan yang memiliki alasan.", "Only a rejection has a reason."),
)
_NEEDLESS_TARGET = Problem(
    "target",
    ProblemCode.NOT_ALLOWED,
    Message("Hanya NOT_OUR_AUTHORITY yang memiliki instansi tujuan.", "Only NOT_OUR_AUTHORITY names an institution."),
)
