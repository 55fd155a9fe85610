"""What street lamps are in the graph: a type, a list, and links from complaints and areas."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Self

import strawberry
from sqlalchemy import RowMapping

from hub.connectors.lamps.mapping import Lamp, LampStatus
from hub.schema.complaints.areas import Area
from hub.schema.complaints.complaint import Complaint
from hub.schema.listing import Link, Listing, list_field
from hub.schema.nodes import code_enum, label_field
from hub.schema.part import Part, entity
from hub.schema.records import SystemRecord, common
from hub.schema.systems import System
from hub.store.reading.record_entities import record_entity

part = Part("lamps", "Street lamps.")

code_enum(LampStatus, "Whether a lamp burns.")


@entity(part, "A lamp in a street.")
class StreetLamp(SystemRecord):
    """A record of kind ``lamp``."""

    entity = record_entity("StreetLamp", Lamp, ("ticket", "area"), None)

    number: str = strawberry.field(description="Its number.")
    street: str = strawberry.field(description="The street it stands in.")
    changed_at: datetime = strawberry.field(description="Since when it is as it is.")
    status: LampStatus = strawberry.field(description="Whether it burns.")
    status_label: str | None = label_field("status", "Whether it burns")

    @classmethod
    def from_row(cls, row: RowMapping) -> Self:
        """From ``records``."""
        return cls(**common(cls, row), **row["body"], changed_at=row["occurred_at"], status=LampStatus(row["status"]))


@strawberry.input(description="Which lamps.")
class StreetLampFilter:
    """Names are those of the entity's filters."""

    street: list[str] | None = strawberry.field(default=None, description="Streets.")
    status: list[LampStatus] | None = strawberry.field(default=None, description="Whether they burn.")


@strawberry.enum(description="In which order lamps are listed.")
class StreetLampOrderBy(Enum):
    """Names of the entity's orders."""

    CHANGED_DESC = strawberry.enum_value("OCCURRED_DESC", description="The latest first.")


LAMPS = Listing(StreetLamp, StreetLampFilter, StreetLampOrderBy)

part.link(Link(Complaint, "streetLamps", StreetLamp, ("ticket",), "The lamps it reported.", list))
part.link(Link(Area, "streetLamps", StreetLamp, ("area",), "The lamps there.", LAMPS))
part.link(Link(StreetLamp, "complaints", Complaint, ("ticket",), "The complaints that reported it.", list))
part.link(Link(StreetLamp, "system", System, ("system",), "The system it is a record of."))


@part.query
class Query:
    """Root fields of this part."""

    street_lamps = list_field(LAMPS, "Street lamps, the latest change first.")
