"""The workflow of a complaint: which transitions are allowed in which status, and for which roles, as one table.

A refused transition is returned as a value with a message that states what is allowed; nothing here raises or does I/O.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum

from hub.complaints.enums import ComplaintStatus as Status
from hub.kinds import Code
from hub.messages import Bilingual


class Role(Code):
    """The role of a person who acts on a complaint."""

    REPORTER = "REPORTER", "pelapor", "the reporter", "The person who submitted it, or a partner in their name."
    DESK = "DESK", "petugas pengaduan", "the complaint desk", "The officers who verify complaints and assign them."
    AGENCY = "AGENCY", "perangkat daerah", "the agency", "The officers of the agency that must answer."
    SYSTEM = "SYSTEM", "sistem", "the system", "The hub itself, after a deadline or a change in another system."


class Action(Code):
    """An action on a complaint. The labels are verbs that fit into a sentence."""

    SUBMIT = "SUBMIT", "mengajukan", "submit", "The complaint was submitted."
    VERIFY = "VERIFY", "memverifikasi", "verify", "The complaint is complete and valid."
    REJECT = "REJECT", "menolak", "reject", "The complaint is not handled, for a stated reason."
    RETURN = "RETURN", "mengembalikan", "return", "The reporter must add information; the clock is paused."
    RESUME = (
        "RESUME",
        "melanjutkan",
        "resume",
        "The reporter answered; the complaint gets its status from before the return.",
    )
    REPLY = "REPLY", "membalas", "reply to", "The reporter replies; a returned complaint gets its status from before."
    ASSIGN = "ASSIGN", "mendisposisi", "assign", "The complaint is assigned to an agency."
    START = "START", "menanggapi", "respond to", "The agency reports what it does, before its final answer."
    ANSWER = "ANSWER", "menjawab", "answer", "The agency gives its final answer."
    CLOSE = "CLOSE", "menutup", "close", "The reporter agrees, or did not reply for ten working days."
    REOPEN = "REOPEN", "membuka kembali", "reopen", "The answer or the rejection was wrong."
    RATE = "RATE", "menilai", "rate", "The reporter rates the answer with one to five stars."
    FORWARD = "FORWARD", "meneruskan", "forward", "The complaint is also sent to another system; its status stays."
    ACCEPT_REMOTE = (
        "ACCEPT_REMOTE",
        "mengikuti sistem lain untuk",
        "accept the remote value of",
        "The complaint gets a value that another system decided.",
    )
    LINK = "LINK", "menautkan", "link", "The desk confirmed a record of another system as the counterpart."
    KEEP_LOCAL = (
        "KEEP_LOCAL",
        "mempertahankan",
        "keep the local value of",
        "The local value stays, and the value of another system is declined.",
    )
    RENEW_CODE = (
        "RENEW_CODE",
        "memperbarui kode pelacakan",
        "renew the tracking code of",
        "The reporter gets a new tracking code; the former one is void.",
    )


class RejectionReason(Code):
    """The reason why a complaint is not handled (contract reference-data#laporgub)."""

    UNFIT = "UNFIT", "Tidak layak", "Not fit", "It has too little information, and the reporter did not add more."
    NOT_OUR_AUTHORITY = "NOT_OUR_AUTHORITY", "Bukan wewenang", "Not our authority", "Another institution must answer."
    SPAM = "SPAM", "Spam", "Spam", "It is advertising, a test, or a duplicate."


class Verdict(Code):
    """The desk's decision on a new complaint."""

    VERIFIED = "VERIFIED", "Diverifikasi", "Verified", "It is complete and valid."
    RETURNED = "RETURNED", "Dikembalikan", "Returned", "The reporter must add information."
    REJECTED = "REJECTED", "Ditolak", "Rejected", "It is not handled, for a stated reason."

    @property
    def action(self) -> Action:
        """The action of this verdict."""
        return _ACTION_OF[self]


_ACTION_OF = {Verdict.VERIFIED: Action.VERIFY, Verdict.RETURNED: Action.RETURN, Verdict.REJECTED: Action.REJECT}


class RefusalCode(StrEnum):
    """Why a transition is refused, for programs. Values are public interface."""

    WRONG_STATUS = "WRONG_STATUS"
    WRONG_ROLE = "WRONG_ROLE"
    ALREADY_THERE = "ALREADY_THERE"
    NOT_TAKEN = "NOT_TAKEN"
    WRONG_STATE = "WRONG_STATE"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refused transition; ``message`` states what is allowed."""

    code: RefusalCode
    message: Bilingual


class RelativeStatus(Enum):
    """The target of a transition that depends on the complaint."""

    UNCHANGED = "the current status"
    PREVIOUS = "the status before the complaint was returned"


@dataclass(frozen=True, slots=True)
class WorkflowRule:
    """One row of the workflow.

    In any of the statuses ``sources`` any of ``roles`` may do ``action``, which leads to ``target``.
    """

    action: Action
    sources: frozenset[Status]
    target: Status | RelativeStatus
    roles: frozenset[Role]


def _rule(action: Action, sources: Iterable[Status], target: Status | RelativeStatus, *roles: Role) -> WorkflowRule:
    return WorkflowRule(action, frozenset(sources), target, frozenset(roles))


_HANDLED = (Status.ASSIGNED, Status.IN_PROGRESS)
_OPEN = (Status.RECEIVED, Status.VERIFIED, *_HANDLED)
_FINISHED = (Status.ANSWERED, Status.CLOSED)

WORKFLOW: tuple[WorkflowRule, ...] = (
    _rule(Action.VERIFY, [Status.RECEIVED], Status.VERIFIED, Role.DESK),
    # A reporter may add information by telephone. A complaint that its agency returned stays with the agency.
    _rule(Action.VERIFY, [Status.RETURNED], RelativeStatus.PREVIOUS, Role.DESK),
    _rule(Action.REJECT, [Status.RECEIVED, Status.VERIFIED, Status.ASSIGNED], Status.REJECTED, Role.DESK),
    # A returned complaint is rejected if its reporter does not reply in time.
    _rule(Action.REJECT, [Status.RETURNED], Status.REJECTED, Role.DESK, Role.SYSTEM),
    _rule(Action.RETURN, [Status.RECEIVED, Status.VERIFIED], Status.RETURNED, Role.DESK),
    _rule(Action.RETURN, _HANDLED, Status.RETURNED, Role.DESK, Role.AGENCY),
    _rule(Action.RESUME, [Status.RETURNED], RelativeStatus.PREVIOUS, Role.REPORTER, Role.DESK, Role.SYSTEM),
    _rule(Action.REPLY, [Status.RETURNED], RelativeStatus.PREVIOUS, Role.REPORTER, Role.DESK),
    _rule(Action.REPLY, _OPEN, RelativeStatus.UNCHANGED, Role.REPORTER, Role.DESK),
    _rule(Action.ASSIGN, [Status.VERIFIED, *_HANDLED], Status.ASSIGNED, Role.DESK),
    # Reopening for another agency than the one that answered.
    _rule(Action.ASSIGN, _FINISHED, Status.ASSIGNED, Role.DESK),
    _rule(Action.START, _HANDLED, Status.IN_PROGRESS, Role.AGENCY, Role.DESK),
    _rule(Action.ANSWER, _HANDLED, Status.ANSWERED, Role.AGENCY, Role.DESK),
    _rule(Action.CLOSE, [Status.ANSWERED], Status.CLOSED, Role.REPORTER, Role.DESK, Role.SYSTEM),
    _rule(Action.REOPEN, _FINISHED, Status.IN_PROGRESS, Role.REPORTER, Role.DESK),
    _rule(Action.REOPEN, [Status.REJECTED], Status.RECEIVED, Role.DESK),
    # The desk enters ratings of reporters who telephone and have no account.
    _rule(Action.RATE, _FINISHED, RelativeStatus.UNCHANGED, Role.REPORTER, Role.DESK),
    # Only verified complaints are forwarded in the name of the province.
    _rule(Action.FORWARD, [Status.VERIFIED, *_HANDLED, Status.ANSWERED], RelativeStatus.UNCHANGED, Role.DESK),
)


DECISIONS: Mapping[Action, frozenset[Role]] = {
    # A remote value can make a secret complaint public or assign it to another agency.
    Action.ACCEPT_REMOTE: frozenset({Role.DESK, Role.SYSTEM}),
    Action.KEEP_LOCAL: frozenset({Role.DESK}),
    Action.RENEW_CODE: frozenset({Role.REPORTER, Role.DESK}),
    Action.LINK: frozenset({Role.DESK}),
}
"""The actions that are allowed in any status, with the roles that may do them; see ``WORKFLOW`` for the others."""


def check_decision(action: Action, role: Role) -> Refusal | None:
    """Return the refusal if ``role`` may not do ``action``, one of ``DECISIONS``; None if it may."""
    roles = DECISIONS[action]
    return None if role in roles else Refusal(RefusalCode.WRONG_ROLE, _wrong_role(action, roles))


def next_status(
    current: Status, action: Action, role: Role, *, returned_from: Status = Status.RECEIVED
) -> Status | Refusal:
    """Return the status after ``role`` does ``action``, or the refusal.

    ``returned_from`` is the status that a RETURNED complaint had before; it is ignored in any other status.
    """
    possible = [row for row in WORKFLOW if row.action is action and current in row.sources]
    if not possible:
        return Refusal(RefusalCode.WRONG_STATUS, _wrong_status(current, action, role))
    allowed = [row for row in possible if role in row.roles]
    if not allowed:
        return Refusal(RefusalCode.WRONG_ROLE, _wrong_role(action, [role for row in possible for role in row.roles]))
    return _target(allowed[0], current, returned_from)


def allowed(current: Status, role: Role) -> tuple[Action, ...]:
    """Return the actions that ``role`` may do in the status ``current``, in the order of ``Action``."""
    actions = {row.action for row in WORKFLOW if current in row.sources and role in row.roles}
    return tuple(action for action in Action if action in actions)


def _target(row: WorkflowRule, current: Status, returned_from: Status) -> Status:
    if row.target is RelativeStatus.UNCHANGED:
        return current
    if row.target is RelativeStatus.PREVIOUS:
        unverified = row.action is Action.VERIFY and returned_from is Status.RECEIVED
        return Status.VERIFIED if unverified else returned_from
    return row.target


def _wrong_status(current: Status, action: Action, role: Role) -> Bilingual:
    possible = allowed(current, role)
    return Bilingual(
        f"Cannot {action.label_en} a complaint that is {current.label_en.lower()}. What {role.label_en} can do "
        f"now: {', '.join(one.label_en for one in possible) or 'nothing'}.",
        f"Tidak dapat {action.label_id} aduan berstatus {current.label_id}. Yang dapat dilakukan "
        f"{role.label_id} sekarang: {', '.join(one.label_id for one in possible) or 'tidak ada'}.",
    )


def _wrong_role(action: Action, roles: Iterable[Role]) -> Bilingual:
    permitted = [role for role in Role if role in set(roles)]
    return Bilingual(
        f"Only these can {action.label_en} this complaint: {', '.join(role.label_en for role in permitted)}.",
        f"Yang dapat {action.label_id} aduan ini hanya: {', '.join(role.label_id for role in permitted)}.",
    )
