"""The part ``reports``: reports at the national complaint service."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import Enum
from typing import Annotated, Any, ClassVar, Self

import strawberry

from hub.kinds import Code, ReportStatus
from hub.schema.arguments import SEARCH_SYNTAX, check_search
from hub.schema.authorization import requires
from hub.schema.connections import Listing, list_field
from hub.schema.context import Info
from hub.schema.cost import SHORT_LIST_SIZE
from hub.schema.levels import READS
from hub.schema.lookups import load_node_by_key
from hub.schema.nodes import LanguageArgument, checked_int, code_enum, label
from hub.schema.part import Part, entity
from hub.schema.records import COLUMNS, SystemRecord, common, prose_of
from hub.schema.report_files import ReportFile, load_files
from hub.schema.secret_reads import RecordSecretRead
from hub.store.queries import record_entities
from hub.store.queries.entity import Row

part = Part("reports", "Reports at the national complaint service.")

code_enum(ReportStatus, "The status of a report at the national complaint service.")

SCOPE = "reports:read"
_SECRET = RecordSecretRead(lambda report: ":".join(report.ref))


class ReportEventType(Code):
    """The type of an event in a report's log."""

    STATUS = "STATUS", "Status", "Status", "The report's status changed."
    DISPOSITION = "DISPOSITION", "Disposisi", "Disposition", "The report was passed to an institution."
    NOTE = "NOTE", "Catatan", "Note", "The national complaint desk added a note."
    FOLLOW_UP = "FOLLOW_UP", "Tindak lanjut", "Follow-up", "An institution answered or the reporter replied."


code_enum(ReportEventType, "The type of an event in a report's log.")


@strawberry.type(description="An event in the log of a report at the national complaint service.")
class ReportEvent:
    """An entry of a report's log."""

    at: datetime | None = strawberry.field(
        description="When it happened; null if the national service sent no valid time."
    )
    type: ReportEventType = strawberry.field(description="The type of the event.")
    from_institution: str | None = strawberry.field(description="The institution that acted; null if unknown.")
    to_institution: str | None = strawberry.field(
        description="The institution that received the report; null if there is none."
    )
    status_old: str | None = strawberry.field(
        description="The status before; the values are defined by the national service. Null if it did not change."
    )
    status_new: str | None = strawberry.field(
        description="The status after; the values are defined by the national service. Null if it did not change."
    )
    note: str | None = strawberry.field(description="The text of the event, as plain text; null if there is none.")
    attachment_count: int = strawberry.field(description="The number of attached files.")

    @classmethod
    def from_log(cls, event: dict[str, Any], note: str | None) -> Self:
        """Return the event of an entry of the record's log; ``note`` is its text."""
        return cls(
            at=datetime.fromisoformat(event["at"]) if event["at"] else None,
            type=ReportEventType(event["type"]),
            from_institution=event["from"],
            to_institution=event["to"],
            status_old=event["status_old"],
            status_new=event["status_new"],
            note=note,
            attachment_count=checked_int(event["attachments"]),
        )


@entity(part, "A report at the national complaint service (SP4N-LAPOR!).")
class CentralReport(SystemRecord):
    """A record of kind ``report``."""

    entity = record_entities.REPORT
    natural_keys = {"trackingId": "report"}
    columns = COLUMNS | dict.fromkeys(("title", "content", "log"), ("prose",))

    tracking_id: str = strawberry.field(description="The number by which the reporter follows the report.")
    title: str = strawberry.field(description="The report's title.", extensions=[_SECRET])
    content: str = strawberry.field(
        description="The report's text, as plain text; it may name people.", extensions=[_SECRET]
    )
    classification: str | None = strawberry.field(
        description="The report's class; the values are defined by the national service."
    )
    category: str | None = strawberry.field(
        description="The report's category; the values are defined by the national service."
    )
    channel: str | None = strawberry.field(
        description="The channel through which it was submitted; the values are defined by the national service."
    )
    status: ReportStatus = strawberry.field(description="The report's current status.")
    institution: str | None = strawberry.field(description="The institution that owns the report.")
    disposition: str | None = strawberry.field(description="The institution that must answer.")
    anonymous: bool = strawberry.field(description="Whether the reporter's name is hidden.")
    secret: bool = strawberry.field(description="Whether the report is hidden from the public.")
    reported_at: datetime = strawberry.field(description="When the national service received the report.")
    follow_up_count: int = strawberry.field(description="The number of follow-ups.")
    log: list[ReportEvent] = strawberry.field(
        description="The events of the report, earliest first.", extensions=[_SECRET]
    )

    @strawberry.field(
        description="The files attached to the report, with the state of the hub's copies.",
        directives=[SHORT_LIST_SIZE],
    )
    async def files(self, info: Info) -> list[ReportFile]:
        """Load it with one SQL statement per level."""
        return await load_files(info.context, self.ref)

    @strawberry.field(
        description="The report's current status, as text for people. For an UNKNOWN status the text contains"
        " `sourceStatus`.",
        metadata={READS: ("source_status",)},
    )
    def status_label(self, info: Info, language: LanguageArgument = None) -> str | None:
        """Return the label of the status, or the source status if the hub does not know it."""
        if self.status is not ReportStatus.UNKNOWN:
            return label(info, self.status.label_id, self.status.label_en, language)
        source = self.source_status
        return label(info, f"Tidak dikenal di pusat: {source}", f"Unknown at the centre: {source}", language)

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """Return the report of a row of ``records``."""
        body, prose = row["body"], prose_of(row)
        events = () if row["prose"] is None else zip(body["log"], prose["notes"], strict=True)
        return cls(
            **common(row),
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
            follow_up_count=checked_int(body["followups"]),
            log=[ReportEvent.from_log(event, note) for event, note in events],
        )


@strawberry.input(
    description="Conditions on reports. A report must meet all conditions; within one condition any value matches."
)
class CentralReportFilter:
    """Conditions; each is named like a filter of the entity."""

    by_report: list[str] | None = strawberry.field(default=None, name="trackingId", description="Tracking ids.")
    status: list[ReportStatus] | None = strawberry.field(default=None, description="Statuses.")
    agency_code: list[str] | None = strawberry.field(
        default=None, name="agency", description="Codes of the agencies that must answer."
    )
    area_code: list[str] | None = strawberry.field(
        default=None, name="area", description="Codes of areas, such as 33.74."
    )
    system: list[str] | None = strawberry.field(default=None, description="Names of systems.")
    occurred_from: datetime | None = strawberry.field(
        default=None, name="reportedFrom", description="Reported at this time or later."
    )
    occurred_to: datetime | None = strawberry.field(
        default=None, name="reportedTo", description="Reported before this time."
    )
    search: str | None = strawberry.field(
        default=None, description="Words in the title or text, in any inflected form. " + SEARCH_SYNTAX
    )

    parsers: ClassVar[dict[str, Callable[[Any], Any]]] = {"search": check_search}


@strawberry.enum(description="Sort orders of reports.")
class ReportOrderBy(Enum):
    """Sort orders; each value is the name of an order of the entity."""

    REPORTED_DESC = strawberry.enum_value("OCCURRED_DESC", description="Latest first.")
    REPORTED_ASC = strawberry.enum_value("OCCURRED_ASC", description="Earliest first.")


REPORTS = Listing(CentralReport, CentralReportFilter, ReportOrderBy)


@part.query
class Query:
    """Root fields of reports."""

    central_reports = list_field(
        REPORTS, "Reports at the national complaint service, latest first. Requires the scope reports:read.", SCOPE
    )

    @strawberry.field(
        description="The report with this tracking id, the latest if there are several. Null if it does not exist or is"
        " not visible to the viewer. Requires the scope reports:read.",
        extensions=requires(SCOPE),
    )
    async def central_report(
        self, info: Info, tracking_id: Annotated[str, strawberry.argument(description="The tracking id.")]
    ) -> CentralReport | None:
        """Load it together with the other lookups of the level."""
        return await load_node_by_key(info.context, CentralReport, "report", tracking_id)
