"""From a raw lamp to a record of the kind lamp. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from hub.connectors.base import Record
from hub.errors import BadRecord
from hub.kinds import Code, Key, Kind

PERSONAL = ("reported_by",)


class LampStatus(Code):
    """Whether a lamp burns."""

    BURNING = "BURNING", "Menyala", "Burning", "It burns."
    BROKEN = "BROKEN", "Padam", "Broken", "It does not burn."
    UNKNOWN = "UNKNOWN", "Tidak dikenal", "Unknown", "The company sent a status the hub does not know."


@dataclass(frozen=True, slots=True, kw_only=True)
class Lamp(Kind):
    """A lamp in a street."""

    kind: ClassVar[str] = "lamp"
    statuses: ClassVar[type[Code]] = LampStatus
    indexed: ClassVar[tuple[str, ...]] = ("street",)

    number: str
    street: str


STATUSES = {"nyala": LampStatus.BURNING, "padam": LampStatus.BROKEN}


def to_record(raw: Mapping[str, Any]) -> Record:
    """The record of ``raw``; its tickets are the complaints it was reported by."""
    told, at = _text(raw, "status"), _time(raw)
    status = STATUSES.get(told, LampStatus.UNKNOWN)
    number = _text(raw, "number")
    return Record(
        facts=Lamp(number=number, street=_text(raw, "street")),
        external_id=number,
        version=int(at.timestamp()),
        status=status.value,
        told=told,
        occurred_at=at,
        updated_at=at,
        keys=(Key("area", _text(raw, "area")), *(Key("ticket", ticket) for ticket in _tickets(raw))),
        unknown="status" if status is LampStatus.UNKNOWN else None,
    )


def _text(raw: Mapping[str, Any], name: str) -> str:
    told = raw.get(name)
    if not isinstance(told, str) or not told:
        raise BadRecord(f"{name} is not a text")
    return told


def _time(raw: Mapping[str, Any]) -> datetime:
    try:
        at = datetime.fromisoformat(_text(raw, "changed_at"))
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise BadRecord("changed_at is not a time with a zone")
    return at


def _tickets(raw: Mapping[str, Any]) -> list[str]:
    told = raw.get("tickets")
    return [ticket for ticket in told if isinstance(ticket, str) and ticket] if isinstance(told, list) else []
