"""The fields of a complaint that can be shared with a record of another system, and how values are serialized. Pure.

Values are stored as text, so that both sides can be stored and compared in the same way for every field. Free text is
never shared: it is stored only where it was written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from hub.complaints import agencies, areas, categories
from hub.complaints.enums import ComplaintClass, ComplaintStatus
from hub.complaints.workflow import Refusal, RefusalCode
from hub.kinds import Code
from hub.messages import Bilingual

STATUS, AGENCY = "status", "agency"


class ConflictResolution(Code):
    """The resolution of a conflict between the local and the remote value."""

    KEEP_LOCAL = (
        "KEEP_LOCAL",
        "Pertahankan nilai hub",
        "Keep the local value",
        "The local value stays, and the value of the other system is declined.",
    )
    ACCEPT_REMOTE = (
        "ACCEPT_REMOTE",
        "Ikuti sistem lain",
        "Accept the remote value",
        "The complaint gets the value of the other system.",
    )


class ComplaintField(Code):
    """A field of a complaint that a record of another system may have as well."""

    STATUS = "STATUS", "Status", "Status", "The status."
    AGENCY = "AGENCY", "Perangkat daerah", "Agency", "The code of the agency that must answer."
    CLASS = "CLASS", "Klasifikasi", "Class", "The class."
    CATEGORY = "CATEGORY", "Kategori", "Category", "The code of the category."
    AREA = "AREA", "Wilayah", "Area", "The code of the regency or city that it concerns."
    ANONYMOUS = "ANONYMOUS", "Anonim", "Anonymous", "Whether the reporter is anonymous."
    SECRET = "SECRET", "Rahasia", "Secret", "Whether only the reporter and the officers who handle it see it."

    @property
    def stored(self) -> str:
        """Its name in the store."""
        return self.value.lower()


@dataclass(frozen=True, slots=True)
class Field:
    """A shared field: its column, and the function that parses its text; None for a text that is no value."""

    column: str
    parse: Callable[[str], Any]

    def serialize(self, row: Mapping[Any, Any]) -> str | None:
        """Return the value in a complaint's row as text; None without one."""
        value = row[self.column]
        return str(value).lower() if isinstance(value, bool) else value


def _code_of(codes: Mapping[str, Any]) -> Callable[[str], str | None]:
    return lambda text: text if text in codes else None


FIELDS: Mapping[str, Field] = {
    STATUS: Field("status", _code_of(ComplaintStatus.__members__)),
    AGENCY: Field("agency_code", _code_of(agencies.BY_CODE)),
    "class": Field("class", _code_of(ComplaintClass.__members__)),
    "category": Field("category", _code_of(categories.BY_CODE)),
    "area": Field("area_code", _code_of(areas.BY_CODE)),
    "anonymous": Field("anonymous", {"true": True, "false": False}.get),
    "secret": Field("secret", {"true": True, "false": False}.get),
}


def is_valid_value(field: str, value: str, on: date) -> bool:
    """Return whether a complaint can have ``value`` in ``field``; an agency must be in office on the day ``on``."""
    if field == AGENCY:
        return value in agencies.BY_CODE and agencies.BY_CODE[value].in_office(on)
    return field in FIELDS and FIELDS[field].parse(value) is not None


def no_conflict() -> Refusal:
    """Return the refusal of a decision on a conflict that does not exist or was decided already."""
    message = Bilingual(
        "There is no difference in that field that waits for a decision.",
        "Tidak ada perbedaan yang menunggu keputusan pada bidang itu.",
    )
    return Refusal(RefusalCode.WRONG_STATE, message)
