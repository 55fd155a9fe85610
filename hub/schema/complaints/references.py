"""The records of other systems that a complaint names, and whether the hub has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

import strawberry
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.kinds import Code
from hub.schema.context import Context, Info
from hub.schema.nodes import code_enum
from hub.store.complaints import timeline
from hub.store.queries import lookup, record_visibility
from hub.store.queries.entity import Entity, Row
from hub.store.queries.record_entities import ORDER, PAYMENT, PERMIT
from hub.viewer import Viewer


class ReferenceState(Code):
    """Whether the hub has a record that a complaint names, as far as the viewer may know."""

    LINKED = "LINKED", "Tertaut", "Linked", "The hub has the record, and the complaint is linked to it."
    NOT_FOUND = (
        "NOT_FOUND",
        "Belum ditemukan",
        "Not found yet",
        "The hub has no such record that is visible to the viewer. It is linked as soon as one arrives.",
    )
    RECORDED = (
        "RECORDED",
        "Tercatat",
        "Recorded",
        "The reference is stored; the viewer may not see records of this kind.",
    )


code_enum(ReferenceState, "Whether the hub has the record that a complaint names; new values may be added.")


@strawberry.type(description="The records of other systems that a complaint names, as they were submitted.")
class ComplaintReferences:
    """The references of a complaint by kind."""

    payment_reference: str | None = strawberry.field(
        description="The reference of a payment; null if none was submitted."
    )
    order_id: str | None = strawberry.field(
        description="The number of a procurement order; null if none was submitted."
    )
    tracking_id: str | None = strawberry.field(
        description="The tracking id of a report at the national complaint service; null if none was submitted."
    )
    permit_number: str | None = strawberry.field(
        description="The number of a permit or of its application; null if none was submitted."
    )

    @strawberry.field(description="Whether the hub has the payment; null if none is named.")
    async def payment_state(self, info: Info) -> ReferenceState | None:
        """Load it with one SQL statement per level."""
        seen = record_visibility.may_see_payments(info.context.viewer)
        return await _state(info.context, PAYMENT, "payment", self.payment_reference, seen=seen)

    @strawberry.field(description="Whether the hub has the order; null if none is named.")
    async def order_state(self, info: Info) -> ReferenceState | None:
        """Load it with one SQL statement per level."""
        return await _state(info.context, ORDER, "order", self.order_id, seen=True)

    @strawberry.field(description="Whether the hub has the permit; null if none is named.")
    async def permit_state(self, info: Info) -> ReferenceState | None:
        """Load it with one SQL statement per level."""
        seen = info.context.viewer.may(record_visibility.LICENSING)
        return await _state(info.context, PERMIT, "permit", self.permit_number, seen=seen)

    @classmethod
    def from_keys(cls, keys: Mapping[str, str | None]) -> Self:
        """Return the references from ``keys``, which maps names of keys to values."""
        return cls(
            payment_reference=keys.get("payment"),
            order_id=keys.get("order"),
            tracking_id=keys.get("report"),
            permit_number=keys.get("permit"),
        )


async def load_references(context: Context, ticket: str) -> ComplaintReferences | None:
    """Load the references with one SQL statement per level; None if the viewer may not see the complaint in full."""
    keys = await context.load("references", timeline.keys, ticket)
    return None if keys is None else ComplaintReferences.from_keys(keys)


async def _state(context: Context, entity: Entity, key: str, value: str | None, *, seen: bool) -> ReferenceState | None:
    """Return the state of the reference ``value``; a record that is hidden from the viewer counts as not found.

    ``seen`` is whether the viewer may see records of this kind.
    """
    if value is None:
        return None
    if not seen:
        return ReferenceState.RECORDED

    async def find(db: AsyncConnection, viewer: Viewer, values: list[str]) -> Mapping[str, Row]:
        return await lookup.by_key(db, entity, viewer, key, values)

    found = await context.load(("reference", key), find, value)
    return ReferenceState.NOT_FOUND if found is None else ReferenceState.LINKED
