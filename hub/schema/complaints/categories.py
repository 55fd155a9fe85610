"""Categories of complaints, with display names in the language of the request."""

from __future__ import annotations

from typing import Self

import strawberry
from strawberry.federation.schema_directives import ListSize

from hub.complaints import categories
from hub.schema.complaints.agencies import Agency
from hub.schema.context import Info
from hub.schema.lookups import load_hub_node
from hub.schema.nodes import LanguageArgument, label

CATEGORY_LIST_SIZE = ListSize(assumed_size=len(categories.CATEGORIES), require_one_slicing_argument=False)  # type: ignore[call-arg]
"""The size of the list of all categories."""


@strawberry.type(description="The category of a complaint: its subject.")
class Category:
    """A category of ``hub.complaints.categories``."""

    code: str = strawberry.field(
        description="The code in complaints and filters, such as PUBLIC_TRANSPORT; new values may be added."
    )
    category: strawberry.Private[categories.Category]

    @classmethod
    def from_category(cls, category: categories.Category) -> Self:
        """Return the type of the graph for ``category``."""
        return cls(code=category.code, category=category)

    @strawberry.field(description="The category's display name.")
    def name(self, info: Info, language: LanguageArgument = None) -> str:
        """Return the display name in one language."""
        return label(info, self.category.label_id, self.category.label_en, language)

    @strawberry.field(description="The agency that usually answers; null if the hub does not have this agency.")
    async def agency(self, info: Info) -> Agency | None:
        """Load the agency with one SQL statement for all categories."""
        return await load_hub_node(info.context, Agency, self.category.agency_code)
