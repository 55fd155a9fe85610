"""Root fields of the part ``complaints``: its lists, and single objects by ticket or code."""

from __future__ import annotations

from typing import Annotated

import strawberry

from hub.complaints.categories import CATEGORIES
from hub.schema.complaints.agencies import AGENCIES, Agency
from hub.schema.complaints.areas import AREAS
from hub.schema.complaints.categories import CATEGORY_LIST_SIZE, Category
from hub.schema.complaints.complaint import Complaint
from hub.schema.complaints.filter import COMPLAINTS
from hub.schema.connections import list_field
from hub.schema.context import Info
from hub.schema.lookups import load_hub_node


class Query:
    """The queries of complaints, agencies, areas and categories."""

    complaints = list_field(COMPLAINTS, "Complaints that are visible to the viewer, latest received first.")
    agencies = list_field(AGENCIES, "The agencies of the province, by name.")
    areas = list_field(AREAS, "The regencies and cities of the province, by code.")

    @strawberry.field(
        description="The complaint with this ticket number; null if it does not exist or is not visible to the viewer."
    )
    async def complaint(
        self,
        info: Info,
        ticket: Annotated[str, strawberry.argument(description="The ticket number, such as LG-2026-000123.")],
    ) -> Complaint | None:
        """Load it together with the other lookups of the level."""
        return await load_hub_node(info.context, Complaint, ticket)

    @strawberry.field(description="The agency with this code; null if there is none.")
    async def agency(
        self,
        info: Info,
        code: Annotated[
            str,
            strawberry.argument(description="The agency's code, such as DISHUB; the query `agencies` lists all codes."),
        ],
    ) -> Agency | None:
        """Load it together with the other lookups of the level."""
        return await load_hub_node(info.context, Agency, code)

    @strawberry.field(description="All categories of complaints.", directives=[CATEGORY_LIST_SIZE])
    def categories(self) -> list[Category]:
        """Return all categories, without an SQL statement."""
        return [Category.from_category(each) for each in CATEGORIES]
