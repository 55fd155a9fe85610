"""The public facts of a permit, for everybody who knows one of its numbers."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Self

import strawberry

from hub.kinds import PermitAuthority, PermitSector, PermitStatus
from hub.schema.context import Info
from hub.schema.nodes import label_field
from hub.store.queries import permit_facts
from hub.store.queries.entity import Row


@strawberry.type(description="The public facts of a permit: neither its business nor its applicant.")
class PermitFacts:
    """What everybody may know of a permit."""

    type_code: str | None = strawberry.field(description="The code of the type of permit; null if unknown.")
    type_name: str | None = strawberry.field(
        description="The type of permit, as named by the licensing system; null if it sent none."
    )
    sector: PermitSector | None = strawberry.field(description="What the permit is for; null if unknown.")
    authority: PermitAuthority | None = strawberry.field(
        description="The level of government that decides the permit; null if unknown."
    )
    agency_code: str | None = strawberry.field(
        description="The code of the agency of the province that handles it; null if another office does."
    )
    area_code: str | None = strawberry.field(description="The code of the area that it is for; null if unknown.")
    status: PermitStatus = strawberry.field(description="The current status at the system that decides it.")
    status_label: str | None = label_field("status", "The current status at the system that decides it")
    status_since: datetime = strawberry.field(description="When the permit got its status.")
    issued_on: date | None = strawberry.field(description="The day of issue; null before the permit is issued.")
    valid_until: date | None = strawberry.field(
        description="The last day on which the permit is valid; null if it is not limited or not issued."
    )
    agreed: bool | None = strawberry.field(
        description="Whether the national and the regional licensing system agree on it; null if no other system could"
        " have it."
    )
    as_of: datetime = strawberry.field(description="The time up to which the facts match the system.")

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """Return the facts of a row."""
        return cls(
            type_code=row["type_code"],
            type_name=row["type_name"],
            sector=PermitSector(row["sector"]) if row["sector"] else None,
            authority=PermitAuthority(row["authority"]) if row["authority"] else None,
            agency_code=row["agency_code"],
            area_code=row["area_code"],
            status=PermitStatus(row["status"]),
            status_since=row["occurred_at"],
            issued_on=date.fromisoformat(row["issued_on"]) if row["issued_on"] else None,
            valid_until=date.fromisoformat(row["valid_until"]) if row["valid_until"] else None,
            agreed=row["agreed"],
            as_of=row["as_of"],
        )


class Query:
    """The query of the public facts of a permit."""

    @strawberry.field(
        description="The public facts of the permit with this number, for everybody; null if no licensing system that"
        " shares its permits has it."
    )
    async def permit_facts(
        self,
        info: Info,
        number: Annotated[
            str,
            strawberry.argument(
                description="The number of the issued permit or of its application, or the id of the national licensing"
                " system."
            ),
        ],
    ) -> PermitFacts | None:
        """Load them together with the other lookups of the level."""
        row = await info.context.load("permit facts", permit_facts.by_number, number)
        return None if row is None else PermitFacts.from_row(row)
