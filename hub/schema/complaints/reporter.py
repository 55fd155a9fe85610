"""Who submitted a complaint: read for a stated purpose only, and never without a row in the access log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import partial
from typing import Any, Self

import strawberry
from sqlalchemy import RowMapping
from strawberry.types.nodes import SelectedField, Selection

from hub.auth.purposes import WORDS, Purpose
from hub.errors import NoPurpose
from hub.schema.context import Context, Info
from hub.schema.nodes import code_enum, label_field
from hub.store.complaints import reads, timeline
from hub.store.complaints.reads import Reading
from hub.store.reading.sight import PII

code_enum(Purpose, "What for somebody read who a reporter is.")


@strawberry.type(description="Who submitted a complaint.")
class Reporter:
    """Personal data."""

    name: str = strawberry.field(description="The name given.")
    phone: str | None = strawberry.field(description="The telephone number, as +62….")
    email: str | None = strawberry.field(description="The mail address.")
    nik: str | None = strawberry.field(description="The national identity number.")


@strawberry.type(description="One time somebody read who the reporter is.")
class ReporterRead:
    """A row of the access log."""

    at: datetime = strawberry.field(description="When.")
    reader: str = strawberry.field(description="Who, as the hub calls them: never a person's name.")
    client: str | None = strawberry.field(description="The client through which they read.")
    purpose: Purpose = strawberry.field(description="What for.")
    purpose_label: str | None = label_field("purpose", "What for")
    fields: list[str] = strawberry.field(description="Which fields of the reporter.")

    @classmethod
    def of(cls, row: RowMapping) -> Self:
        """From ``reads``."""
        purpose = Purpose(row["purpose"])
        return cls(at=row["at"], reader=row["reader"], client=row["client"], purpose=purpose, fields=row["fields"])


async def reporter_of(info: Info, ticket: str) -> Reporter | None:
    """Two statements a level and choice of fields: the read, and its rows in the log, in one transaction."""
    context = info.context
    if context.purpose is None:
        raise NoPurpose(PII, WORDS)
    wanted = tuple(sorted(set(_names(info.selected_fields))))
    return await _reporters(context, context.purpose, wanted).load(ticket)  # type: ignore[no-any-return]


def _names(selections: Iterable[Selection]) -> Iterator[str]:
    """The fields chosen of a field, also those in fragments."""
    for selection in selections:
        for chosen in selection.selections:
            yield from (chosen.name,) if isinstance(chosen, SelectedField) else _names([chosen])


def _reporters(context: Context, purpose: Purpose, wanted: tuple[str, ...]) -> Any:
    reading = Reading(context.viewer, purpose.value, context.request_id)

    async def load(tickets: list[str]) -> list[Reporter | None]:
        async with context.database.write(context.cause("read:reporter")) as db:
            found = await timeline.reporters_of(db, context.viewer, context.seal, tickets)
            if found:
                await reads.note(db, reading, found.keys(), wanted)
        return [Reporter(**found[ticket]) if ticket in found else None for ticket in tickets]

    return context.batch(("reporters", wanted), load)


async def reads_of(context: Context, ticket: str, before: datetime | None) -> list[ReporterRead] | None:
    """One statement a level; None for a complaint whose reads are not the viewer's to see."""
    rows = await context.found(("reads", before), partial(reads.of, before=before), ticket)
    return None if rows is None else [ReporterRead.of(row) for row in rows]
