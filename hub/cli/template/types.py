"""The graph of an item of Example: a type, a list, and links from complaints and areas."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Self

import strawberry

from hub.schema.plugin import (
    Area,
    Complaint,
    Link,
    Listing,
    Part,
    Row,
    System,
    SystemRecord,
    code_enum,
    common,
    entity,
    label_field,
    list_field,
    record_entity,
)

from .mapping import ExampleItem, ExampleStatus

part = Part("example", "Items of Example.")

code_enum(ExampleStatus, "The status of an item.")


@entity(part, "An item of Example.")
class ExampleRecord(SystemRecord):
    """A record of kind ``example``."""

    entity = record_entity("ExampleRecord", ExampleItem, ("ticket", "area"))

    number: str = strawberry.field(description="The item's number.")
    title: str | None = strawberry.field(description="The item's title; null if it has none.")
    changed_at: datetime = strawberry.field(description="When the item last changed.")
    status: ExampleStatus = strawberry.field(description="The item's current status.")
    status_label: str | None = label_field("status", "The item's current status")

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """Return the record of a row of ``records``; free text is in ``prose``, the other facts are in ``body``."""
        return cls(
            **common(row),
            number=row["body"]["number"],
            title=row["prose"]["title"],
            changed_at=row["occurred_at"],
            status=ExampleStatus(row["status"]),
        )


@strawberry.input(
    description="Conditions on items. An item must meet all conditions; within one condition any value matches."
)
class ExampleFilter:
    """Names are those of the entity's filters."""

    area: list[str] | None = strawberry.field(default=None, description="Codes of areas.")
    status: list[ExampleStatus] | None = strawberry.field(default=None, description="Statuses.")


@strawberry.enum(description="Sort orders of items.")
class ExampleOrderBy(Enum):
    """Names of the entity's orders."""

    CHANGED_DESC = strawberry.enum_value("OCCURRED_DESC", description="Last changed first.")


RECORDS = Listing(ExampleRecord, ExampleFilter, ExampleOrderBy)

part.link(Link(Complaint, "exampleRecords", ExampleRecord, ("ticket",), "Its items.", list))
part.link(Link(Area, "exampleRecords", ExampleRecord, ("area",), "Its items.", RECORDS))
part.link(Link(ExampleRecord, "complaints", Complaint, ("ticket",), "Its complaints.", list))
part.link(Link(ExampleRecord, "system", System, ("system",), "The system that the record comes from."))


@part.query
class Query:
    """Root fields of this part."""

    example_records = list_field(RECORDS, "Items of Example, last changed first.")
