"""Agencies of the province, with their filter and sort orders."""

from __future__ import annotations

from datetime import date
from enum import Enum
from typing import Self

import strawberry

from hub.schema.complaints import part
from hub.schema.connections import Listing
from hub.schema.nodes import Node, row_ref
from hub.schema.part import entity
from hub.store.queries import entities
from hub.store.queries.entity import Row


@strawberry.type(description="The head of an agency, a public person.")
class AgencyHead:
    """The name and office telephone number of an agency's head."""

    name: str = strawberry.field(description="The name with titles.")
    phone: str | None = strawberry.field(description="The office telephone number; null if unknown.")


@entity(part, "An agency of the province of Central Java.")
class Agency(Node):
    """A row of ``agencies``."""

    entity = entities.AGENCY
    columns = {}
    natural_keys = {"code": ""}

    code: str = strawberry.field(description="The agency's code, such as DISHUB; the query `agencies` lists all codes.")
    name: str = strawberry.field(description="The official Indonesian name.")
    name_en: str = strawberry.field(description="The English name.")
    aliases: list[str] = strawberry.field(description="Other names and abbreviations.")
    valid_from: date = strawberry.field(description="The first day on which the agency is in office.")
    valid_to: date | None = strawberry.field(
        description="The first day on which the agency is no longer in office; null if no end is set."
    )
    head: AgencyHead | None = strawberry.field(description="The head of the agency; null if unknown.")
    email: str | None = strawberry.field(description="The public email address; null if unknown.")
    phone: str | None = strawberry.field(description="The public telephone number; null if unknown.")

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """Return the agency of a row of ``agencies``."""
        return cls(
            ref=row_ref(row),
            code=row["code"],
            name=row["name"],
            name_en=row["name_en"],
            aliases=list(row["aliases"] or ()),
            valid_from=row["valid_from"],
            valid_to=row["valid_to"],
            head=AgencyHead(name=row["head_name"], phone=row["head_phone"]) if row["head_name"] else None,
            email=row["email"],
            phone=row["phone"],
        )


@strawberry.input(
    description="Conditions on agencies. An agency must meet all conditions; within one condition any value matches."
)
class AgencyFilter:
    """Conditions; each is named like a filter of the entity."""

    code: list[str] | None = strawberry.field(
        default=None, description="Codes of agencies; the query `agencies` lists all codes."
    )
    in_office: bool | None = strawberry.field(default=None, description="Whether the agency is in office today.")


@strawberry.enum(description="Sort orders of agencies.")
class AgencyOrderBy(Enum):
    """Sort orders; each value is the name of an order of the entity."""

    NAME_ASC = strawberry.enum_value("NAME_ASC", description="By name, in alphabetical order.")


AGENCIES = Listing(Agency, AgencyFilter, AgencyOrderBy)
