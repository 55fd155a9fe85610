"""Reports at the national complaint service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from hub.kinds.base import Code, Kind


class ReportStatus(Code):
    """The status of a report at the centre; names as published for SP4N-LAPOR! (contract lapor#statuses)."""

    UNVERIFIED = (
        "UNVERIFIED",
        "Belum diverifikasi",
        "Not verified yet",
        "The national complaint desk has not verified the report yet.",
    )
    VERIFIED = "VERIFIED", "Diverifikasi", "Verified", "The national complaint desk accepted the report."
    DISPOSED = "DISPOSED", "Didisposisi", "Passed on", "The report was passed on to the institution that must answer."
    IN_PROGRESS = "IN_PROGRESS", "Dalam proses", "In progress", "The institution is working on the report."
    FOLLOWED_UP = "FOLLOWED_UP", "Ditindaklanjuti", "Followed up", "The institution answered the report."
    POSTPONED = "POSTPONED", "Ditunda", "Postponed", "The institution postponed its answer."
    TRANSFERRED = "TRANSFERRED", "Dialihkan", "Transferred", "The report was transferred to another institution."
    CLOSED = "CLOSED", "Selesai", "Closed", "The report is closed."
    REJECTED = "REJECTED", "Ditolak", "Rejected", "The report was rejected or deleted."
    UNKNOWN = (
        "UNKNOWN",
        "Tidak dikenal",
        "Unknown",
        "The national service sent a status that the hub does not know; see `sourceStatus`.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Report(Kind):
    """A report at the centre. Times in ``log`` are ISO 8601 with zone; ``disposition`` is who must answer.

    ``log`` rows: ``{"at", "type" (STATUS, DISPOSITION, NOTE, FOLLOW_UP), "from", "to",
    "status_old", "status_new", "attachments"}``; their free text is in ``notes`` at the same index
    (None where there is none), because it is prose.
    """

    kind: ClassVar[str] = "report"
    statuses: ClassVar[type[Code]] = ReportStatus
    prose: ClassVar[frozenset[str]] = frozenset({"title", "content", "notes"})
    indexed: ClassVar[tuple[str, ...]] = ("agency_code", "area_code")
    fact_of_key: ClassVar[Mapping[str, str]] = {"agency": "agency_code", "area": "area_code"}
    searched: ClassVar[tuple[str, ...]] = ("title", "content")

    tracking_id: str
    title: str
    content: str
    classification: str | None
    category: str | None
    channel: str | None
    area_code: str | None
    institution: str | None
    disposition: str | None
    agency_code: str | None
    anonymous: bool
    secret: bool
    followups: int
    attachments: int
    log: list[dict[str, Any]]
    notes: list[str | None]
