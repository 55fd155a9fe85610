"""Forwarding: which complaints are sent to another system, and which of their later steps. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Self

from hub.complaints.agencies import BY_CODE as AGENCIES
from hub.complaints.categories import BY_CODE as CATEGORIES
from hub.complaints.problems import Problem, check_length
from hub.complaints.workflow import Action, Refusal, RefusalCode, RejectionReason
from hub.kinds import Code
from hub.messages import Bilingual


class DeliveryAction(Code):
    """The effect of a delivery at the other system."""

    CREATE = (
        "CREATE",
        "Meneruskan aduan",
        "Forward the complaint",
        "The complaint becomes a record of the other system.",
    )
    FOLLOW_UP = "FOLLOW_UP", "Tindak lanjut", "Follow-up", "An update of the agency, or a message of the reporter."
    ANSWER = "ANSWER", "Jawaban", "Answer", "The agency's final answer."
    NOT_OURS = "NOT_OURS", "Bukan wewenang", "Not our authority", "Another institution must answer."
    RATE = "RATE", "Penilaian", "Rating", "The reporter's rating."


DELIVERY_ACTIONS: dict[Action, DeliveryAction] = {
    Action.START: DeliveryAction.FOLLOW_UP,
    Action.REPLY: DeliveryAction.FOLLOW_UP,
    Action.RETURN: DeliveryAction.FOLLOW_UP,
    Action.REOPEN: DeliveryAction.FOLLOW_UP,
    Action.ANSWER: DeliveryAction.ANSWER,
    Action.RATE: DeliveryAction.RATE,
}
"""Action on the complaint → action of its delivery. For rejections see ``delivery_action``."""


def delivery_action(action: Action, reason: RejectionReason | None) -> DeliveryAction | None:
    """Return how ``action`` is delivered to systems that have the complaint; None if it is not.

    A rejection is delivered only for the reason NOT_OUR_AUTHORITY.
    """
    if action is Action.REJECT:
        return DeliveryAction.NOT_OURS if reason is RejectionReason.NOT_OUR_AUTHORITY else None
    return DELIVERY_ACTIONS.get(action)


class DeliveryState(Code):
    """The state of a delivery."""

    WAITING = "WAITING", "Menunggu", "Waiting", "It is sent when it is due and all earlier deliveries have ended."
    SENDING = (
        "SENDING",
        "Dikirim",
        "Sending",
        "It is being sent; without a response it is looked up before it is sent again.",
    )
    DONE = "DONE", "Selesai", "Done", "It has arrived."
    BLOCKED = "BLOCKED", "Tertahan", "Blocked", "It was refused, or attempted too often; it waits for a person."
    OUTCOME_UNKNOWN = (
        "OUTCOME_UNKNOWN",
        "Hasil tidak diketahui",
        "Outcome unknown",
        "It may have arrived and cannot be looked up; it waits for a person.",
    )
    GIVEN_UP = "GIVEN_UP", "Dibatalkan", "Given up", "It will not be sent."


SETTLED = frozenset({DeliveryState.DONE, DeliveryState.GIVEN_UP})
"""States after which the next delivery of the same complaint may be sent."""
UNDECIDED = frozenset(DeliveryState) - SETTLED - {DeliveryState.SENDING}
"""States in which a person may decide; a delivery that is being sent is excluded."""


class AttemptOutcome(Code):
    """The outcome of an attempt to send or look up a delivery, or a person's decision on it."""

    DONE = "DONE", "Diterima", "Accepted", "The other system accepted it."
    TRY_LATER = (
        "TRY_LATER",
        "Coba lagi nanti",
        "Try later",
        "The other system did not process it; it is sent again later.",
    )
    NO_RESPONSE = "NO_RESPONSE", "Tanpa jawaban", "No response", "There was no response; it may have arrived."
    REFUSED = "REFUSED", "Ditolak", "Refused", "The other system refused it."
    NOT_SENDABLE = (
        "NOT_SENDABLE",
        "Tidak dapat dikirim",
        "Not sendable",
        "It cannot be sent as it is, and was not attempted.",
    )
    STOPPED = "STOPPED", "Dihentikan", "Stopped", "Nothing is sent to the system until a pull of it succeeds."
    FOUND = "FOUND", "Ditemukan", "Found", "It was looked up and has arrived."
    NOT_FOUND = "NOT_FOUND", "Tidak ditemukan", "Not found", "It was looked up and has not arrived."
    UNKNOWN = "UNKNOWN", "Tidak diketahui", "Unknown", "There was no response, and it cannot be looked up."
    RETRIED = "RETRIED", "Diulang", "Retried", "A person decided to send it again."
    GIVEN_UP = "GIVEN_UP", "Dibatalkan", "Given up", "A person gave it up, or the complaint was rejected."
    CONFIRMED = "CONFIRMED", "Dikonfirmasi", "Confirmed", "A person confirmed that it has arrived."


@dataclass(frozen=True, slots=True)
class ForwardingRule:
    """A rule that forwards the complaints of one category, or assigned to one agency, to ``system``."""

    system: str
    by: Literal["category", "agency"]
    code: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the rule in a text such as ``lapor:category:CIVIL_REGISTRY``; raises ValueError if it is invalid."""
        system, _, rest = text.partition(":")
        by, _, code = rest.partition(":")
        codes = {"category": frozenset(CATEGORIES), "agency": frozenset(AGENCIES)}
        known = codes.get(by)
        if not system or known is None:
            raise ValueError("a rule is system:category:CODE or system:agency:CODE")
        if code not in known:
            raise ValueError(f"one of its rules names an unknown {by}")
        return cls(system, "category" if by == "category" else "agency", code)


def forwarding_targets(rules: Iterable[ForwardingRule], category: str, agency: str | None) -> tuple[str, ...]:
    """Return the systems that a verified complaint is forwarded to, each once, in the order of the rules."""
    codes = {"category": category, "agency": agency}
    return tuple(dict.fromkeys(rule.system for rule in rules if codes[rule.by] == rule.code))


def choose_destination(requested: str | None, accepting: Iterable[str], holders: Iterable[str]) -> str | Refusal:
    """Return the system to forward to: ``requested``, or the only one of ``accepting``.

    Refused if that system does not accept complaints or is one of ``holders``, which have the complaint already.
    """
    candidates = tuple(accepting)
    chosen = requested if requested is not None else candidates[0] if len(candidates) == 1 else None
    if chosen not in candidates:
        return Refusal(RefusalCode.NOT_TAKEN, _not_accepted(candidates))
    return Refusal(RefusalCode.ALREADY_THERE, _already_forwarded(chosen)) if chosen in set(holders) else chosen


def wrong_state(state: DeliveryState) -> Refusal:
    """Return the refusal of a decision on a delivery in ``state``."""
    undecided = [one for one in DeliveryState if one in UNDECIDED]
    message = Bilingual(
        f"This delivery is {state.label_en.lower()}. Only one that is"
        f" {', '.join(one.label_en.lower() for one in undecided)} can be decided on.",
        f"Pengiriman ini berstatus {state.label_id}. Yang dapat diputuskan hanya yang berstatus"
        f" {', '.join(one.label_id for one in undecided)}.",
    )
    return Refusal(RefusalCode.WRONG_STATE, message)


def under_way() -> Refusal:
    """Return the refusal to confirm a claim while the complaint is being sent to that system."""
    message = Bilingual(
        "This complaint is being sent to that system; decide again when the delivery has ended.",
        "Aduan ini sedang dikirim ke sistem itu; putuskan lagi setelah pengiriman selesai.",
    )
    return Refusal(RefusalCode.WRONG_STATE, message)


def linked_elsewhere() -> Refusal:
    """Return the refusal to link a complaint and a record of which one is linked otherwise."""
    message = Bilingual(
        "This complaint or that record is linked to another one; check the id.",
        "Aduan ini atau catatan itu sudah tertaut dengan yang lain; periksa nomornya.",
    )
    return Refusal(RefusalCode.ALREADY_THERE, message)


def check_confirmation(action: DeliveryAction, external_id: str | None) -> list[Problem]:
    """Return the problems of a person's confirmation that a delivery has arrived.

    A forwarded complaint needs the id of the record that it became.
    """
    if external_id is None and action is not DeliveryAction.CREATE:
        return []
    return check_length("externalId", external_id or "", 1, 500)


def _not_accepted(candidates: tuple[str, ...]) -> Bilingual:
    names = ", ".join(candidates)
    return Bilingual(
        f"Name the system; these accept complaints: {names or 'none'}.",
        f"Sebutkan sistem tujuan; yang menerima aduan: {names or 'tidak ada'}.",
    )


def _already_forwarded(system: str) -> Bilingual:
    return Bilingual(f"This complaint was forwarded to {system} already.", f"Aduan ini sudah diteruskan ke {system}.")
