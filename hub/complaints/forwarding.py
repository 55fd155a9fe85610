"""What of a complaint's life goes to another system: by rule, and what follows once it is there. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Self

from hub.complaints.agencies import BY_CODE as AGENCIES
from hub.complaints.categories import BY_CODE as CATEGORIES
from hub.complaints.workflow import Action
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
