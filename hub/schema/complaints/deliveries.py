"""What leaves the hub, as the graph tells it: how far each delivery is, and what came of each attempt."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Self

import strawberry

from hub.complaints.forwarding import AttemptOutcome, DeliveryAction, DeliveryState
from hub.schema.complaints import part
from hub.schema.context import Info
from hub.schema.listing import Listing, list_field
from hub.schema.needs import needs
from hub.schema.nodes import Node, label_field
from hub.schema.part import entity
from hub.schema.weights import SHORT
from hub.store.reading import delivery_entity
from hub.store.reading.delivery_entity import OPERATE
from hub.store.reading.entity import Row


@strawberry.type(description="What came of one attempt, of a look at the other side, or of a person's decision.")
class DeliveryAttempt:
    """A row of the evidence."""

    at: datetime = strawberry.field(description="When.")
    outcome: AttemptOutcome = strawberry.field(description="What came of it.")
    trouble: str | None = strawberry.field(description="Why, where there was trouble.")
    actor: str = strawberry.field(description="Who: `worker`, or the person who decided.")

    @classmethod
    def of(cls, row: Row) -> Self:
        """From ``delivery_attempts``."""
        return cls(at=row["at"], outcome=AttemptOutcome(row["outcome"]), trouble=row["trouble"], actor=row["actor"])


@entity(part, "One thing to bring to another system.")
class Delivery(Node):
    """From ``deliveries``."""

    entity = delivery_entity.DELIVERY

    key: str = strawberry.field(description="Its number, such as LG-2026-000123/2; the same at every attempt.")
    ticket: str = strawberry.field(description="The ticket of the complaint it is about.")
    action: DeliveryAction = strawberry.field(description="What it does there.")
    action_label: str | None = label_field("action", "What it does there")
    state: DeliveryState = strawberry.field(description="How far it is.")
    state_label: str | None = label_field("state", "How far it is")
    attempts: int = strawberry.field(description="How often it was tried; a person's retry begins anew.")
    trouble: str | None = strawberry.field(description="What the last attempt met; null when it went well.")
    external_id: str | None = strawberry.field(description="The record it is about, in the other system's own id.")
    created_at: datetime = strawberry.field(description="When it was planned.")
    due_at: datetime | None = strawberry.field(description="When it is tried next at the soonest; null if it is not.")
    settled_at: datetime | None = strawberry.field(description="When it arrived or was given up.")

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """From ``deliveries``."""
        state = DeliveryState(row["state"])
        return cls(
            id=cls.row_id(row),
            key=row["key"],
            ticket=row["ticket"],
            action=DeliveryAction(row["action"]),
            state=state,
            attempts=row["attempts"],
            trouble=row["trouble"],
            external_id=row["external_id"],
            created_at=row["created_at"],
            due_at=row["due_at"] if state in (DeliveryState.WAITING, DeliveryState.SENDING) else None,
            settled_at=row["settled_at"],
        )

    @strawberry.field(
        description="What came of each attempt, in order. Needs hub:operate.",
        directives=[SHORT],
        extensions=needs(OPERATE),
    )
    async def evidence(self, info: Info) -> list[DeliveryAttempt] | None:
        """One statement a level."""
        evidence = await info.context.found("evidence", delivery_entity.evidence, self.key)
        return [DeliveryAttempt.of(row) for row in evidence or ()]


@strawberry.input(description="Which deliveries; conditions are joined by AND, values of one by OR.")
class DeliveryFilter:
    """Names are those of the entity's filters."""

    state: list[DeliveryState] | None = strawberry.field(default=None, description="How far they are.")
    system: list[str] | None = strawberry.field(default=None, description="Names of the systems they go to.")


@strawberry.enum(description="In which order deliveries are listed.")
class DeliveryOrderBy(Enum):
    """Names of the entity's orders."""

    CREATED_DESC = strawberry.enum_value("CREATED_DESC", description="The latest first.")
    CREATED_ASC = strawberry.enum_value("CREATED_ASC", description="The earliest first.")


DELIVERIES = Listing(Delivery, DeliveryFilter, DeliveryOrderBy)


class Query:
    """The list for those who operate the hub."""

    deliveries = list_field(
        DELIVERIES, "What leaves the hub, the latest first; secret complaints aside. Needs hub:operate.", OPERATE
    )
