"""The part ``procurement``: what agencies order in online shops, and from whom."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, ClassVar, Self

import strawberry

from hub.kinds import OrderStatus
from hub.schema import ids
from hub.schema.context import Info
from hub.schema.listing import Listing, list_field
from hub.schema.nodes import Money, Node, code_enum, label_field
from hub.schema.part import Part, entity
from hub.schema.records import SystemRecord, common
from hub.schema.totals import TotalsRange, totalled
from hub.schema.weights import TOTALLED
from hub.store.reading import record_entities, totals
from hub.store.reading.entities import HUB
from hub.store.reading.entity import Row

part = Part("procurement", "Orders of agencies in online shops.")

code_enum(OrderStatus, "Where an order stands.")


@entity(part, "A supplier as an online shop names it: a label, not an identity.")
class Supplier(Node):
    """Suppliers are known from orders only."""

    entity = record_entities.SUPPLIER

    name: str = strawberry.field(description="The name in the shop.")
    marketplace: str = strawberry.field(description="The shop.")
    city: str | None = strawberry.field(description="Where the shop says it is.")

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """From any of its orders."""
        return cls.of(row["body"])

    @classmethod
    def of(cls, body: dict[str, Any]) -> Self:
        """As an order's body names it."""
        return cls(
            id=cls.id_of((HUB, body["supplier_key"])),
            name=body["supplier"],
            marketplace=body["marketplace"],
            city=body["supplier_city"],
        )


@entity(part, "An order of an agency in an online shop. Never who ordered.")
class ProcurementOrder(SystemRecord):
    """A record of kind ``order``."""

    entity = record_entities.ORDER

    order_id: str = strawberry.field(description="The shop's number.")
    description: str | None = strawberry.field(description="What was ordered.")
    category: str | None = strawberry.field(description="Its category in the shop.")
    value: Money | None = strawberry.field(description="What it is worth.")
    ordered_at: datetime = strawberry.field(description="When it was ordered.")
    marketplace: str = strawberry.field(description="The shop.")
    payment_method: str | None = strawberry.field(description="How it is paid.")
    unit: str | None = strawberry.field(description="The ordering unit, in the feed's word.")
    note: str | None = strawberry.field(description="What the shop notes on its status.")
    status: OrderStatus = strawberry.field(description="Where it stands.")
    status_label: str | None = label_field("status", "Where it stands")
    supplier: Supplier = strawberry.field(description="From whom it was ordered.")

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """From ``records``."""
        body = row["body"]
        return cls(
            **common(cls, row),
            order_id=body["order_id"],
            description=body["description"],
            category=body["category"],
            value=Money.of(row["amount"], row["currency"]),
            ordered_at=row["occurred_at"],
            marketplace=body["marketplace"],
            payment_method=body["payment_method"],
            unit=body["unit"],
            note=body["note"],
            status=OrderStatus(row["status"]),
            supplier=Supplier.of(body),
        )


def _supplier_key(id_: str) -> str:
    """The key in the id of a supplier; of anything else, one that no order has."""
    type_name, (_, key) = ids.decode(id_)
    return key if type_name == record_entities.SUPPLIER.name else ""


@strawberry.input(description="Which orders; conditions are joined by AND, values of one by OR.")
class ProcurementOrderFilter:
    """Names are those of the entity's filters."""

    agency_code: list[str] | None = strawberry.field(default=None, name="agency", description="Agency codes.")
    supplier_key: list[strawberry.ID] | None = strawberry.field(
        default=None, name="supplier", description="Ids of suppliers."
    )
    marketplace: list[str] | None = strawberry.field(default=None, description="Shops.")
    status: list[OrderStatus] | None = strawberry.field(default=None, description="Where they stand.")
    amount_min: Decimal | None = strawberry.field(
        default=None, name="valueMin", description="Worth at least, in rupiah."
    )
    amount_max: Decimal | None = strawberry.field(
        default=None, name="valueMax", description="Worth at most, in rupiah."
    )
    occurred_from: datetime | None = strawberry.field(default=None, name="orderedFrom", description="At or after.")
    occurred_to: datetime | None = strawberry.field(default=None, name="orderedTo", description="Before.")

    reads: ClassVar[dict[str, Callable[[Any], Any]]] = {"supplier_key": _supplier_key}


@strawberry.enum(description="In which order procurement orders are listed.")
class ProcurementOrderBy(Enum):
    """Names of the entity's orders."""

    ORDERED_DESC = strawberry.enum_value("OCCURRED_DESC", description="The latest first.")
    ORDERED_ASC = strawberry.enum_value("OCCURRED_ASC", description="The earliest first.")
    VALUE_DESC = strawberry.enum_value("AMOUNT_DESC", description="The largest first.")
    VALUE_ASC = strawberry.enum_value("AMOUNT_ASC", description="The smallest first.")


ORDERS = Listing(ProcurementOrder, ProcurementOrderFilter, ProcurementOrderBy)


@strawberry.enum(description="What orders are counted by.")
class OrderTotalsBy(Enum):
    """Groups of order totals."""

    AGENCY = strawberry.enum_value("agency", description="The code of the agency; null where the hub does not know it.")
    MARKETPLACE = strawberry.enum_value("marketplace", description="The shop.")


@strawberry.type(description="Orders of one group, counted.")
class OrderTotal:
    """One row of totals."""

    group: str | None = strawberry.field(description="The group: an agency's code, a shop.")
    count: int = strawberry.field(description="How many orders.")
    value: Money = strawberry.field(description="What the completed ones add up to.")


@part.query
class Query:
    """Root fields of this part."""

    procurement_orders = list_field(ORDERS, "Orders in online shops, the latest first.")

    @strawberry.field(description="Orders counted; the last 366 days by default.", directives=[TOTALLED])
    async def order_totals(
        self,
        info: Info,
        by: Annotated[OrderTotalsBy, strawberry.argument(description="What to count by.")],
        range: TotalsRange = None,
    ) -> list[OrderTotal]:
        """One statement."""
        found = await totalled(info, totals.orders, by, range, days=366)
        return [OrderTotal(group=g, count=n, value=Money(amount=a, currency="IDR")) for g, n, a in found]
