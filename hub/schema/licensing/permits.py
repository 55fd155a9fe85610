"""Permits, with their filter and sort orders."""

from __future__ import annotations

from datetime import date, datetime
from enum import Enum
from typing import Annotated, Self

import strawberry

from hub import tacit_approval
from hub.kinds import BusinessScale, PermitAuthority, PermitClock, PermitSector, PermitStatus
from hub.schema.authorization import requires
from hub.schema.connections import Listing, list_field
from hub.schema.context import Info
from hub.schema.licensing import SCOPE, part
from hub.schema.lookups import load_node_by_key
from hub.schema.nodes import checked_int, label_field
from hub.schema.part import entity
from hub.schema.records import COLUMNS, SystemRecord, common
from hub.store.queries import permit_clock, record_entities
from hub.store.queries.entity import Row


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


@entity(
    part,
    "A permit of a business, or an application for one, as one licensing system has it. It never names the applicant.",
)
class Permit(SystemRecord):
    """A record of kind ``permit``."""

    entity = record_entities.PERMIT
    columns = COLUMNS

    permit_id: str | None = strawberry.field(
        description="The id that the national licensing system (OSS) gives the permit; null if it is not known there."
    )
    application_number: str | None = strawberry.field(
        description="The number of the application at the regional licensing office; null if there is none."
    )
    number: str | None = strawberry.field(description="The number of the issued permit; null before it is issued.")
    nib: str | None = strawberry.field(
        description="The number of the business in the national register (NIB); null if the system sent none."
    )
    project_id: str | None = strawberry.field(
        description="The project of the business at OSS that the permit is for; null if the system sent none."
    )
    type_code: str | None = strawberry.field(
        description="The code of the type of permit (kd_izin), as defined by OSS; null if the system sent none."
    )
    type_name: str | None = strawberry.field(
        description="The type of permit, as named by the system; null if the system sent none."
    )
    sector: PermitSector | None = strawberry.field(description="What the permit is for; null if unknown.")
    authority: PermitAuthority | None = strawberry.field(
        description="The level of government that decides the permit; null if unknown."
    )
    office: str | None = strawberry.field(
        description="The office that handles the permit, as named by the system; null if the system sent none."
    )
    kbli: str | None = strawberry.field(
        description="The code of the line of business (KBLI), which has a meaning only with `kbliEdition`; null if the"
        " system sent none."
    )
    kbli_edition: int | None = strawberry.field(
        description="The year of the edition of `kbli`, such as 2020; null if the system does not state it."
    )
    scale: BusinessScale | None = strawberry.field(description="The size of the business; null if unknown.")
    issued_on: date | None = strawberry.field(description="The day of issue; null before the permit is issued.")
    valid_until: date | None = strawberry.field(
        description="The last day on which the permit is valid; null if it is not limited or not issued."
    )
    status: PermitStatus = strawberry.field(description="The permit's current status.")
    status_label: str | None = label_field("status", "The permit's current status")
    status_since: datetime = strawberry.field(description="When the permit got its status.")
    clock: PermitClock | None = strawberry.field(
        description="Whether the office's time is running; null if the status does not determine it."
    )
    clock_label: str | None = label_field("clock", "Whether the office's time is running")

    @strawberry.field(description="How often the office's time was restarted, as far as the hub has seen it.")
    async def clock_restarts(self, info: Info) -> int:
        """Load it with one SQL statement per level."""
        events = await info.context.load("clock events", permit_clock.events, self.ref)
        return checked_int(tacit_approval.count_restarts(events or ()))

    @strawberry.field(
        description="When the application counts as granted if nobody decides before (*fiktif positif*, article 53 of"
        f" Law 30/2014 as amended by Law 6/2023): at the end of {tacit_approval.DEFAULT.amount} working days after it"
        " was received or its clock was restarted, without the days on which the clock stood still. It may be in the"
        " past. Null if the permit is decided, if its clock stands still, or if the hub does not know when it started."
        " Laws that set another time for a type of permit are not considered."
    )
    async def approves_itself_at(self, info: Info) -> datetime | None:
        """Load it together with the restarts of the clock."""
        events = await info.context.load("clock events", permit_clock.events, self.ref)
        return tacit_approval.calculate_approval(events or ())

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """Return the permit of a row of ``records``."""
        body = row["body"]
        return cls(
            **common(row),
            permit_id=body["permit_id"],
            application_number=body["application_number"],
            number=body["number"],
            nib=body["nib"],
            project_id=body["project_id"],
            type_code=body["type_code"],
            type_name=body["type_name"],
            sector=PermitSector(body["sector"]) if body["sector"] else None,
            authority=PermitAuthority(body["authority"]) if body["authority"] else None,
            office=body["office"],
            kbli=body["kbli"],
            kbli_edition=checked_int(body["kbli_edition"]) if body["kbli_edition"] else None,
            scale=BusinessScale(body["scale"]) if body["scale"] else None,
            issued_on=_day(body["issued_on"]),
            valid_until=_day(body["valid_until"]),
            status=PermitStatus(row["status"]),
            status_since=row["occurred_at"],
            clock=PermitClock(body["clock"]) if body["clock"] else None,
        )


@strawberry.input(
    description="Conditions on permits. A permit must meet all conditions; within one condition any value matches."
)
class PermitFilter:
    """Conditions; each is named like a filter of the entity."""

    by_permit: list[str] | None = strawberry.field(
        default=None,
        name="number",
        description="Numbers of issued permits or of applications, or ids of the national licensing system.",
    )
    nib: list[str] | None = strawberry.field(
        default=None, description="Numbers of businesses in the national register (NIB)."
    )
    type_code: list[str] | None = strawberry.field(default=None, description="Codes of types of permit (kd_izin).")
    sector: list[PermitSector] | None = strawberry.field(default=None, description="What the permits are for.")
    authority: list[PermitAuthority] | None = strawberry.field(
        default=None, description="The levels of government that decide the permits."
    )
    agency_code: list[str] | None = strawberry.field(
        default=None, name="agency", description="Codes of the agencies that handle the permits."
    )
    area_code: list[str] | None = strawberry.field(
        default=None, name="area", description="Codes of areas, such as 33.74."
    )
    status: list[PermitStatus] | None = strawberry.field(default=None, description="Statuses.")
    system: list[str] | None = strawberry.field(default=None, description="Names of systems.")
    occurred_from: datetime | None = strawberry.field(
        default=None, name="statusSinceFrom", description="Status changed at this time or later."
    )
    occurred_to: datetime | None = strawberry.field(
        default=None, name="statusSinceTo", description="Status changed before this time."
    )


@strawberry.enum(description="Sort orders of permits.")
class PermitOrderBy(Enum):
    """Sort orders; each value is the name of an order of the entity."""

    STATUS_SINCE_DESC = strawberry.enum_value("OCCURRED_DESC", description="Latest change of status first.")
    STATUS_SINCE_ASC = strawberry.enum_value("OCCURRED_ASC", description="Longest in their status first.")


PERMITS = Listing(Permit, PermitFilter, PermitOrderBy)


class Query:
    """Root fields of permits."""

    permits = list_field(
        PERMITS,
        "Permits, latest change of status first; one that two systems have is listed twice. Requires the scope"
        f" {SCOPE}.",
        SCOPE,
    )

    @strawberry.field(
        description="The permit with this number, the latest if there are several. Null if it does not exist or is not"
        f" visible to the viewer. Requires the scope {SCOPE}.",
        extensions=requires(SCOPE),
    )
    async def permit(
        self,
        info: Info,
        number: Annotated[
            str,
            strawberry.argument(
                description="The number of the issued permit or of its application, or the id of the national licensing"
                " system."
            ),
        ],
    ) -> Permit | None:
        """Load it together with the other lookups of the level."""
        return await load_node_by_key(info.context, Permit, "permit", number)
