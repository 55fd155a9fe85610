"""What a complaint and another system's record both hold, as the graph tells it: what each side says since when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Self

import strawberry
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.complaints.adopting import FIELDS
from hub.connectors.sharing import Authority
from hub.connectors.sharing import Shared as Declared
from hub.schema.context import Context, Info
from hub.schema.nodes import LanguageArgument, label, label_field
from hub.store.exchange import conflicts, sharing
from hub.store.exchange.sharing import Words
from hub.viewer import Viewer


@strawberry.type(description="One field that a complaint and another system's record both hold. Values are codes.")
class SharedField:
    """What was said of it; see ``hub.store.exchange.sharing``."""

    declared: strawberry.Private[Declared]
    system: str = strawberry.field(description="The other system's name.")
    field: str = strawberry.field(description="The field's name, such as `status` or `agency`.")
    authority: Authority = strawberry.field(description="Which side has the say.")
    authority_label: str | None = label_field("authority", "Which side has the say")
    value: str | None = strawberry.field(description="What holds: what the complaint says.")
    ours: str | None = strawberry.field(description="What was decided here last; null if nothing was.")
    ours_at: datetime | None = strawberry.field(description="When that was decided.")
    theirs: str | None = strawberry.field(description="What the other system said last.")
    theirs_at: datetime | None = strawberry.field(description="When it said so, by its own clock.")
    declined: str | None = strawberry.field(description="A word of theirs that a person decided not to follow.")
    conflict_since: datetime | None = strawberry.field(
        description="Since when the two differ and a person has to decide; null where nobody has to."
    )

    @strawberry.field(description="Why that side has the say.")
    def why(self, info: Info, language: LanguageArgument = None) -> str:
        """As the connector declares it."""
        return label(info, self.declared.why_id, self.declared.why_en, language)

    @classmethod
    def of(cls, said: Words, declared: Declared, row: Mapping[Any, Any]) -> Self:
        """From what was said, and the complaint's row."""
        return cls(
            declared=declared,
            system=said.system,
            field=said.field,
            authority=declared.authority,
            value=FIELDS[said.field].word(row),
            ours=said.ours.value if said.ours else None,
            ours_at=said.ours.at if said.ours else None,
            theirs=said.theirs.value if said.theirs else None,
            theirs_at=said.theirs.at if said.theirs else None,
            declined=said.declined,
            conflict_since=said.conflict_since,
        )


async def shared_of(context: Context, row: Mapping[Any, Any]) -> list[SharedField] | None:
    """Two statements a level; None for a complaint that the viewer does not see in full."""
    said = await context.found("shared fields", _said, row["ticket"])
    return None if said is None else [SharedField.of(each, of, row) for each, of in said]


async def _said(
    db: AsyncConnection, viewer: Viewer, tickets: Sequence[str]
) -> Mapping[str, list[tuple[Words, Declared]]]:
    declared, found = await sharing.declared(db), await conflicts.of(db, viewer, tickets)
    return {
        ticket: [(each, of) for each in words if (of := declared[each.system].get(each.field))]
        for ticket, words in found.items()
    }
