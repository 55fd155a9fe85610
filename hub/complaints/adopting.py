"""What of a complaint can follow another system's word: the fields by name, and how a word reads. Pure.

Words are text, so that each side's can be kept and compared whatever the field. Prose is not among the fields: it is
kept where it was written, and copied nowhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from hub.complaints import agencies, areas, categories
from hub.complaints.codes import ComplaintClass, ComplaintStatus
from hub.complaints.problems import Message
from hub.complaints.workflow import Refusal, RefusalCode
from hub.kinds import Code

STATUS, AGENCY = "status", "agency"


class Keep(Code):
    """Whose word a person lets stand where two systems disagree."""

    OURS = "OURS", "Punya kita", "Ours", "What was decided here stays; the other system's word is declined."
    THEIRS = "THEIRS", "Punya mereka", "Theirs", "The complaint follows the other system."


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a complaint: its column, and what makes a value of a word, or nothing of one that means nothing."""

    column: str
    of: Callable[[str], Any]

    def word(self, row: Mapping[Any, Any]) -> str | None:
        """What a complaint's row says of it."""
        value = row[self.column]
        return str(value).lower() if isinstance(value, bool) else value


def _among(codes: Mapping[str, Any]) -> Callable[[str], str | None]:
    return lambda word: word if word in codes else None


FIELDS: Mapping[str, Field] = {
    STATUS: Field("status", _among(ComplaintStatus.__members__)),
    AGENCY: Field("agency_code", _among(agencies.BY_CODE)),
    "class": Field("class", _among(ComplaintClass.__members__)),
    "category": Field("category", _among(categories.BY_CODE)),
    "area": Field("area_code", _among(areas.BY_CODE)),
    "anonymous": Field("anonymous", {"true": True, "false": False}.get),
    "secret": Field("secret", {"true": True, "false": False}.get),
}


def means(field: str, word: str, on: date) -> bool:
    """Whether ``word`` can be what a complaint says in ``field``; on the day ``on``, for who must be in office."""
    if field == AGENCY:
        return word in agencies.BY_CODE and agencies.BY_CODE[word].in_office(on)
    return field in FIELDS and FIELDS[field].of(word) is not None


def no_conflict() -> Refusal:
    """There is nothing to decide, or somebody has decided it."""
    message = Message(
        "Tidak ada perbedaan yang menunggu keputusan pada bidang itu.",
        "There is no difference in that field that waits for a decision.",
    )
    return Refusal(RefusalCode.WRONG_STATE, message)
