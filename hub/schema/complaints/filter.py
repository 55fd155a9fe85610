"""How complaints are listed: by which filter, and in which order."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import ClassVar

import strawberry

from hub.complaints.codes import Channel, ComplaintClass, ComplaintStatus
from hub.schema.complaints.complaint import Complaint
from hub.schema.listing import Listing
from hub.store.reading.sight import READ


@strawberry.input(description="Which complaints; conditions are joined by AND, values of one by OR.")
class ComplaintFilter:
    """Names are those of the entity's filters."""

    ticket: list[str] | None = strawberry.field(default=None, description="Tickets.")
    status: list[ComplaintStatus] | None = strawberry.field(default=None, description="Where they stand.")
    channel: list[Channel] | None = strawberry.field(
        default=None, description="Where they came in. Needs complaints:read."
    )
    klass: list[ComplaintClass] | None = strawberry.field(
        default=None, name="class", description="What they are. Needs complaints:read."
    )
    category: list[str] | None = strawberry.field(default=None, description="Codes of categories.")
    agency: list[str] | None = strawberry.field(default=None, description="Codes of agencies.")
    area: list[str] | None = strawberry.field(default=None, description="Codes of areas, such as 33.74.")
    received_from: datetime | None = strawberry.field(default=None, description="Received at or after.")
    received_to: datetime | None = strawberry.field(default=None, description="Received before.")
    overdue: bool | None = strawberry.field(default=None, description="Whether the final answer is late and missing.")

    needs: ClassVar[dict[str, str]] = {"channel": READ, "klass": READ}


@strawberry.enum(description="In which order complaints are listed.")
class ComplaintOrderBy(Enum):
    """Names of the entity's orders."""

    RECEIVED_DESC = strawberry.enum_value("RECEIVED_DESC", description="The latest first.")
    RECEIVED_ASC = strawberry.enum_value("RECEIVED_ASC", description="The earliest first.")
    DUE_ASC = strawberry.enum_value("DUE_ASC", description="The most urgent first; those without a due time last.")
    UPDATED_DESC = strawberry.enum_value("UPDATED_DESC", description="The last changed first.")


COMPLAINTS = Listing(Complaint, ComplaintFilter, ComplaintOrderBy)
