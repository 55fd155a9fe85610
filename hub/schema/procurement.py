"""The part ``procurement``: orders of agencies in online shops, and their suppliers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from enum import Enum
from functools import partial
from typing import Annotated, Any, ClassVar, Self

import strawberry

from hub.kinds import OrderStatus
from hub.schema import ids
from hub.schema.aggregates import TotalsRange, aggregate
from hub.schema.arguments import BadArgument
from hub.schema.authorization import requirement, requires
from hub.schema.connections import Listing, list_field
from hub.schema.context import Info
from hub.schema.cost import AGGREGATE_COST
from hub.schema.nodes import Money, Node, code_enum, label_field
from hub.schema.part import Part, entity
from hub.schema.records import COLUMNS, SystemRecord, common, prose_of
from hub.store.queries import aggregates, record_entities
from hub.store.queries.entities import HUB
from hub.store.queries.entity import Row

SCOPE = "orders:read"
MAX_LARGEST = 1_000
"""The maximum number of groups that ``largest`` can ask for."""

part = Part("procurement", "Procurement orders of agencies in online shops.")

code_enum(OrderStatus, "The status of a procurement order.")


@entity(part, "A supplier in an online shop, identified only by its name there; two suppliers may be the same company.")
class Supplier(Node):
    """A supplier, which the hub knows only from its orders."""

    entity = record_entities.SUPPLIER

    name: str = strawberry.field(description="The supplier's name in the shop.")
    marketplace: str = strawberry.field(
        description="The online shop, as named by the procurement feed; the values are defined by the feed."
    )
    city: str | None = strawberry.field(
        description="The supplier's city according to the shop; null if the shop states none."
    )

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """Return the supplier of a row of ``records``, which may be any of its orders."""
        return cls.from_body(row["body"])

    @classmethod
    def from_body(cls, body: dict[str, Any]) -> Self:
        """Return the supplier that the body of an order names."""
        return cls(
            ref=(HUB, body["supplier_key"]),
            name=body["supplier"],
            marketplace=body["marketplace"],
            city=body["supplier_city"],
        )


def _free_text(description: str) -> Any:
    """Return a field with free text; it is null for the public."""
    return strawberry.field(description=f"{description} {requirement(SCOPE)}", extensions=requires(SCOPE))


@entity(part, "An order that an agency placed in an online shop. It never names the person who ordered.")
class ProcurementOrder(SystemRecord):
    """A record of kind ``order``."""

    entity = record_entities.ORDER
    columns = COLUMNS | dict.fromkeys(("description", "note"), ("prose",))

    order_id: str = strawberry.field(description="The shop's order number.")
    description: str | None = _free_text(
        "What was ordered, as written by the buyer; it may name people. Null if nothing was written."
    )
    category: str | None = strawberry.field(
        description="The category of the goods; the values are defined by the shop. Null if the shop sent none."
    )
    value: Money | None = strawberry.field(description="The value of the order; null if the shop sent none.")
    ordered_at: datetime = strawberry.field(description="When the order was placed.")
    marketplace: str = strawberry.field(
        description="The online shop, as named by the procurement feed; the values are defined by the feed."
    )
    payment_method: str | None = strawberry.field(
        description="The payment method; the values are defined by the shop. Null if the shop sent none."
    )
    unit: str | None = strawberry.field(
        description="The ordering unit of the agency, as named by the procurement feed; null if the feed names none."
    )
    note: str | None = _free_text(
        "The shop's note on the order's status, as written by the shop; null if there is none."
    )
    status: OrderStatus = strawberry.field(description="The order's current status.")
    status_label: str | None = label_field("status", "The order's current status")
    supplier: Supplier = strawberry.field(description="The supplier of the order.")

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """Return the order of a row of ``records``."""
        body, prose = row["body"], prose_of(row)
        return cls(
            **common(row),
            order_id=body["order_id"],
            description=prose["description"],
            category=body["category"],
            value=Money.from_amount(row["amount"], row["currency"]),
            ordered_at=row["occurred_at"],
            marketplace=body["marketplace"],
            payment_method=body["payment_method"],
            unit=body["unit"],
            note=prose["note"],
            status=OrderStatus(row["status"]),
            supplier=Supplier.from_body(body),
        )


def _supplier_key(id_: str) -> str:
    """Return the key of the supplier with this id; of any other object, the empty key, which no order has."""
    type_name, (_, key) = ids.decode(id_)
    return key if type_name == record_entities.SUPPLIER.name else ""


@strawberry.input(
    description="Conditions on procurement orders. An order must meet all conditions; within one condition any value"
    " matches."
)
class ProcurementOrderFilter:
    """Conditions; each is named like a filter of the entity."""

    by_order: list[str] | None = strawberry.field(
        default=None, name="orderId", description="Order numbers of the shops."
    )
    agency_code: list[str] | None = strawberry.field(
        default=None, name="agency", description="Codes of the ordering agencies."
    )
    supplier_key: list[strawberry.ID] | None = strawberry.field(
        default=None, name="supplier", description="Ids of suppliers."
    )
    marketplace: list[str] | None = strawberry.field(
        default=None, description="Online shops, as defined by the procurement feed."
    )
    status: list[OrderStatus] | None = strawberry.field(default=None, description="Statuses.")
    amount_min: Decimal | None = strawberry.field(
        default=None, name="valueMin", description="The minimum value in rupiah."
    )
    amount_max: Decimal | None = strawberry.field(
        default=None, name="valueMax", description="The maximum value in rupiah."
    )
    occurred_from: datetime | None = strawberry.field(
        default=None, name="orderedFrom", description="Ordered at this time or later."
    )
    occurred_to: datetime | None = strawberry.field(
        default=None, name="orderedTo", description="Ordered before this time."
    )

    parsers: ClassVar[dict[str, Callable[[Any], Any]]] = {"supplier_key": _supplier_key}


@strawberry.enum(description="Sort orders of procurement orders.")
class ProcurementOrderBy(Enum):
    """Sort orders; each value is the name of an order of the entity."""

    ORDERED_DESC = strawberry.enum_value("OCCURRED_DESC", description="Latest first.")
    ORDERED_ASC = strawberry.enum_value("OCCURRED_ASC", description="Earliest first.")
    VALUE_DESC = strawberry.enum_value("AMOUNT_DESC", description="Highest value first.")
    VALUE_ASC = strawberry.enum_value("AMOUNT_ASC", description="Lowest value first.")


ORDERS = Listing(ProcurementOrder, ProcurementOrderFilter, ProcurementOrderBy)


@strawberry.enum(description="What orders are grouped by.")
class OrderTotalsGrouping(Enum):
    """Groupings of order totals."""

    AGENCY = strawberry.enum_value(
        "agency", description="The code of the agency; null if the hub does not know the agency."
    )
    MARKETPLACE = strawberry.enum_value("marketplace", description="The online shop.")
    MONTH = strawberry.enum_value("month", description="The month in the time zone Asia/Jakarta, such as 2026-01.")
    SUPPLIER = strawberry.enum_value(
        "supplier", description="The supplier's name in the shop; two suppliers may have the same name."
    )


@strawberry.type(description="The number and value of the orders of one group.")
class OrderTotal:
    """The totals of one group."""

    group: str | None = strawberry.field(
        description="The value that the orders have in common: an agency's code or a shop."
    )
    count: int = strawberry.field(description="The number of orders.")
    value: Money = strawberry.field(description="The sum of the completed orders.")


@part.query
class Query:
    """Root fields of procurement orders."""

    procurement_orders = list_field(ORDERS, "Orders in online shops, latest first.")

    @strawberry.field(
        description="The number and value of orders by group, for the last 366 days by default.",
        directives=[AGGREGATE_COST],
    )
    async def order_totals(
        self,
        info: Info,
        group_by: Annotated[OrderTotalsGrouping, strawberry.argument(description="The field to group by.")],
        range: TotalsRange = None,
        largest: Annotated[
            int | None,
            strawberry.argument(
                description=f"Return only so many groups, 1 to {MAX_LARGEST}, those with the largest values first."
            ),
        ] = None,
    ) -> list[OrderTotal]:
        """Compute the totals with one SQL statement."""
        if largest is not None and not 1 <= largest <= MAX_LARGEST:
            raise BadArgument(f"`largest` must be 1 to {MAX_LARGEST}.", f"`largest` harus 1 sampai {MAX_LARGEST}.")
        total = partial(aggregates.order_totals, largest=largest)
        found = await aggregate(info, total, group_by, range, days=366)
        return [OrderTotal(group=g, count=n, value=Money(amount=a, currency="IDR")) for g, n, a in found]
