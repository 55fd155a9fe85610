"""The part ``payments``: fares, taxes and tickets paid to merchants of the province, never who paid."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Annotated, Self

import strawberry

from hub.kinds import PaidFor, PaymentStatus
from hub.schema.context import Info
from hub.schema.listing import Listing, list_field
from hub.schema.needs import needs
from hub.schema.nodes import Money, code_enum, label_field
from hub.schema.part import Part, entity
from hub.schema.records import SystemRecord, common
from hub.schema.totals import TotalsRange, totalled
from hub.schema.weights import TOTALLED
from hub.store.reading import record_entities, totals
from hub.store.reading.entity import Row

part = Part("payments", "Payments to merchants of the province.")

code_enum(PaymentStatus, "Where a payment stands.")
code_enum(PaidFor, "What a payment was for.")

SCOPE = "payments:read"


@entity(part, "A payment: a bus fare, a tax, an entry ticket. Never who paid.")
class Payment(SystemRecord):
    """A record of kind ``payment``."""

    entity = record_entities.PAYMENT

    reference: str = strawberry.field(description="The provider's reference.")
    partner_reference: str | None = strawberry.field(description="The merchant's own reference.")
    rrn: str | None = strawberry.field(description="The retrieval reference number on a receipt.")
    amount: Money | None = strawberry.field(description="What was paid.")
    paid_at: datetime = strawberry.field(description="When it was paid.")
    paid_for: PaidFor | None = strawberry.field(
        description="What it was for; null when the provider's word is not known."
    )
    merchant: str = strawberry.field(description="The merchant, such as TRANSJATENG.")
    store: str | None = strawberry.field(description="The merchant's store.")
    terminal: str | None = strawberry.field(description="The terminal.")
    corridor: str | None = strawberry.field(description="The bus corridor, for a fare.")
    bus: str | None = strawberry.field(description="The bus, for a fare.")
    stop: str | None = strawberry.field(description="The bus stop, for a fare.")
    fare_type: str | None = strawberry.field(description="The fare type, such as UMUM or PELAJAR.")
    status: PaymentStatus = strawberry.field(description="Where it stands.")
    status_label: str | None = label_field("status", "Where it stands")

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """From ``records``."""
        body = row["body"]
        return cls(
            **common(cls, row),
            reference=body["reference"],
            partner_reference=body["partner_reference"],
            rrn=body["rrn"],
            amount=Money.of(row["amount"], row["currency"]),
            paid_at=row["occurred_at"],
            paid_for=PaidFor(body["paid_for"]) if body["paid_for"] else None,
            merchant=body["merchant"],
            store=body["store"],
            terminal=body["terminal"],
            corridor=body["corridor"],
            bus=body["bus"],
            stop=body["stop"],
            fare_type=body["fare_type"],
            status=PaymentStatus(row["status"]),
        )


@strawberry.input(description="Which payments; conditions are joined by AND, values of one by OR.")
class PaymentFilter:
    """Names are those of the entity's filters."""

    merchant: list[str] | None = strawberry.field(default=None, description="Merchants.")
    corridor: list[str] | None = strawberry.field(default=None, description="Bus corridors.")
    paid_for: list[PaidFor] | None = strawberry.field(default=None, description="What they were for.")
    status: list[PaymentStatus] | None = strawberry.field(default=None, description="Where they stand.")
    system: list[str] | None = strawberry.field(default=None, description="Names of systems.")
    occurred_from: datetime | None = strawberry.field(default=None, name="paidFrom", description="Paid at or after.")
    occurred_to: datetime | None = strawberry.field(default=None, name="paidTo", description="Paid before.")


@strawberry.enum(description="In which order payments are listed.")
class PaymentOrderBy(Enum):
    """Names of the entity's orders."""

    PAID_DESC = strawberry.enum_value("OCCURRED_DESC", description="The latest first.")
    PAID_ASC = strawberry.enum_value("OCCURRED_ASC", description="The earliest first.")
    AMOUNT_DESC = strawberry.enum_value("AMOUNT_DESC", description="The largest first.")


PAYMENTS = Listing(Payment, PaymentFilter, PaymentOrderBy)


@strawberry.enum(description="What payments are counted by.")
class PaymentTotalsBy(Enum):
    """Groups of payment totals."""

    DAY = strawberry.enum_value("day", description="The day in Asia/Jakarta, such as 2026-11-22.")
    MERCHANT = strawberry.enum_value("merchant", description="The merchant.")
    CORRIDOR = strawberry.enum_value("corridor", description="The bus corridor; null for what is not a fare.")


@strawberry.type(description="Payments of one group, counted.")
class PaymentTotal:
    """One row of totals."""

    group: str | None = strawberry.field(description="The group, such as a day or a merchant.")
    count: int = strawberry.field(description="How many payments.")
    amount: Money = strawberry.field(description="What they add up to; only those that were paid and not refunded.")


@part.query
class Query:
    """Root fields of this part."""

    payments = list_field(PAYMENTS, "Payments, the latest first. Needs payments:read.", SCOPE)

    @strawberry.field(
        description="Payments counted; the last 31 days by default. Needs payments:read.",
        directives=[TOTALLED],
        extensions=needs(SCOPE),
    )
    async def payment_totals(
        self,
        info: Info,
        by: Annotated[PaymentTotalsBy, strawberry.argument(description="What to count by.")],
        range: TotalsRange = None,
    ) -> list[PaymentTotal] | None:
        """One statement."""
        found = await totalled(info, totals.payments, by, range, days=31)
        return [PaymentTotal(group=g, count=n, amount=Money(amount=a, currency="IDR")) for g, n, a in found]
