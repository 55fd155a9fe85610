"""Which way a complaint may go, and who may move it: the workflow as one table of data.

A refusal is a value with a message that says what is allowed instead; nothing here raises or does I/O.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, StrEnum

from hub.complaints.codes import ComplaintStatus as Status
from hub.complaints.problems import Message
from hub.kinds import Code


class Role(Code):
    """In what role somebody moves a complaint."""

    REPORTER = "REPORTER", "pelapor", "the reporter", "Who submitted it, or the partner in their name."
    DESK = "DESK", "petugas pengaduan", "the complaint desk", "The province's officers who verify and pass on."
    AGENCY = "AGENCY", "perangkat daerah", "the agency", "Officers of the agency that must answer."
    SYSTEM = "SYSTEM", "sistem", "the system", "The hub itself, when a deadline passed or another system said so."


class Action(Code):
    """What somebody does to a complaint; labels fit into a list."""

    SUBMIT = "SUBMIT", "mengajukan", "submit", "It came in."
    VERIFY = "VERIFY", "memverifikasi", "verify", "It is complete and fit."
    REJECT = "REJECT", "menolak", "reject", "It is not handled; a reason is given."
    RETURN = "RETURN", "mengembalikan", "return", "The reporter is asked for more; the clock stands still."
    RESUME = "RESUME", "melanjutkan", "resume", "The reporter answered; it goes on where it stood."
    REPLY = "REPLY", "membalas", "reply to", "The reporter writes; what was returned goes on where it stood."
    ASSIGN = "ASSIGN", "mendisposisi", "assign", "It is given to an agency, or to another one."
    START = "START", "menanggapi", "respond to", "The agency says what it does; not its last word."
    ANSWER = "ANSWER", "menjawab", "answer", "The agency's final answer."
    CLOSE = "CLOSE", "menutup", "close", "The reporter is content, or silent for ten working days."
    REOPEN = "REOPEN", "membuka kembali", "reopen", "The answer does not hold, or the rejection was wrong."
    RATE = "RATE", "menilai", "rate", "One to five stars for the answer."
    FORWARD = "FORWARD", "meneruskan", "forward", "It is brought to another system too; it stays where it is."
    ADOPT = "ADOPT", "menyesuaikan", "adopt", "Another system decided, and the complaint follows."
    KEEP = "KEEP", "mempertahankan", "keep", "Another system says otherwise, and what was decided here stays."


class RejectReason(Code):
    """Why a complaint is not handled (contract A.5)."""

    UNFIT = "UNFIT", "Tidak layak", "Not fit", "Too little to act on, and the reporter did not add to it."
    NOT_OUR_AUTHORITY = "NOT_OUR_AUTHORITY", "Bukan wewenang", "Not our authority", "Another government must answer."
    SPAM = "SPAM", "Spam", "Spam", "Advertising, a test, or the same again."


class Verdict(Code):
    """What the desk decides on a complaint that came in."""

    VERIFIED = "VERIFIED", "Diverifikasi", "Verified", "It is complete and fit."
    RETURNED = "RETURNED", "Dikembalikan", "Returned", "The reporter is asked for more."
    REJECTED = "REJECTED", "Ditolak", "Rejected", "It is not handled; a reason is given."

    @property
    def action(self) -> Action:
        """The action of this verdict."""
        return _ACTION_OF[self]


_ACTION_OF = {Verdict.VERIFIED: Action.VERIFY, Verdict.RETURNED: Action.RETURN, Verdict.REJECTED: Action.REJECT}


class RefusalCode(StrEnum):
    """Why a move is refused, for programs. Values are interface."""

    WRONG_STATUS = "WRONG_STATUS"
    WRONG_ROLE = "WRONG_ROLE"
    ALREADY_THERE = "ALREADY_THERE"
    NOT_TAKEN = "NOT_TAKEN"
    WRONG_STATE = "WRONG_STATE"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A move that is not allowed; ``message`` says what is."""

    code: RefusalCode
    message: Message


class Goes(Enum):
    """Where a move leads that names no status of its own."""

    STAYS = "stays where it is"
    BACK = "goes back to where it stood before it was returned"


@dataclass(frozen=True, slots=True)
class Move:
    """One row of the workflow: in any status of ``at``, any of ``by`` may do ``action``, and it gets ``to``."""

    action: Action
    at: frozenset[Status]
    to: Status | Goes
    by: frozenset[Role]


def _move(action: Action, at: Iterable[Status], to: Status | Goes, *by: Role) -> Move:
    return Move(action, frozenset(at), to, frozenset(by))


_HANDLED = (Status.ASSIGNED, Status.IN_PROGRESS)
_OPEN = (Status.RECEIVED, Status.VERIFIED, *_HANDLED)
_FINISHED = (Status.ANSWERED, Status.CLOSED)

MOVES: tuple[Move, ...] = (
    _move(Action.VERIFY, [Status.RECEIVED], Status.VERIFIED, Role.DESK),
    # The desk may accept what a reporter added by telephone; a complaint an agency returned keeps its agency.
    _move(Action.VERIFY, [Status.RETURNED], Goes.BACK, Role.DESK),
    _move(Action.REJECT, [Status.RECEIVED, Status.VERIFIED, Status.ASSIGNED], Status.REJECTED, Role.DESK),
    # A reporter who does not reply in time leaves a complaint nobody can act on.
    _move(Action.REJECT, [Status.RETURNED], Status.REJECTED, Role.DESK, Role.SYSTEM),
    _move(Action.RETURN, [Status.RECEIVED, Status.VERIFIED], Status.RETURNED, Role.DESK),
    _move(Action.RETURN, _HANDLED, Status.RETURNED, Role.DESK, Role.AGENCY),
    _move(Action.RESUME, [Status.RETURNED], Goes.BACK, Role.REPORTER, Role.DESK, Role.SYSTEM),
    _move(Action.REPLY, [Status.RETURNED], Goes.BACK, Role.REPORTER, Role.DESK),
    _move(Action.REPLY, _OPEN, Goes.STAYS, Role.REPORTER, Role.DESK),
    _move(Action.ASSIGN, [Status.VERIFIED, *_HANDLED], Status.ASSIGNED, Role.DESK),
    # Reopening for another agency than the one that answered.
    _move(Action.ASSIGN, _FINISHED, Status.ASSIGNED, Role.DESK),
    _move(Action.START, _HANDLED, Status.IN_PROGRESS, Role.AGENCY, Role.DESK),
    _move(Action.ANSWER, _HANDLED, Status.ANSWERED, Role.AGENCY, Role.DESK),
    _move(Action.CLOSE, [Status.ANSWERED], Status.CLOSED, Role.REPORTER, Role.DESK, Role.SYSTEM),
    _move(Action.REOPEN, _FINISHED, Status.IN_PROGRESS, Role.REPORTER, Role.DESK),
    _move(Action.REOPEN, [Status.REJECTED], Status.RECEIVED, Role.DESK),
    # The desk rates for reporters who have no account: those who telephone.
    _move(Action.RATE, _FINISHED, Goes.STAYS, Role.REPORTER, Role.DESK),
    # What nobody has verified is not passed on in the province's name.
    _move(Action.FORWARD, [Status.VERIFIED, *_HANDLED, Status.ANSWERED], Goes.STAYS, Role.DESK),
)


def move(current: Status, action: Action, role: Role, *, returned_from: Status = Status.RECEIVED) -> Status | Refusal:
    """The status ``action`` leads to when ``role`` does it, or why it may not.

    ``returned_from`` is the status a RETURNED complaint had before; it is read for no other.
    """
    possible = [row for row in MOVES if row.action is action and current in row.at]
    if not possible:
        return Refusal(RefusalCode.WRONG_STATUS, _wrong_status(current, action, role))
    allowed = [row for row in possible if role in row.by]
    if not allowed:
        return Refusal(RefusalCode.WRONG_ROLE, _wrong_role(action, [by for row in possible for by in row.by]))
    return _target(allowed[0], current, returned_from)


def allowed(current: Status, role: Role) -> tuple[Action, ...]:
    """What ``role`` may do to a complaint in ``current``, in the order of ``Action``."""
    able = {row.action for row in MOVES if current in row.at and role in row.by}
    return tuple(action for action in Action if action in able)


def _target(row: Move, current: Status, returned_from: Status) -> Status:
    if row.to is Goes.STAYS:
        return current
    if row.to is Goes.BACK:
        unverified = row.action is Action.VERIFY and returned_from is Status.RECEIVED
        return Status.VERIFIED if unverified else returned_from
    return row.to


def _wrong_status(current: Status, action: Action, role: Role) -> Message:
    able = allowed(current, role)
    return Message(
        f"Tidak dapat {action.label_id} aduan berstatus {current.label_id}. Yang dapat dilakukan "
        f"{role.label_id} sekarang: {', '.join(one.label_id for one in able) or 'tidak ada'}.",
        f"Cannot {action.label_en} a complaint that is {current.label_en.lower()}. What {role.label_en} can do "
        f"now: {', '.join(one.label_en for one in able) or 'nothing'}.",
    )


def _wrong_role(action: Action, by: Iterable[Role]) -> Message:
    able = [role for role in Role if role in set(by)]
    return Message(
        f"Yang dapat {action.label_id} aduan ini hanya: {', '.join(role.label_id for role in able)}.",
        f"Only these can {action.label_en} this complaint: {', '.join(role.label_en for role in able)}.",
    )
