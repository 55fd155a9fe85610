"""Complaints counted."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import strawberry

from hub.schema.context import Info
from hub.schema.totals import TotalsRange, totalled
from hub.schema.weights import TOTALLED
from hub.store.reading import totals


@strawberry.enum(description="What complaints are counted by.")
class ComplaintTotalsBy(Enum):
    """Groups of complaint totals."""

    MONTH = strawberry.enum_value("month", description="The month in Asia/Jakarta, such as 2026-01.")
    CHANNEL = strawberry.enum_value("channel", description="The channel.")
    STATUS = strawberry.enum_value("status", description="The status.")
    AGENCY = strawberry.enum_value("agency", description="The code of the agency; null before one is assigned.")


@strawberry.type(description="Complaints of one group, counted.")
class ComplaintTotal:
    """One row of totals."""

    group: str | None = strawberry.field(description="The group, such as a month or a channel.")
    count: int | None = strawberry.field(
        description="How many complaints the viewer may see; null for the public when it is under five."
    )


class Query:
    """The root field that counts."""

    @strawberry.field(
        description="Complaints counted; those received in the last 366 days by default.",
        directives=[TOTALLED],
    )
    async def complaint_totals(
        self,
        info: Info,
        by: Annotated[ComplaintTotalsBy, strawberry.argument(description="What to count by.")],
        range: TotalsRange = None,
    ) -> list[ComplaintTotal]:
        """One statement."""
        found = await totalled(info, totals.complaints_by, by, range, days=366)
        return [ComplaintTotal(group=group, count=count) for group, count in found]
