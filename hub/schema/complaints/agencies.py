"""Agencies of the province, and how they are listed."""

from __future__ import annotations

from datetime import date
from enum import Enum
from typing import Self

import strawberry

from hub.schema.complaints import part
from hub.schema.listing import Listing
from hub.schema.nodes import Node
from hub.schema.part import entity
from hub.store.reading import entities
from hub.store.reading.entity import Row


@strawberry.type(description="The head of an agency, in office; a public person.")
class Head:
    """Name and office telephone."""

    name: str = strawberry.field(description="Name and titles.")
    phone: str | None = strawberry.field(description="The office telephone.")


@entity(part, "An agency of the province.")
class Agency(Node):
    """From ``agencies``."""

    entity = entities.AGENCY
    natural_keys = {"code": ""}

    code: str = strawberry.field(description="The hub's code, such as DISHUB.")
    name: str = strawberry.field(description="Its official Indonesian name.")
    name_en: str = strawberry.field(description="Its name in English.")
    aliases: list[str] = strawberry.field(description="What others call it.")
    valid_from: date = strawberry.field(description="Its first day.")
    valid_to: date | None = strawberry.field(description="Its first day out of office; null while it is in office.")
    head: Head | None = strawberry.field(description="Who heads it.")
    email: str | None = strawberry.field(description="Its public mail address.")
    phone: str | None = strawberry.field(description="Its public telephone number.")

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """From ``agencies``."""
        return cls(
            id=cls.row_id(row),
            code=row["code"],
            name=row["name"],
            name_en=row["name_en"],
            aliases=list(row["aliases"]),
            valid_from=row["valid_from"],
            valid_to=row["valid_to"],
            head=Head(name=row["head_name"], phone=row["head_phone"]) if row["head_name"] else None,
            email=row["email"],
            phone=row["phone"],
        )


@strawberry.input(description="Which agencies.")
class AgencyFilter:
    """Names are those of the entity's filters."""

    code: list[str] | None = strawberry.field(default=None, description="Codes.")
    in_office: bool | None = strawberry.field(default=None, description="Whether they are in office today.")


@strawberry.enum(description="In which order agencies are listed.")
class AgencyOrderBy(Enum):
    """Names of the entity's orders."""

    NAME_ASC = strawberry.enum_value("NAME_ASC", description="By name.")


AGENCIES = Listing(Agency, AgencyFilter, AgencyOrderBy)
