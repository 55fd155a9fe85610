"""The filter and the sort orders of complaints."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import Enum
from typing import Any, ClassVar

import strawberry

from hub.complaints.enums import Channel, ComplaintClass, ComplaintStatus
from hub.schema.arguments import SEARCH_SYNTAX, check_search
from hub.schema.authorization import requirement
from hub.schema.complaints.complaint import Complaint
from hub.schema.connections import Listing
from hub.store.queries.visibility import READ


def _reference_condition(name: str, what: str) -> Any:
    description = f"{what} that the complaint names, as in `references`. {requirement(READ)}"
    return strawberry.field(default=None, name=name, description=description)


@strawberry.input(
    description="Conditions on complaints. A complaint must meet all conditions; within one condition any value"
    " matches."
)
class ComplaintFilter:
    """Conditions; each is named like a filter of the entity."""

    ticket: list[str] | None = strawberry.field(default=None, description="Ticket numbers.")
    status: list[ComplaintStatus] | None = strawberry.field(default=None, description="Statuses.")
    channel: list[Channel] | None = strawberry.field(default=None, description=f"Channels. {requirement(READ)}")
    klass: list[ComplaintClass] | None = strawberry.field(
        default=None, name="class", description=f"Classes. {requirement(READ)}"
    )
    category: list[str] | None = strawberry.field(
        default=None, description="Codes of categories; the query `categories` lists all codes."
    )
    agency: list[str] | None = strawberry.field(default=None, description="Codes of the agencies that must answer.")
    area: list[str] | None = strawberry.field(default=None, description="Codes of areas, such as 33.74.")
    by_payment: list[str] | None = _reference_condition("paymentReference", "References of payments")
    by_order: list[str] | None = _reference_condition("orderId", "Numbers of procurement orders")
    by_report: list[str] | None = _reference_condition(
        "trackingId", "Tracking ids of reports at the national complaint service"
    )
    by_permit: list[str] | None = _reference_condition("permitNumber", "Numbers of permits or of their applications")
    received_from: datetime | None = strawberry.field(default=None, description="Received at this time or later.")
    received_to: datetime | None = strawberry.field(default=None, description="Received before this time.")
    overdue: bool | None = strawberry.field(default=None, description="Whether the final answer is overdue.")

    search: str | None = strawberry.field(
        default=None,
        description="Words in the title and, if the viewer may read it, the text, in any inflected form. "
        + SEARCH_SYNTAX
        + " Titles with masked personal data are not found by words with a digit or an @.",
    )

    required_scopes: ClassVar[dict[str, str]] = dict.fromkeys(
        ("channel", "klass", "by_payment", "by_order", "by_report", "by_permit"), READ
    )
    parsers: ClassVar[dict[str, Callable[[Any], Any]]] = {"search": check_search}


@strawberry.enum(description="Sort orders of complaints.")
class ComplaintOrderBy(Enum):
    """Sort orders; each value is the name of an order of the entity."""

    RECEIVED_DESC = strawberry.enum_value("RECEIVED_DESC", description="Latest received first.")
    RECEIVED_ASC = strawberry.enum_value("RECEIVED_ASC", description="Earliest received first.")
    DUE_ASC = strawberry.enum_value("DUE_ASC", description="Earliest due time first; complaints without one last.")
    UPDATED_DESC = strawberry.enum_value("UPDATED_DESC", description="Last changed first.")


COMPLAINTS = Listing(Complaint, ComplaintFilter, ComplaintOrderBy)
