"""The part ``payments``: fares, taxes and tickets paid to merchants of the province, without the payers."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Annotated, Self

import strawberry

from hub.kinds import PaymentPurpose, PaymentStatus
from hub.schema.aggregates import TotalsRange, aggregate
from hub.schema.authorization import requires
from hub.schema.connections import Listing, list_field
from hub.schema.context import Info
from hub.schema.cost import AGGREGATE_COST
from hub.schema.lookups import load_node_by_key
from hub.schema.nodes import Money, code_enum, label_field
from hub.schema.part import Part, entity
from hub.schema.records import COLUMNS, SystemRecord, common
from hub.store.queries import aggregates, record_entities
from hub.store.queries.entity import Row

part = Part("payments", "Payments to merchants of the province.")

code_enum(PaymentStatus, "The status of a payment.")
code_enum(PaymentPurpose, "What a payment was made for.")

SCOPE = "payments:read"


@entity(part, "A payment, such as a bus fare, a tax or an entry ticket. It never names the payer.")
class Payment(SystemRecord):
    """A record of kind ``payment``."""

    entity = record_entities.PAYMENT
    columns = COLUMNS

    reference: str = strawberry.field(description="The payment provider's reference.")
    partner_reference: str | None = strawberry.field(description="The merchant's own reference; null if it has none.")
    rrn: str | None = strawberry.field(
        description="The retrieval reference number (RRN) on the receipt; null if there is none."
    )
    amount: Money | None = strawberry.field(description="The amount paid; null if the provider sent none.")
    paid_at: datetime = strawberry.field(description="When the payment was made.")
    purpose: PaymentPurpose | None = strawberry.field(
        description="What the payment was made for; null if the provider's code is unknown."
    )
    merchant: str = strawberry.field(
        description="The merchant, such as TRANSJATENG; the values are defined by the provider."
    )
    store: str | None = strawberry.field(description="The merchant's store; null if the provider sent none.")
    terminal: str | None = strawberry.field(description="The payment terminal; null if the provider sent none.")
    corridor: str | None = strawberry.field(description="The bus corridor of a fare; null for other payments.")
    bus: str | None = strawberry.field(description="The bus of a fare; null for other payments.")
    stop: str | None = strawberry.field(description="The bus stop of a fare; null for other payments.")
    fare_type: str | None = strawberry.field(
        description="The type of a fare, such as UMUM or PELAJAR; the values are defined by the provider. Null for"
        " other payments."
    )
    status: PaymentStatus = strawberry.field(description="The payment's current status.")
    status_label: str | None = label_field("status", "The payment's current status")

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """Return the payment of a row of ``records``."""
        body = row["body"]
        return cls(
            **common(row),
            reference=body["reference"],
            partner_reference=body["partner_reference"],
            rrn=body["rrn"],
            amount=Money.from_amount(row["amount"], row["currency"]),
            paid_at=row["occurred_at"],
            purpose=PaymentPurpose(body["paid_for"]) if body["paid_for"] else None,
            merchant=body["merchant"],
            store=body["store"],
            terminal=body["terminal"],
            corridor=body["corridor"],
            bus=body["bus"],
            stop=body["stop"],
            fare_type=body["fare_type"],
            status=PaymentStatus(row["status"]),
        )


@strawberry.input(
    description="Conditions on payments. A payment must meet all conditions; within one condition any value matches."
)
class PaymentFilter:
    """Conditions; each is named like a filter of the entity."""

    by_payment: list[str] | None = strawberry.field(
        default=None,
        name="reference",
        description="References: the provider's, the merchant's own, or the number on the receipt.",
    )
    merchant: list[str] | None = strawberry.field(default=None, description="Merchants, as defined by the provider.")
    corridor: list[str] | None = strawberry.field(default=None, description="Bus corridors.")
    paid_for: list[PaymentPurpose] | None = strawberry.field(
        default=None, name="purpose", description="What the payment was made for."
    )
    status: list[PaymentStatus] | None = strawberry.field(default=None, description="Statuses.")
    system: list[str] | None = strawberry.field(default=None, description="Names of systems.")
    occurred_from: datetime | None = strawberry.field(default=None, name="paidFrom", description="Paid at or after.")
    occurred_to: datetime | None = strawberry.field(default=None, name="paidTo", description="Paid before.")


@strawberry.enum(description="Sort orders of payments.")
class PaymentOrderBy(Enum):
    """Sort orders; each value is the name of an order of the entity."""

    PAID_DESC = strawberry.enum_value("OCCURRED_DESC", description="Latest first.")
    PAID_ASC = strawberry.enum_value("OCCURRED_ASC", description="Earliest first.")
    AMOUNT_DESC = strawberry.enum_value("AMOUNT_DESC", description="Largest amount first.")


PAYMENTS = Listing(Payment, PaymentFilter, PaymentOrderBy)


@strawberry.enum(description="What payments are grouped by.")
class PaymentTotalsGrouping(Enum):
    """Groupings of payment totals."""

    DAY = strawberry.enum_value("day", description="The day in the time zone Asia/Jakarta, such as 2026-11-22.")
    MERCHANT = strawberry.enum_value("merchant", description="The merchant.")
    CORRIDOR = strawberry.enum_value("corridor", description="The bus corridor; null for payments other than fares.")


@strawberry.type(description="The number and sum of the payments of one group.")
class PaymentTotal:
    """The totals of one group."""

    group: str | None = strawberry.field(
        description="The value that the payments have in common, such as a day or a merchant."
    )
    count: int = strawberry.field(description="The number of payments.")
    amount: Money = strawberry.field(description="The sum of the payments that were made and not refunded.")


@part.query
class Query:
    """Root fields of payments."""

    payments = list_field(
        PAYMENTS,
        "Payments, latest first. A partner sees only payments to its own merchants. Requires the scope payments:read.",
        SCOPE,
    )

    @strawberry.field(
        description="The payment with this reference, the latest if there are several. Null if it does not exist or is"
        " not visible to the viewer. Requires the scope payments:read.",
        extensions=requires(SCOPE),
    )
    async def payment(
        self,
        info: Info,
        reference: Annotated[
            str,
            strawberry.argument(
                description="The provider's reference, the merchant's own, or the number on the receipt."
            ),
        ],
    ) -> Payment | None:
        """Load it together with the other lookups of the level."""
        return await load_node_by_key(info.context, Payment, "payment", reference)

    @strawberry.field(
        description="The number and sum of payments by group, for the last 31 days by default. Requires the scope"
        " payments:read.",
        directives=[AGGREGATE_COST],
        extensions=requires(SCOPE),
    )
    async def payment_totals(
        self,
        info: Info,
        group_by: Annotated[PaymentTotalsGrouping, strawberry.argument(description="The field to group by.")],
        range: TotalsRange = None,
    ) -> list[PaymentTotal] | None:
        """Compute the totals with one SQL statement."""
        found = await aggregate(info, aggregates.payment_totals, group_by, range, days=31)
        return [PaymentTotal(group=g, count=n, amount=Money(amount=a, currency="IDR")) for g, n, a in found]
