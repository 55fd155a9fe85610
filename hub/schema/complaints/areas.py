"""Areas: the regencies and cities of Central Java, and how they are listed."""

from __future__ import annotations

from enum import Enum
from typing import Self

import strawberry

from hub.kinds import Code
from hub.schema.complaints import part
from hub.schema.listing import Listing
from hub.schema.nodes import Node, code_enum
from hub.schema.part import entity
from hub.store.reading import entities
from hub.store.reading.entity import Row


class AreaType(Code):
    """The two kinds of area."""

    REGENCY = "REGENCY", "Kabupaten", "Regency", "A regency."
    CITY = "CITY", "Kota", "City", "A city."


code_enum(AreaType, "The kind of an area.")


@entity(part, "One of the 35 regencies and cities of Central Java.")
class Area(Node):
    """From ``areas``."""

    entity = entities.AREA
    natural_keys = {"code": ""}

    code: str = strawberry.field(description="The Kemendagri code, dotted, such as 33.74.")
    type: AreaType = strawberry.field(description="Regency or city; four names occur as both.")
    name: str = strawberry.field(description="Its Indonesian name with its type.")
    name_en: str = strawberry.field(description="Its English name with its type.")

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """From ``areas``."""
        return cls(
            id=cls.row_id(row),
            code=row["code"],
            type=AreaType(row["type"]),
            name=row["name"],
            name_en=row["name_en"],
        )


@strawberry.input(description="Which areas.")
class AreaFilter:
    """Names are those of the entity's filters."""

    code: list[str] | None = strawberry.field(default=None, description="Codes.")
    type: list[AreaType] | None = strawberry.field(default=None, description="Regencies or cities.")


@strawberry.enum(description="In which order areas are listed.")
class AreaOrderBy(Enum):
    """Names of the entity's orders."""

    CODE_ASC = strawberry.enum_value("CODE_ASC", description="By code.")


AREAS = Listing(Area, AreaFilter, AreaOrderBy)
