"""Maps a raw item of Example to a record. Pure: no settings, no HTTP, no clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from hub.contract import Record
from hub.errors import BadRecord
from hub.kept_columns import quote_code
from hub.kinds import Code, Key, Kind

# Choice: the personal fields. They are dropped before anything is stored.
PERSONAL = ("reported_by",)
# All fields that are read below; the values of other fields are never stored.
COLUMNS = ("number", "title", "area", "status", "changed_at", "tickets[]")
# Choice: which of them are free text.
PROSE = ("title",)


class ExampleStatus(Code):
    """The status of an item."""

    OPEN = "OPEN", "Terbuka", "Open", "It waits."
    DONE = "DONE", "Selesai", "Done", "It is done."
    UNKNOWN = "UNKNOWN", "Tidak dikenal", "Unknown", "The system sent a status the hub does not know; see sourceStatus."


STATUSES = {"open": ExampleStatus.OPEN, "done": ExampleStatus.DONE}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleItem(Kind):
    """An item of Example.

    Choice: a kind of its own, as here, or one that the hub has (``hub/kinds/``); then there is no ``types.py``.
    """

    kind: ClassVar[str] = "example"
    statuses: ClassVar[type[Code]] = ExampleStatus
    prose: ClassVar[frozenset[str]] = frozenset({"title"})
    indexed: ClassVar[tuple[str, ...]] = ("area",)

    number: str
    title: str
    area: str


def to_record(raw: Mapping[str, Any]) -> Record:
    """Return the record of ``raw``; ``BadRecord`` if it cannot be read."""
    source_status, at, area = _text(raw, "status"), time_of(raw), _text(raw, "area")
    status = STATUSES.get(source_status, ExampleStatus.UNKNOWN)
    number = _text(raw, "number")
    return Record(
        facts=ExampleItem(number=number, title=_text(raw, "title"), area=area),
        external_id=number,
        version=int(at.timestamp()),
        status=status.value,
        source_status=source_status,
        occurred_at=at,
        updated_at=at,
        # Choice: what links it to complaints and to records of other systems.
        keys=(Key("area", area), *(Key("ticket", ticket) for ticket in _tickets(raw))),
        final=status is ExampleStatus.DONE,
        unknown="status" if status is ExampleStatus.UNKNOWN else None,
    )


def time_of(raw: Mapping[str, Any]) -> datetime:
    """Return when an item last changed."""
    text = _text(raw, "changed_at")
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise BadRecord(f"changed_at is {quote_code(text)}, and not a time with a zone")
    return at


def _text(raw: Mapping[str, Any], name: str) -> str:
    value = raw.get(name)
    if not isinstance(value, str) or not value:
        raise BadRecord(f"{name} is not a text")
    return value


def _tickets(raw: Mapping[str, Any]) -> list[str]:
    value = raw.get("tickets")
    return [ticket for ticket in value if isinstance(ticket, str) and ticket] if isinstance(value, list) else []
