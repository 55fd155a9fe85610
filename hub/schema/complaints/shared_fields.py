"""The shared fields of a complaint: the values of both sides with their times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Self

import strawberry
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.complaints.field_authority import Authority
from hub.complaints.field_authority import SharedField as Declared
from hub.complaints.shared_fields import FIELDS, ComplaintField
from hub.schema.context import Context, Info
from hub.schema.nodes import LanguageArgument, label, label_field
from hub.store.reconciliation import field_states
from hub.store.reconciliation.field_states import FieldState
from hub.store.use_cases import conflicts
from hub.viewer import Viewer


@strawberry.type(
    description="A field that a complaint shares with a record of another system. Values are codes: those of the"
    " complaint's field of the same name."
)
class SharedField:
    """The state of a shared field; see ``hub.store.reconciliation.field_states``."""

    declared: strawberry.Private[Declared]
    system: str = strawberry.field(description="The name of the other system.")
    field: ComplaintField = strawberry.field(description="The shared field.")
    authority: Authority = strawberry.field(description="Which side decides the value.")
    authority_label: str | None = label_field("authority", "Which side decides the value")
    value: str | None = strawberry.field(description="The value that applies: the complaint's current value.")
    local_value: str | None = strawberry.field(description="The last value that was set in the hub; null if none was.")
    local_at: datetime | None = strawberry.field(description="When the local value was set.")
    remote_value: str | None = strawberry.field(
        description="The last value that the other system sent; null if it sent none."
    )
    remote_at: datetime | None = strawberry.field(description="When the other system set its value, by its own clock.")
    declined_remote_value: str | None = strawberry.field(
        description="The last value of the other system that a person declined; null if none was."
    )
    conflict_since: datetime | None = strawberry.field(
        description="Since when the values differ and a person must decide; null if there is no conflict."
    )

    @strawberry.field(description="Why this side decides the value.")
    def rationale(self, info: Info, language: LanguageArgument = None) -> str:
        """Return the reason that the connector declares, in one language."""
        return label(info, self.declared.why_id, self.declared.why_en, language)

    @classmethod
    def from_state(cls, state: FieldState, declared: Declared, row: Mapping[Any, Any]) -> Self:
        """Return the field from its state and the complaint's row."""
        return cls(
            declared=declared,
            system=state.system,
            field=ComplaintField(state.field.upper()),
            authority=declared.authority,
            value=FIELDS[state.field].serialize(row),
            local_value=state.local.value if state.local else None,
            local_at=state.local.at if state.local else None,
            remote_value=state.remote.value if state.remote else None,
            remote_at=state.remote.at if state.remote else None,
            declined_remote_value=state.declined,
            conflict_since=state.conflict_since,
        )


async def load_shared_fields(context: Context, row: Mapping[Any, Any]) -> list[SharedField] | None:
    """Load the fields with two SQL statements per level; None if the viewer may not see the complaint in full."""
    states = await context.load("shared fields", _field_states, row["ticket"])
    return None if states is None else [SharedField.from_state(each, of, row) for each, of in states]


async def _field_states(
    db: AsyncConnection, viewer: Viewer, tickets: Sequence[str]
) -> Mapping[str, list[tuple[FieldState, Declared]]]:
    declared, found = await field_states.declared(db), await conflicts.list_for_tickets(db, viewer, tickets)
    return {
        ticket: [(each, of) for each in states if (of := declared[each.system].get(each.field))]
        for ticket, states in found.items()
    }
