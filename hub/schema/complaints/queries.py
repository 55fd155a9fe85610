"""Root fields of the part ``complaints``: its lists, and what has a name by that name."""

from __future__ import annotations

from typing import Annotated

import strawberry

from hub.schema.complaints.agencies import AGENCIES, Agency
from hub.schema.complaints.areas import AREAS
from hub.schema.complaints.complaint import Complaint
from hub.schema.complaints.filter import COMPLAINTS
from hub.schema.context import Info
from hub.schema.listing import list_field, node_of_hub


class Query:
    """All but the totals."""

    complaints = list_field(COMPLAINTS, "Complaints the viewer may see, the latest first.")
    agencies = list_field(AGENCIES, "The agencies of the province.")
    areas = list_field(AREAS, "The regencies and cities of the province.")

    @strawberry.field(description="A complaint by its ticket; null when it is not there or not yours to see.")
    async def complaint(
        self, info: Info, ticket: Annotated[str, strawberry.argument(description="Such as LG-2026-000123.")]
    ) -> Complaint | None:
        """One statement."""
        return await node_of_hub(info.context, Complaint, ticket)

    @strawberry.field(description="An agency by its code.")
    async def agency(
        self, info: Info, code: Annotated[str, strawberry.argument(description="Such as DISHUB.")]
    ) -> Agency | None:
        """One statement."""
        return await node_of_hub(info.context, Agency, code)
