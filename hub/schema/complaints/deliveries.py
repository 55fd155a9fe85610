"""Deliveries to other systems: their states and attempts, and the list for operators."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Self

import strawberry

from hub.complaints.forwarding import AttemptOutcome, DeliveryAction, DeliveryState
from hub.schema.authorization import requirement, requires
from hub.schema.complaints import part
from hub.schema.connections import Listing, list_field
from hub.schema.context import Info
from hub.schema.cost import SHORT_LIST_SIZE
from hub.schema.nodes import Node, label_field, row_ref
from hub.schema.part import entity
from hub.store.queries import delivery_entity
from hub.store.queries.delivery_entity import OPERATE
from hub.store.queries.entity import Row


@strawberry.type(description="An attempt to send a delivery, a look-up whether it arrived, or a person's decision.")
class DeliveryAttempt:
    """A row of ``delivery_attempts``."""

    at: datetime = strawberry.field(description="When it happened.")
    outcome: AttemptOutcome = strawberry.field(description="The outcome.")
    error: str | None = strawberry.field(description="What went wrong; null if nothing did.")
    actor: str = strawberry.field(description="Who acted: `worker`, or the id of the person who decided.")

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """Return the attempt of a row of ``delivery_attempts``."""
        return cls(at=row["at"], outcome=AttemptOutcome(row["outcome"]), error=row["trouble"], actor=row["actor"])


@entity(part, "A message about a complaint that the hub sends to another system.")
class Delivery(Node):
    """A row of ``deliveries``."""

    entity = delivery_entity.DELIVERY

    key: str = strawberry.field(
        description="The delivery's number, such as LG-2026-000123/2. It is the same at every attempt."
    )
    ticket: str = strawberry.field(description="The ticket number of the complaint.")
    action: DeliveryAction = strawberry.field(description="What the delivery transmits.")
    action_label: str | None = label_field("action", "What the delivery transmits")
    state: DeliveryState = strawberry.field(description="The delivery's current state.")
    state_label: str | None = label_field("state", "The delivery's current state")
    attempt_count: int = strawberry.field(
        description="The number of attempts so far, counted from the last `retryDelivery`."
    )
    last_error: str | None = strawberry.field(
        description=f"The error of the last attempt; null if it succeeded. {requirement(OPERATE)}",
        extensions=requires(OPERATE),
    )
    external_id: str | None = strawberry.field(
        description="The id of the record in the other system; null while unknown."
    )
    created_at: datetime = strawberry.field(description="When the delivery was created.")
    due_at: datetime | None = strawberry.field(
        description="The earliest time of the next attempt; null if none is planned."
    )
    settled_at: datetime | None = strawberry.field(
        description="When the delivery arrived or was given up; null before."
    )

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """Return the delivery of a row of ``deliveries``."""
        state = DeliveryState(row["state"])
        return cls(
            ref=row_ref(row),
            key=row["key"],
            ticket=row["ticket"],
            action=DeliveryAction(row["action"]),
            state=state,
            attempt_count=row["attempts"],
            last_error=row["trouble"],
            external_id=row["external_id"],
            created_at=row["created_at"],
            due_at=row["due_at"] if state in (DeliveryState.WAITING, DeliveryState.SENDING) else None,
            settled_at=row["settled_at"],
        )

    @strawberry.field(
        description=f"The attempts to send the delivery, earliest first. {requirement(OPERATE)}",
        directives=[SHORT_LIST_SIZE],
        extensions=requires(OPERATE),
    )
    async def attempts(self, info: Info) -> list[DeliveryAttempt] | None:
        """Load it with one SQL statement per level."""
        rows = await info.context.load("evidence", delivery_entity.list_attempts, self.key)
        return [DeliveryAttempt.from_row(row) for row in rows or ()]


@strawberry.input(
    description="Conditions on deliveries. A delivery must meet all conditions; within one condition any value matches."
)
class DeliveryFilter:
    """Conditions; each is named like a filter of the entity."""

    state: list[DeliveryState] | None = strawberry.field(default=None, description="States.")
    system: list[str] | None = strawberry.field(default=None, description="Names of receiving systems.")
    ticket: list[str] | None = strawberry.field(default=None, description="Ticket numbers of complaints.")
    key: list[str] | None = strawberry.field(
        default=None, description="Numbers of deliveries, such as LG-2026-000123/2."
    )
    group: list[str] | None = strawberry.field(default=None, description="Keys of `deliveryGroups`.")


@strawberry.enum(description="Sort orders of deliveries.")
class DeliveryOrderBy(Enum):
    """Sort orders; each value is the name of an order of the entity."""

    CREATED_DESC = strawberry.enum_value("CREATED_DESC", description="Latest first.")
    CREATED_ASC = strawberry.enum_value("CREATED_ASC", description="Earliest first.")


DELIVERIES = Listing(Delivery, DeliveryFilter, DeliveryOrderBy)


class Query:
    """The query of deliveries, for operators of the hub."""

    deliveries = list_field(
        DELIVERIES,
        f"Deliveries to other systems, latest first, without those of secret complaints. {requirement(OPERATE)}",
        OPERATE,
    )
