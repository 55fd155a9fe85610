"""The part ``reports``: what the national complaint service says, beside the province's own complaints."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Any, Self

import strawberry

from hub.kinds import Code, ReportStatus
from hub.schema.context import Info
from hub.schema.files import ReportFile, files_of
from hub.schema.listing import Listing, list_field
from hub.schema.nodes import LanguageArgument, code_enum, label
from hub.schema.part import Part, entity
from hub.schema.records import SystemRecord, common
from hub.schema.weights import SHORT
from hub.store.reading import record_entities
from hub.store.reading.entity import Row

part = Part("reports", "Reports at the centre.")

code_enum(ReportStatus, "Where a report stands at the centre.")

SCOPE = "reports:read"


class ReportEventType(Code):
    """What happened to a report."""

    STATUS = "STATUS", "Status", "Status", "Its status changed."
    DISPOSITION = "DISPOSITION", "Disposisi", "Disposition", "It was passed to an institution."
    NOTE = "NOTE", "Catatan", "Note", "A note of the desk."
    FOLLOW_UP = "FOLLOW_UP", "Tindak lanjut", "Follow-up", "An answer or a reply."


code_enum(ReportEventType, "What happened to a report.")


@strawberry.type(description="One thing that happened to a report at the centre.")
class ReportEvent:
    """One row of a report's log."""

    at: datetime | None = strawberry.field(description="When; null where the centre told no readable time.")
    type: ReportEventType = strawberry.field(description="What.")
    from_institution: str | None = strawberry.field(description="Who acted.")
    to_institution: str | None = strawberry.field(description="To whom.")
    status_old: str | None = strawberry.field(description="The status before, in the centre's word.")
    status_new: str | None = strawberry.field(description="The status after, in the centre's word.")
    note: str | None = strawberry.field(description="What was written, as plain text.")
    attachments: int = strawberry.field(description="How many files came with it.")

    @classmethod
    def of(cls, event: dict[str, Any], note: str | None) -> Self:
        """From a row of the record's log and its prose."""
        return cls(
            at=datetime.fromisoformat(event["at"]) if event["at"] else None,
            type=ReportEventType(event["type"]),
            from_institution=event["from"],
            to_institution=event["to"],
            status_old=event["status_old"],
            status_new=event["status_new"],
            note=note,
            attachments=event["attachments"],
        )


@entity(part, "A report at the national complaint service.")
class CentralReport(SystemRecord):
    """A record of kind ``report``."""

    entity = record_entities.REPORT
    natural_keys = {"trackingId": "report"}

    tracking_id: str = strawberry.field(description="The number the reporter was told.")
    title: str = strawberry.field(description="Its title.")
    content: str = strawberry.field(description="What was written, as plain text; it may name people.")
    classification: str | None = strawberry.field(description="Its class, in the centre's word.")
    category: str | None = strawberry.field(description="Its category, in the centre's word.")
    channel: str | None = strawberry.field(description="Where it came in, in the centre's word.")
    status: ReportStatus = strawberry.field(description="Where it stands.")
    institution: str | None = strawberry.field(description="The institution that owns it.")
    disposition: str | None = strawberry.field(description="The institution that must answer.")
    anonymous: bool = strawberry.field(description="Whether the reporter's name is hidden.")
    secret: bool = strawberry.field(description="Whether it is hidden from the public.")
    reported_at: datetime = strawberry.field(description="When it came in at the centre.")
    followups: int = strawberry.field(description="How many follow-ups it has.")
    log: list[ReportEvent] = strawberry.field(description="What happened to it, in order.")

    @strawberry.field(description="The files that came with it, as far as the hub has them.", directives=[SHORT])
    async def files(self, info: Info) -> list[ReportFile]:
        """One statement a level."""
        return await files_of(info.context, self.ref)

    @strawberry.field(description="Where it stands, in words; of a status nobody knows the centre's own word.")
    def status_label(self, info: Info, language: LanguageArgument = None) -> str | None:
        """So that people see what the hub cannot read."""
        if self.status is not ReportStatus.UNKNOWN:
            return label(info, self.status.label_id, self.status.label_en, language)
        told = self.status_told
        return label(info, f"Tidak dikenal di pusat: {told}", f"Unknown at the centre: {told}", language)

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """From ``records``."""
        body, prose = row["body"], row["prose"]
        return cls(
            **common(cls, row),
            tracking_id=body["tracking_id"],
            title=prose["title"],
            content=prose["content"],
            classification=body["classification"],
            category=body["category"],
            channel=body["channel"],
            status=ReportStatus(row["status"]),
            institution=body["institution"],
            disposition=body["disposition"],
            anonymous=body["anonymous"],
            secret=row["secret"],
            reported_at=row["occurred_at"],
            followups=body["followups"],
            log=[ReportEvent.of(event, note) for event, note in zip(body["log"], prose["notes"], strict=True)],
        )


@strawberry.input(description="Which reports; conditions are joined by AND, values of one by OR.")
class CentralReportFilter:
    """Names are those of the entity's filters."""

    status: list[ReportStatus] | None = strawberry.field(default=None, description="Where they stand.")
    agency_code: list[str] | None = strawberry.field(default=None, name="agency", description="Agency codes.")
    area_code: list[str] | None = strawberry.field(default=None, name="area", description="Area codes.")
    system: list[str] | None = strawberry.field(default=None, description="Names of systems.")
    occurred_from: datetime | None = strawberry.field(default=None, name="reportedFrom", description="At or after.")
    occurred_to: datetime | None = strawberry.field(default=None, name="reportedTo", description="Before.")


@strawberry.enum(description="In which order reports are listed.")
class ReportOrderBy(Enum):
    """Names of the entity's orders."""

    REPORTED_DESC = strawberry.enum_value("OCCURRED_DESC", description="The latest first.")
    REPORTED_ASC = strawberry.enum_value("OCCURRED_ASC", description="The earliest first.")


REPORTS = Listing(CentralReport, CentralReportFilter, ReportOrderBy)


@part.query
class Query:
    """Root fields of this part."""

    central_reports = list_field(REPORTS, "Reports at the centre, the latest first. Needs reports:read.", SCOPE)
