"""What a person can do about a disagreement, and what each act needs. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.complaints.problems import Problem, ProblemCode, check_length
from hub.kinds import Code
from hub.messages import Bilingual

MAX_MATTERS = 500
"""Maximum number of disagreements of one request."""
MAX_REASON = 500
"""Maximum number of characters of a reason."""
MAX_IGNORED = timedelta(days=366)
"""How long a disagreement may be ignored at most."""


class DisagreementAct(Code):
    """What a person does about a disagreement."""

    TELL_AGAIN = (
        "TELL_AGAIN",
        "Kirim ulang",
        "Send again",
        "The hub sends the deciding side's value to the other side again, with a new count of attempts. For a"
        " complaint, its blocked deliveries are sent again.",
    )
    ACCEPT_OTHER = (
        "ACCEPT_OTHER",
        "Ikuti sistem lain",
        "Accept the other value",
        "A complaint gets the other system's value in each field that waits for a person, as with `resolveConflict`.",
    )
    KEEP = (
        "KEEP",
        "Pertahankan nilai hub",
        "Keep the value",
        "A complaint keeps its value in each field that waits for a person, as with `resolveConflict`.",
    )
    IGNORE_UNTIL = (
        "IGNORE_UNTIL",
        "Abaikan sampai",
        "Ignore until",
        "The disagreement counts as ignored until a time, or until it changes.",
    )
    CONFIRM_MATCH = (
        "CONFIRM_MATCH",
        "Pastikan pasangan",
        "Confirm the match",
        "The record of the other side that is named is the same matter.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """An act with what it needs: ``until`` and ``reason`` to ignore, ``record`` to confirm a match."""

    kind: DisagreementAct
    until: datetime | None = None
    reason: str | None = None
    record: str | None = None

    @property
    def note(self) -> str:
        """The act as it stands in the history."""
        until = f" {self.until.isoformat(timespec='seconds')}" if self.until else ""
        record = f" {self.record}" if self.record else ""
        return f"{self.kind.value}{until}{record}" + (f": {self.reason}" if self.reason else "")


def check_act(act: Act, now: datetime) -> list[Problem]:
    """Return the problems with what an act has, and with what it lacks."""
    problems = check_length("reason", act.reason, 1, MAX_REASON) if act.reason is not None else []
    match act.kind:
        case DisagreementAct.IGNORE_UNTIL:
            problems += [] if act.reason is not None else [_required("reason")]
            problems += _check_until(act.until, now)
        case DisagreementAct.CONFIRM_MATCH:
            problems += check_length("record", act.record, 1, 200) if act.record is not None else [_required("record")]
    needed = {"until": DisagreementAct.IGNORE_UNTIL, "record": DisagreementAct.CONFIRM_MATCH}
    given = {"until": act.until, "record": act.record}
    return problems + [
        _only_with(name, kind) for name, kind in needed.items() if given[name] is not None and act.kind is not kind
    ]


def _check_until(until: datetime | None, now: datetime) -> list[Problem]:
    if until is None:
        return [_required("until")]
    if until.tzinfo is not None and now < until <= now + MAX_IGNORED:
        return []
    message = Bilingual(
        f"It must be a time in the next {MAX_IGNORED.days} days.",
        f"Harus waktu dalam {MAX_IGNORED.days} hari ke depan.",
    )
    return [Problem("until", ProblemCode.OUT_OF_RANGE, message)]


def _required(field: str) -> Problem:
    message = Bilingual("This act requires it.", "Wajib diisi untuk tindakan ini.")
    return Problem(field, ProblemCode.REQUIRED, message)


def _only_with(field: str, kind: DisagreementAct) -> Problem:
    message = Bilingual(f"It is only for the act {kind.value}.", f"Hanya untuk tindakan {kind.value}.")
    return Problem(field, ProblemCode.NOT_ALLOWED, message)
