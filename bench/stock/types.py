"""The types of the graph, as far as the two queries of the officer need them."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Any, Self

import strawberry
from strawberry import Info

ORDER_COUNT = 20


@strawberry.enum
class ComplaintStatus(Enum):
    IN_PROGRESS = "IN_PROGRESS"
    VERIFIED = "VERIFIED"
    CLOSED = "CLOSED"


@strawberry.enum
class Channel(Enum):
    WHATSAPP = "WHATSAPP"
    WEB = "WEB"


@strawberry.enum
class OrderBy(Enum):
    RECEIVED_DESC = "RECEIVED_DESC"


@strawberry.input
class ComplaintFilter:
    status: list[ComplaintStatus]
    channel: list[Channel]


@strawberry.type
class Money:
    amount: str
    currency: str

    @classmethod
    def of(cls, row: Any) -> Self | None:
        return None if row["amount"] is None else cls(amount=row["amount"], currency=row["currency"] or "IDR")


@strawberry.type
class Person:
    name: str | None
    phone: str | None


@strawberry.type
class Supplier:
    name: str


@strawberry.type
class ProcurementOrder:
    order_id: str
    value: Money | None
    status: str
    supplier: Supplier
    as_of: datetime

    @classmethod
    def of(cls, row: Any) -> Self:
        supplier = Supplier(name=row["supplier"])
        values = {name: row[name] for name in ("order_id", "status", "as_of")}
        return cls(value=Money.of(row), supplier=supplier, **values)


@strawberry.type
class OrderEdge:
    node: ProcurementOrder


@strawberry.type
class OrderConnection:
    edges: list[OrderEdge]


@strawberry.type
class Agency:
    code: strawberry.Private[str]
    name: str
    head: Person | None

    @classmethod
    def of(cls, row: Any) -> Self:
        head = Person(name=row["head_name"], phone=row["head_phone"]) if row["head_name"] is not None else None
        return cls(code=row["code"], name=row["name"], head=head)

    @strawberry.field
    async def procurement_orders(self, info: Info, first: int = ORDER_COUNT) -> OrderConnection:
        found = await info.context["orders"].load((self.code, first))
        return OrderConnection(edges=[OrderEdge(node=each) for each in found])


@strawberry.type
class CentralReport:
    tracking_id: str
    status: str
    disposition: str | None
    as_of: datetime

    @classmethod
    def of(cls, row: Any) -> Self:
        return cls(**{name: row[name] for name in ("tracking_id", "status", "disposition", "as_of")})


@strawberry.type
class Payment:
    reference: str
    amount: Money | None
    paid_at: datetime
    merchant: str
    corridor: str | None
    status: str
    as_of: datetime

    @classmethod
    def of(cls, row: Any) -> Self:
        named = ("reference", "paid_at", "merchant", "corridor", "status", "as_of")
        return cls(amount=Money.of(row), **{name: row[name] for name in named})


@strawberry.type
class Complaint:
    id: strawberry.Private[int]
    agency_code: strawberry.Private[str | None]
    reporter_id: strawberry.Private[int | None]
    ticket: str
    title: str | None
    status: ComplaintStatus
    channel: Channel | None
    received_at: datetime
    due_at: datetime | None
    overdue: bool
    secret: bool

    @classmethod
    def of(cls, row: Any) -> Self:
        names = ("id", "agency_code", "reporter_id", "ticket", "title", "received_at", "due_at", "overdue", "secret")
        values: dict[str, Any] = {name: row[name] for name in names}
        return cls(status=ComplaintStatus(row["status"]), channel=Channel(row["channel"]), **values)

    @strawberry.field
    async def reporter(self, info: Info) -> Person | None:
        key = self.reporter_id, self.id, self.ticket
        return await info.context["reporters"].load(key) if self.reporter_id else None

    @strawberry.field
    async def agency(self, info: Info) -> Agency | None:
        return await info.context["agencies"].load(self.agency_code) if self.agency_code else None

    @strawberry.field
    async def central_report(self, info: Info) -> CentralReport | None:
        return await info.context["reports"].load(self.id)  # type: ignore[no-any-return]

    @strawberry.field
    async def payments(self, info: Info) -> list[Payment]:
        return await info.context["payments"].load(self.id)  # type: ignore[no-any-return]
