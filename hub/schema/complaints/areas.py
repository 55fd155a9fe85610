"""Areas: the regencies and cities of Central Java, with their filter and sort orders."""

from __future__ import annotations

from enum import Enum
from typing import Self

import strawberry

from hub.kinds import Code
from hub.schema.complaints import part
from hub.schema.connections import Listing
from hub.schema.nodes import Node, code_enum, row_ref
from hub.schema.part import entity
from hub.store.queries import entities
from hub.store.queries.entity import Row


class AreaType(Code):
    """The two kinds of area."""

    REGENCY = "REGENCY", "Kabupaten", "Regency", "A regency (kabupaten)."
    CITY = "CITY", "Kota", "City", "A city (kota)."


code_enum(AreaType, "The type of an area.")


@entity(part, "One of the 35 regencies and cities of Central Java.")
class Area(Node):
    """A row of ``areas``."""

    entity = entities.AREA
    natural_keys = {"code": ""}

    code: str = strawberry.field(
        description="The code of the Ministry of Home Affairs (Kemendagri), such as 33.74; the query `areas` lists all"
        " codes."
    )
    type: AreaType = strawberry.field(
        description="Whether the area is a regency or a city; four regencies share their name with a city."
    )
    name: str = strawberry.field(description="The Indonesian name with the type, such as Kota Semarang.")
    name_en: str = strawberry.field(description="The English name with the type.")

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """Return the area of a row of ``areas``."""
        return cls(
            ref=row_ref(row),
            code=row["code"],
            type=AreaType(row["type"]),
            name=row["name"],
            name_en=row["name_en"],
        )


@strawberry.input(
    description="Conditions on areas. An area must meet all conditions; within one condition any value matches."
)
class AreaFilter:
    """Conditions; each is named like a filter of the entity."""

    code: list[str] | None = strawberry.field(
        default=None, description="Codes of areas; the query `areas` lists all codes."
    )
    type: list[AreaType] | None = strawberry.field(default=None, description="Types of area.")


@strawberry.enum(description="Sort orders of areas.")
class AreaOrderBy(Enum):
    """Sort orders; each value is the name of an order of the entity."""

    CODE_ASC = strawberry.enum_value("CODE_ASC", description="By code, in ascending order.")


AREAS = Listing(Area, AreaFilter, AreaOrderBy)
