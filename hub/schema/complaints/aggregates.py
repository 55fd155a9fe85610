"""Totals of complaints by group."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import strawberry

from hub.schema.aggregates import TotalsRange, aggregate
from hub.schema.context import Info
from hub.schema.cost import AGGREGATE_COST
from hub.store.queries import aggregates, visibility


@strawberry.enum(description="What complaints are grouped by.")
class ComplaintTotalsGrouping(Enum):
    """Groupings of complaint totals."""

    ALL = strawberry.enum_value("all", description="All complaints are one group, whose key is null.")
    MONTH = strawberry.enum_value("month", description="The month in the time zone Asia/Jakarta, such as 2026-01.")
    CHANNEL = strawberry.enum_value("channel", description="The channel.")
    STATUS = strawberry.enum_value("status", description="The status.")
    AGENCY = strawberry.enum_value(
        "agency", description="The code of the agency that must answer; null for complaints without one."
    )
    AREA = strawberry.enum_value("area", description="The code of the area; null for complaints without one.")
    CATEGORY = strawberry.enum_value("category", description="The code of the category.")


@strawberry.type(description="The number of complaints of one group.")
class ComplaintTotal:
    """The total of one group."""

    group: str | None = strawberry.field(
        description="The value that the complaints have in common, such as a month or a channel."
    )
    count: int | None = strawberry.field(
        description="The number of complaints that are visible to the viewer. For the public, a month in which the"
        " group has fewer than five complaints, or from which such a group could be derived, is not counted; null if no"
        " month remains."
    )


class Query:
    """The query of complaint totals."""

    @strawberry.field(
        description="The number of complaints by group. By default of the complaints received in the last 366 days. For"
        " the public only complete past months are counted, by default the last twelve.",
        directives=[AGGREGATE_COST],
    )
    async def complaint_totals(
        self,
        info: Info,
        group_by: Annotated[ComplaintTotalsGrouping, strawberry.argument(description="The field to group by.")],
        range: TotalsRange = None,
    ) -> list[ComplaintTotal]:
        """Count the complaints with one SQL statement."""
        public = not visibility.handles_complaints(info.context.viewer)
        found = await aggregate(info, aggregates.complaint_totals, group_by, range, days=366, whole_months=public)
        return [ComplaintTotal(group=group, count=count) for group, count in found]
