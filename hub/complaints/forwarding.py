"""What of a complaint's life goes to another system: by rule, and what follows once it is there. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Self

from hub.complaints.agencies import BY_CODE as AGENCIES
from hub.complaints.categories import BY_CODE as CATEGORIES
from hub.complaints.problems import Message, Problem, length
from hub.complaints.workflow import Action, Refusal, RefusalCode, RejectReason
from hub.kinds import Code


class DeliveryAction(Code):
    """What a delivery does at the other side."""

    CREATE = "CREATE", "Meneruskan aduan", "Forward the complaint", "It becomes a record of the other system."
    FOLLOW_UP = "FOLLOW_UP", "Tindak lanjut", "Follow-up", "What the agency does, or what the reporter writes."
    ANSWER = "ANSWER", "Jawaban", "Answer", "The agency's final answer."
    NOT_OURS = "NOT_OURS", "Bukan wewenang", "Not our authority", "Another institution must answer."
    RATE = "RATE", "Penilaian", "Rating", "The reporter's stars."


FOLLOWS: dict[Action, DeliveryAction] = {
    Action.START: DeliveryAction.FOLLOW_UP,
    Action.REPLY: DeliveryAction.FOLLOW_UP,
    Action.RETURN: DeliveryAction.FOLLOW_UP,
    Action.REOPEN: DeliveryAction.FOLLOW_UP,
    Action.ANSWER: DeliveryAction.ANSWER,
    Action.RATE: DeliveryAction.RATE,
}
"""What somebody did here → what the other side is told of it. A rejection is told where it is for want of authority."""


def follows(action: Action, reason: RejectReason | None) -> DeliveryAction | None:
    """What the other side is told of ``action``; of a rejection only that it is for want of authority."""
    if action is Action.REJECT:
        return DeliveryAction.NOT_OURS if reason is RejectReason.NOT_OUR_AUTHORITY else None
    return FOLLOWS.get(action)


class DeliveryState(Code):
    """How far a delivery is."""

    WAITING = "WAITING", "Menunggu", "Waiting", "It is sent when it is due and what comes before it is settled."
    SENDING = "SENDING", "Dikirim", "Sending", "It is under way; if no answer comes, the other side is looked at first."
    DONE = "DONE", "Selesai", "Done", "The other side has it."
    HELD = "HELD", "Tertahan", "Held", "Refused, or tried too often: it waits for a person."
    UNKNOWN = "UNKNOWN", "Tidak diketahui", "Unknown", "Whether it arrived cannot be told: it waits for a person."
    GIVEN_UP = "GIVEN_UP", "Dibatalkan", "Given up", "It is not sent any more."


SETTLED = frozenset({DeliveryState.DONE, DeliveryState.GIVEN_UP})
"""States after which the next delivery of the same complaint may go."""
UNDECIDED = frozenset(DeliveryState) - SETTLED - {DeliveryState.SENDING}
"""States in which a person may decide; what is under way is not touched."""


class AttemptOutcome(Code):
    """What came of one attempt to bring a delivery over, to look whether it arrived, or of a person's decision."""

    DONE = "DONE", "Diterima", "Taken", "The other side took it."
    TRY_LATER = "TRY_LATER", "Coba lagi nanti", "Try later", "The other side did nothing; it is tried again."
    UNCLEAR = "UNCLEAR", "Tidak jelas", "Unclear", "No answer came: it may have been taken."
    REFUSED = "REFUSED", "Ditolak", "Refused", "The other side refuses it."
    UNFIT = "UNFIT", "Tidak dapat dikirim", "Unfit", "It cannot be sent as it is; it was not tried."
    STOPPED = "STOPPED", "Dihentikan", "Stopped", "The system rests until a person mends its settings."
    FOUND = "FOUND", "Ditemukan", "Found", "It was looked for, and is there."
    NOT_FOUND = "NOT_FOUND", "Tidak ditemukan", "Not found", "It was looked for, and is not there."
    UNKNOWN = "UNKNOWN", "Tidak diketahui", "Unknown", "Nothing came back, and nobody can look."
    RETRIED = "RETRIED", "Diulang", "Retried", "A person had it sent again."
    GIVEN_UP = "GIVEN_UP", "Dibatalkan", "Given up", "A person, or what became of the complaint, ended it."
    CONFIRMED = "CONFIRMED", "Dikonfirmasi", "Confirmed", "A person found it there."


@dataclass(frozen=True, slots=True)
class Rule:
    """Complaints of one category, or given to one agency, are forwarded to ``system``."""

    system: str
    by: Literal["category", "agency"]
    code: str

    @classmethod
    def read(cls, told: str) -> Self:
        """``lapor:category:CIVIL_REGISTRY``; a ``ValueError`` says what is wrong."""
        system, _, rest = told.partition(":")
        by, _, code = rest.partition(":")
        codes = {"category": frozenset(CATEGORIES), "agency": frozenset(AGENCIES)}
        known = codes.get(by)
        if not system or known is None:
            raise ValueError("a rule is system:category:CODE or system:agency:CODE")
        if code not in known:
            raise ValueError(f"one of its rules names no {by} of the hub")
        return cls(system, "category" if by == "category" else "agency", code)


def forwards_to(rules: Iterable[Rule], category: str, agency: str | None) -> tuple[str, ...]:
    """The systems a verified complaint is forwarded to, each once, in the order of the rules."""
    told = {"category": category, "agency": agency}
    return tuple(dict.fromkeys(rule.system for rule in rules if told[rule.by] == rule.code))


def destination(wanted: str | None, taking: Iterable[str], there: Iterable[str]) -> str | Refusal:
    """The system to forward to: ``wanted``, or the only one of ``taking``; refused where it is ``there`` already."""
    able = tuple(taking)
    chosen = wanted if wanted is not None else able[0] if len(able) == 1 else None
    if chosen not in able:
        return Refusal(RefusalCode.NOT_TAKEN, _not_taken(able))
    return Refusal(RefusalCode.ALREADY_THERE, _already_there(chosen)) if chosen in set(there) else chosen


def wrong_state(state: DeliveryState) -> Refusal:
    """A person cannot do this to a delivery in ``state``."""
    undecided = [one for one in DeliveryState if one in UNDECIDED]
    message = Message(
        f"Pengiriman ini berstatus {state.label_id}. Yang dapat diputuskan hanya yang berstatus"
        f" {', '.join(one.label_id for one in undecided)}.",
        f"This delivery is {state.label_en.lower()}. Only one that is"
        f" {', '.join(one.label_en.lower() for one in undecided)} can be decided on.",
    )
    return Refusal(RefusalCode.WRONG_STATE, message)


def linked_elsewhere() -> Refusal:
    """The record a person names is another one than the complaint's, or another complaint's."""
    message = Message(
        "Aduan ini atau catatan itu sudah tertaut dengan yang lain; periksa nomornya.",
        "This complaint or that record is linked to another one; check the id.",
    )
    return Refusal(RefusalCode.ALREADY_THERE, message)


def check_confirmation(action: DeliveryAction, external_id: str | None) -> list[Problem]:
    """What is wrong with a person's word that a delivery arrived: of a forwarded complaint, which record it became."""
    if external_id is None and action is not DeliveryAction.CREATE:
        return []
    return length("externalId", external_id or "", 1, 500)


def _not_taken(able: tuple[str, ...]) -> Message:
    known = ", ".join(able)
    return Message(
        f"Sebutkan sistem tujuan; yang menerima aduan: {known or 'tidak ada'}.",
        f"Name the system; those that take complaints: {known or 'none'}.",
    )


def _already_there(system: str) -> Message:
    return Message(f"Aduan ini sudah diteruskan ke {system}.", f"This complaint was forwarded to {system} already.")
