"""Businesses of the national register, with their filter and sort orders."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Self

import strawberry

from hub.kinds import BusinessScale, BusinessStatus, LegalForm
from hub.schema.connections import Listing, list_field
from hub.schema.licensing import SCOPE, part
from hub.schema.nodes import checked_int, label_field
from hub.schema.part import entity
from hub.schema.records import COLUMNS, SystemRecord, common
from hub.store.queries import record_entities
from hub.store.queries.entity import Row


@entity(part, "A business of the national register. It never names the people of the business.")
class Business(SystemRecord):
    """A record of kind ``business``."""

    entity = record_entities.BUSINESS
    columns = COLUMNS

    nib: str = strawberry.field(description="The number of the business in the national register (NIB).")
    name: str | None = strawberry.field(
        description="The name of the business; null for an individual, whose business has a person's name."
    )
    legal_form: LegalForm | None = strawberry.field(description="The legal form; null if the register sent none.")
    scale: BusinessScale | None = strawberry.field(description="The size of the business; null if unknown.")
    kbli: list[str] = strawberry.field(
        description="The codes of its lines of business (KBLI), which have a meaning only with `kbliEdition`."
    )
    kbli_edition: int | None = strawberry.field(
        description="The year of the edition of `kbli`, such as 2020; null if the register does not state it."
    )
    registered_at: datetime = strawberry.field(description="When the business was registered.")
    status: BusinessStatus = strawberry.field(description="The current status of the registration.")
    status_label: str | None = label_field("status", "The current status of the registration")

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """Return the business of a row of ``records``."""
        body = row["body"]
        return cls(
            **common(row),
            nib=body["nib"],
            name=body["name"],
            legal_form=LegalForm(body["legal_form"]) if body["legal_form"] else None,
            scale=BusinessScale(body["scale"]) if body["scale"] else None,
            kbli=list(body["kbli"]),
            kbli_edition=checked_int(body["kbli_edition"]) if body["kbli_edition"] else None,
            registered_at=row["occurred_at"],
            status=BusinessStatus(row["status"]),
        )


@strawberry.input(
    description="Conditions on businesses. A business must meet all conditions; within one condition any value matches."
)
class BusinessFilter:
    """Conditions; each is named like a filter of the entity."""

    nib: list[str] | None = strawberry.field(default=None, description="Numbers in the national register (NIB).")
    legal_form: list[LegalForm] | None = strawberry.field(default=None, description="Legal forms.")
    area_code: list[str] | None = strawberry.field(
        default=None, name="area", description="Codes of areas, such as 33.74."
    )
    status: list[BusinessStatus] | None = strawberry.field(default=None, description="Statuses.")
    system: list[str] | None = strawberry.field(default=None, description="Names of systems.")
    occurred_from: datetime | None = strawberry.field(
        default=None, name="registeredFrom", description="Registered at this time or later."
    )
    occurred_to: datetime | None = strawberry.field(
        default=None, name="registeredTo", description="Registered before this time."
    )


@strawberry.enum(description="Sort orders of businesses.")
class BusinessOrderBy(Enum):
    """Sort orders; each value is the name of an order of the entity."""

    REGISTERED_DESC = strawberry.enum_value("OCCURRED_DESC", description="Latest first.")
    REGISTERED_ASC = strawberry.enum_value("OCCURRED_ASC", description="Earliest first.")


BUSINESSES = Listing(Business, BusinessFilter, BusinessOrderBy)


class Query:
    """Root fields of businesses."""

    businesses = list_field(
        BUSINESSES, f"Businesses of the national register, latest first. Requires the scope {SCOPE}.", SCOPE
    )
